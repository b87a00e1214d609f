"""A machine's disks: the root on its image, data disks that are never written over, the seed for cloud-init."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from haicap.machines.onhost.commands import GIB, image_info, in_gib, run

SNAPSHOT = "haicap-before"


def size_of(path: Path) -> int | None:
    """The bytes that a guest sees of a disk; None when it is not there."""
    return int(image_info(path)["virtual-size"]) if path.exists() else None


def gib_of(path: Path) -> int | float | None:
    """The same in GiB."""
    size = size_of(path)
    return None if size is None else in_gib(size)


def refuse_shrinking(path: Path, gib: int, what: str) -> None:
    """ValueError when a disk is larger than what is wanted of it: what is in the rest would be gone."""
    size = size_of(path)
    if size is not None and size > gib * GIB:
        raise ValueError(
            f"{what} has {in_gib(size)} GiB, and {gib} GiB are wanted: a disk never shrinks. "
            f"Write {-(-size // GIB)} in the inventory, or give the machine a new disk by another name"
        )


def refuse_small_root(image: Path, gib: int) -> None:
    """ValueError when an image does not fit on the root disk."""
    size = size_of(image) or 0
    if size > gib * GIB:
        raise ValueError(f"the image {image.name} has {in_gib(size)} GiB; a root disk of {gib} GiB can't hold it")


def make_root(path: Path, image: Path, image_format: str, gib: int) -> None:
    """A new root disk on an image, unless one is there."""
    if not path.exists():
        _create(path, gib, "-b", image.name, "-F", image_format)


def make_data_disk(path: Path, gib: int) -> None:
    """A new, empty data disk, unless one is there."""
    if not path.exists():
        _create(path, gib)


def grow(path: Path, gib: int) -> None:
    """Make the disk of a machine that is off larger, if it is smaller."""
    if (size_of(path) or 0) < gib * GIB:
        run("qemu-img", "resize", "-q", "-f", "qcow2", path, f"{gib}G")


def _create(path: Path, gib: int, *base: str) -> None:
    """It has its name only when it is whole. The base is named without its folder, so both can be moved together."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    run("qemu-img", "create", "-q", "-f", "qcow2", *base, part, f"{gib}G")
    part.chmod(0o600)
    part.replace(path)


def make_seed(path: Path, files: Mapping[str, str]) -> None:
    """The disk that cloud-init reads: its files by name, labelled CIDATA (NoCloud)."""
    part = path.with_name(f"{path.name}.part")
    with tempfile.TemporaryDirectory(prefix="haicap-seed-") as folder:
        for name, text in files.items():
            file = Path(folder) / Path(name).name
            file.write_text(text, encoding="utf-8")
            os.utime(file, (0, 0))
        words = ("-volid", "CIDATA", "-joliet", "-rock", "-quiet", folder)
        run("xorriso", "-as", "genisoimage", "-output", part, *words)
    part.chmod(0o600)
    part.replace(path)


def has_snapshot(path: Path) -> bool:
    """Whether a root disk holds what it was before a change."""
    return any(one["name"] == SNAPSHOT for one in image_info(path).get("snapshots", ())) if path.exists() else False


def drop_snapshots(path: Path) -> None:
    """Forget what the root disk of a machine that is off was before; also what a killed run left."""
    while has_snapshot(path):
        run("qemu-img", "snapshot", "-d", SNAPSHOT, path)


def take_snapshot(path: Path) -> None:
    """Keep what the root disk of a machine that is off is now, inside its file."""
    run("qemu-img", "snapshot", "-c", SNAPSHOT, path)


def go_back(path: Path) -> None:
    """Make the root disk of a machine that is off what it was before the change."""
    if has_snapshot(path):
        run("qemu-img", "snapshot", "-a", SNAPSHOT, path)


def set_aside(path: Path, former: Path) -> None:
    """Rename a file, unless what it was before is kept already: then it goes."""
    if former.exists():
        path.unlink(missing_ok=True)
    elif path.exists():
        path.replace(former)


def put_back(path: Path, former: Path) -> None:
    """Undo `set_aside`."""
    if former.exists():
        former.replace(path)


def free_bytes(folder: Path) -> int:
    """What the pool has left."""
    return shutil.disk_usage(folder).free
