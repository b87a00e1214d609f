"""Images: fetched once, held against their sum while they come, and looked at before a machine stands on them."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from haicap.machines.onhost.commands import MIB, image_info
from haicap.machines.onhost.locks import locked
from haicap.machines.onhost.names import POOL, image_path

_CHUNK = 2**20
_SECONDS = 60  # without a byte
_SCHEMES = ("file://", "http://", "https://")


def ensure_image(image: Mapping[str, Any], pool: Path = POOL) -> Path:
    """The image in the pool, fetched if it is not there. OSError and ValueError when it can't be had, or is not it."""
    path = image_path(image["sha256"], image["format"], pool)
    with locked(path.name):
        if not _is_known(path):
            if path.exists() and _sum_of(path) == image["sha256"]:
                _record(path)
            else:
                _fetch(image, path)
    return path


def _is_known(path: Path) -> bool:
    """Whether the file is the one that was verified. To read a gigabyte at every write costs seconds a machine, and
    whoever changes a file changes its size or its time."""
    try:
        return bool(json.loads(_record_path(path).read_text()) == _state(path))
    except (OSError, ValueError):
        return False


def _record(path: Path) -> None:
    _record_path(path).write_text(json.dumps(_state(path)))


def _record_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.verified")


def _state(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]


def _fetch(image: Mapping[str, Any], path: Path) -> None:
    part = path.with_name(f"{path.name}.part")
    try:
        found = _stream(image["source"], part)
        if found != image["sha256"]:
            raise ValueError(
                f"the image {image['source']} is not what was reviewed: its sha256 is {found}, "
                f"the inventory says {image['sha256']}. Find out why before you change the inventory"
            )
        _check(image, part)
        part.chmod(0o644)
        part.replace(path)
        _sync(path.parent)
        _record(path)
    finally:
        part.unlink(missing_ok=True)


def _stream(source: str, part: Path) -> str:
    """Write what comes from `source` to `part`; its SHA-256. OSError says how much space is missing."""
    digest, written, size = hashlib.sha256(), 0, 0
    part.unlink(missing_ok=True)
    try:
        with _opened(source) as (body, size), part.open("wb") as file:
            _check_space(part.parent, size, source)
            while chunk := body.read(_CHUNK):
                file.write(chunk)
                digest.update(chunk)
                written += len(chunk)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise _told(error, source) from error
        part.unlink(missing_ok=True)
        raise _no_space(part.parent, max(size, written), source) from error
    if size and written < size:
        raise OSError(f"{source} ended after {written} of {size} bytes; try again")
    return digest.hexdigest()


def _told(error: OSError, source: str) -> OSError:
    """A line that broke names what came over it; what is said by us is said already."""
    broke = error.errno is not None or isinstance(error, TimeoutError)
    return OSError(f"the image {source} stopped coming: {error}; try again") if broke else error


@contextmanager
def _opened(source: str) -> Iterator[tuple[IO[bytes], int]]:
    """A source's bytes, and how many there will be (0: it does not say)."""
    if not source.startswith(_SCHEMES):
        raise ValueError(f"{source} is neither file:///... nor http(s)://...")
    try:
        answer = urllib.request.urlopen(source, timeout=_SECONDS)  # noqa: S310 - its scheme was looked at
    except urllib.error.URLError as error:
        reason = f"{error.code} {error.reason}" if isinstance(error, urllib.error.HTTPError) else error.reason
        raise OSError(f"the image {source} cannot be fetched: {reason}") from error
    with answer:
        yield answer, int(answer.headers.get("Content-Length") or 0)


def _check_space(folder: Path, needed: int, what: str) -> None:
    if needed > shutil.disk_usage(folder).free:
        raise _no_space(folder, needed, what)


def _no_space(folder: Path, needed: int, what: str) -> OSError:
    free = shutil.disk_usage(folder).free
    return OSError(
        f"no space for {what}: it needs {-(-needed // MIB)} MiB, and {free // MIB} MiB are free in {folder}. "
        "Make room there, then apply again"
    )


def _check(image: Mapping[str, Any], path: Path) -> None:
    """ValueError for an image of another format, or one that shows what is in other files of the hypervisor."""
    found = image_info(path)
    if found["format"] != image["format"]:
        raise ValueError(f"the image {image['source']} is {found['format']}, the inventory says {image['format']}")
    outside = found.get("backing-filename") or found.get("format-specific", {}).get("data", {}).get("data-file")
    if outside:
        raise ValueError(f"the image {image['source']} is based on another file ({outside}); it must be whole")


def _sum_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(folder: Path) -> None:
    """A rename is on the disk only when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
