"""Reading and durable writing, and the state folder.

manifest.json   path -> SHA-256 of what we wrote; unit -> how it was before us
original/       the files that we took over, as they were
journal.json    a swap that is under way; while it is there, the run is not finished
rollback/       the files as they were before that swap
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ansible.module_utils.haicap_host.command import Host, HostError

STAGE = ".haicap"  # a folder beside the target: same file system, the same file name, and the same AppArmor rules


@dataclass
class Manifest:
    """What is ours on this host. `units`: unit -> {"active": bool, "enabled": bool} before we touched it."""

    files: dict[str, str] = field(default_factory=dict)
    units: dict[str, dict[str, bool]] = field(default_factory=dict)


def read(path: Path) -> bytes | None:
    """A regular file's bytes, None if there is none. HostError for a link, a folder or a device."""
    try:
        kind = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(kind):
        what = "a symbolic link" if stat.S_ISLNK(kind) else "not a regular file"
        raise HostError(f"{path} is {what}: move it away, haicap writes regular files only")
    return path.read_bytes()


def write(path: Path, data: bytes, mode: int = 0o600, uid: int = -1, gid: int = -1) -> None:
    """Write a new file beside nobody's: created closed (0600), then owned, then opened up; on disk on return."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(path):
        os.unlink(path)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        os.fchown(file.fileno(), uid, gid)
        os.fchmod(file.fileno(), mode)
        file.flush()
        os.fsync(file.fileno())


def replace(staged: Path, target: Path) -> None:
    """Rename onto the target and make the rename durable."""
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(staged, target)
    sync_folder(target.parent)


def remove(path: Path) -> None:
    """Remove a file that may be gone already, durably."""
    if os.path.lexists(path):
        os.unlink(path)
        sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make a folder's entries durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def copy(source: Path, target: Path) -> None:
    """Copy a file with its owner, mode and times, durably."""
    target.parent.mkdir(parents=True, exist_ok=True)
    owner = source.stat()
    write(target, source.read_bytes(), stat.S_IMODE(owner.st_mode), owner.st_uid, owner.st_gid)
    shutil.copystat(source, target)


def restore(source: Path, target: Path) -> None:
    """Bring a kept copy back to its place by one rename."""
    staged = stage_path(target)
    copy(source, staged)
    replace(staged, target)
    shutil.rmtree(staged.parent, ignore_errors=True)


def stage_path(target: Path) -> Path:
    """Where a file is staged before it is renamed onto its target."""
    return target.parent / STAGE / target.name


def original(host: Host, path: str) -> Path:
    """Where the file that was there before us is kept."""
    return host.state / "original" / path.lstrip("/")


def backup(host: Host, path: str) -> Path:
    """Where a file is kept while a swap is under way."""
    return host.state / "rollback" / path.lstrip("/")


def load_manifest(host: Host) -> Manifest:
    """The manifest; an empty one on a host that is new to us. HostError if it is damaged."""
    return Manifest(**(load_json(host.state / "manifest.json") or {}))


def save_manifest(host: Host, manifest: Manifest) -> None:
    """Write the manifest, atomically and durably."""
    save_json(host.state / "manifest.json", asdict(manifest))


def forget(host: Host) -> None:
    """Remove the manifest and the originals, and the state folder if nothing else is in it."""
    remove(host.state / "manifest.json")
    shutil.rmtree(host.state / "original", ignore_errors=True)
    with suppress(OSError):
        host.state.rmdir()


def load_json(path: Path) -> dict[str, Any] | None:
    """An object out of the state folder, None if there is none."""
    data = read(path)
    if data is None:
        return None
    try:
        return dict(json.loads(data))
    except ValueError as error:
        raise HostError(f"{path} is damaged ({error}): restore it, or move it away and adopt the files anew") from error


def save_json(path: Path, value: dict[str, Any]) -> None:
    """Write an object into the state folder, atomically and durably."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_name(path.name + ".new")
    write(new, (json.dumps(value, indent=1) + "\n").encode())
    replace(new, path)
