"""The guests' images: bootable disks for the machines of a lab's hypervisors, built once and kept in the cache."""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from haicap.errors import HaicapError
from haicap.lab import cache, debian, disk, guest_recipe, initramfs, recipe, tiny

Progress = Callable[[str], None]
GuestName = Literal["debian", "tiny"]

NAMES: tuple[GuestName, ...] = get_args(GuestName)
# Where a lab's hypervisors see the images.
IMAGES = Path("/var/lib/haicap-lab/images")


@dataclass(frozen=True)
class GuestImage:
    """A bootable disk. `path` is this machine's; `source` is where a lab's hypervisor has it, as a URL."""

    path: Path
    sha256: str
    format: Literal["qcow2"]

    @property
    def source(self) -> str:
        return f"file://{IMAGES / self.path.name}"


def guest_image(name: GuestName) -> GuestImage:
    """The image that is built of this version of the recipe. HaicapError when there is none yet."""
    folder = guest_folder(name)
    if not folder.is_dir():
        raise HaicapError(f'the guest image "{name}" is not built: run `make setup`')
    return GuestImage(folder / f"{name}.qcow2", (folder / "sha256").read_text().strip(), "qcow2")


def guest_folder(name: GuestName) -> Path:
    """Where the image of this version of the recipe is, or will be once it is built: `<name>.qcow2` and `sha256`."""
    return cache.folder() / f"lab-guest-{name}-{_version(name)}"


def missing_guests() -> list[GuestName]:
    """The names of the images that are not built."""
    return [name for name in NAMES if not guest_folder(name).is_dir()]


def build_guests(progress: Progress | None = None) -> list[GuestImage]:
    """Build the images, except those that are there already, and return all. HaicapError when that fails."""
    report = progress or (lambda _line: None)
    for name in NAMES:
        cache.build_once(guest_folder(name), "lab-guest.lock", partial(_BUILDERS[name], report))
    return [guest_image(name) for name in NAMES]


def _build_debian(progress: Progress, folder: Path) -> None:
    work = folder / "work"
    root = work / "root"
    work.mkdir(parents=True)
    progress("debian: fetching Debian and installing the packages (a minute)")
    debian.bootstrap(root, guest_recipe.PACKAGES, guest_recipe.EXCLUDED)
    _furnish(root, work / "initramfs")
    progress("debian: making the disk (half a minute)")
    _finish(root, folder / "debian.qcow2", guest_recipe.ROOT_MIB)


def _build_tiny(progress: Progress, folder: Path) -> None:
    progress("tiny: fetching the packages and making the disk (10 s)")
    (folder / "work").mkdir(parents=True)
    _finish(tiny.make_tree(folder / "work"), folder / "tiny.qcow2", tiny.SIZE_MIB)


def _furnish(root: Path, work: Path) -> None:
    """Make a plain Debian a guest: its files, its units, and its kernel by the names that grub.cfg has."""
    debian.remove(root, guest_recipe.REMOVED)
    debian.write(root, guest_recipe.FILES)
    debian.switch(root, guest_recipe.DISABLED, guest_recipe.ENABLED, guest_recipe.MASKED)
    debian.mask_generators(root, guest_recipe.GENERATORS)
    (kernel,) = root.glob("boot/vmlinuz-*")
    (root / "boot/vmlinuz").symlink_to(kernel.name)
    initramfs.make(root, work, root / "boot/initrd.img")


def _finish(root: Path, image: Path, size_mib: int) -> None:
    """Make the disk and note its sum; of what it was made from, nothing stays."""
    disk.make_disk(root, image, size_mib)
    with image.open("rb") as file:
        (image.parent / "sha256").write_text(hashlib.file_digest(file, "sha256").hexdigest() + "\n")
    shutil.rmtree(image.parent / "work")


def _version(name: GuestName) -> str:
    parts = tiny.recipe() if name == "tiny" else (guest_recipe.PARTS, initramfs.recipe())
    return cache.version(recipe.SUITE, recipe.EXCLUDED, disk.RECIPE, parts)


_BUILDERS: dict[GuestName, Callable[[Progress, Path], None]] = {"debian": _build_debian, "tiny": _build_tiny}
