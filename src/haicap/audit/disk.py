"""Bytes that are there after a power cut, and room that is kept for what must still be written."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from haicap.errors import HaicapError
from haicap.files import sync_folder


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold a folder's lock; others wait. It ends with its process."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def still(path: Path) -> Iterator[None]:
    """Read while nobody writes: a line and what belongs to it are there both, or neither. No lock file, no writer."""
    if not path.exists():
        yield
        return
    with path.open("r") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def append_all(writes: Sequence[tuple[Path, bytes]]) -> None:
    """Append to each file in turn, each on the disk before the next. HaicapError where one fails: all are as they were.

    After a crash there may be only the first of them, and of the last one a part.
    """
    had = {path: path.stat().st_size if path.exists() else None for path, _ in writes}
    try:
        for path, content in writes:
            _append(path, content, new=had[path] is None)
    except OSError as error:
        for path, size in had.items():
            with suppress(OSError):
                path.unlink(missing_ok=True) if size is None else os.truncate(path, size)
        raise HaicapError(f"{path}: {error.strerror}. Nothing is done that can't be logged.") from error


def _append(path: Path, content: bytes, *, new: bool) -> None:
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(file, left) :]
        os.fsync(file)
    finally:
        os.close(file)
    if new:
        sync_folder(path.parent)


@contextmanager
def reserved(path: Path, size: int) -> Iterator[None]:
    """Keep so many bytes of the file system from others until the block ends. HaicapError when there are not so many.

    The file must be nobody else's while the block lasts; one that a killed process left is taken over.
    """
    try:
        with path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise HaicapError(
            f"{path.parent}: {error.strerror}: the log needs {size / 1_048_576:.1f} MiB before this may begin. "
            "Nothing was begun. Make room there, then run this again."
        ) from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
