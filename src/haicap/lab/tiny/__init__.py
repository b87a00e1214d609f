"""The guest "tiny": Debian's cloud kernel, busybox and dropbear, and the scripts in `root` beside this file."""

import re
import shutil
from pathlib import Path

from haicap.lab import debian, initramfs
from haicap.lab.command import run

_ROOT = Path(__file__).parent / "root"

PACKAGES = ("linux-image-cloud-amd64", "busybox-static", "dropbear-bin", "e2fsprogs")
PROGRAMS = ("usr/sbin/dropbear", "usr/bin/dropbearkey", "sbin/mke2fs", "sbin/resize2fs")
MODULES = ("virtio_net", "virtio_balloon", "button", "evdev")
FOLDERS = ("etc/dropbear", "root/.ssh", "var/log")
SIZE_MIB = 48


def recipe() -> tuple[object, ...]:
    """All that decides what is on its disk."""
    return (PACKAGES, PROGRAMS, MODULES, FOLDERS, SIZE_MIB, _scripts(), initramfs.recipe())


def make_tree(work: Path) -> Path:
    """Fetch the packages and make the folder that the guest's disk is made from, both in the folder `work`."""
    packages, root = work / "packages", work / "root"
    debian.extract(packages, PACKAGES)
    initramfs.install_busybox(packages, root)
    initramfs.copy_modules(packages, root, MODULES)
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True)
    (root / "root/.ssh").chmod(0o700)
    _copy_programs(packages, root)
    _copy(packages, "etc/mke2fs.conf", root)
    debian.write(root, _scripts())
    (kernel,) = packages.glob("boot/vmlinuz-*")
    shutil.copy(kernel, root / "boot/vmlinuz")
    initramfs.make(packages, work / "initramfs", root / "boot/initrd.img")
    return root


def _scripts() -> dict[str, str]:
    """The text of each file that is written here, by its path on the guest's disk."""
    return {str(file.relative_to(_ROOT)): file.read_text() for file in sorted(_ROOT.rglob("*")) if file.is_file()}


def _copy_programs(packages: Path, root: Path) -> None:
    """Copy the programs and the libraries that they load."""
    for name in PROGRAMS:
        _copy(packages, name, root)
        told = run(["chroot", str(packages), "/lib64/ld-linux-x86-64.so.2", "--list", f"/{name}"])
        for library in re.findall(r"(/\S+) \(0x", told):
            _copy(packages, library.lstrip("/"), root)


def _copy(packages: Path, name: str, root: Path) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).unlink(missing_ok=True)  # busybox has some of these names
    shutil.copy(packages / name, root / name)
