"""A guest's first root: busybox, the modules for its disk, and the script `init` beside this file.

It takes a tenth of the time that Debian's own takes without KVM, lets the disk's partition grow on the way, and copies
the seed to where cloud-init looks for it first.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from haicap.lab.command import run

MODULES = ("virtio_pci", "virtio_blk", "virtio_rng", "isofs")
_INIT = Path(__file__).parent / "init"


def recipe() -> tuple[object, ...]:
    """All that decides what is in it."""
    return (MODULES, _INIT.read_text())


def make(packages: Path, work: Path, file: Path) -> None:
    """Write the archive `file`, with the kernel's modules and the static busybox that are in the folder `packages`.

    `work` is a new folder that its tree is made in. HaicapError when a program fails.
    """
    install_busybox(packages, work)
    copy_modules(packages, work, MODULES)
    shutil.copy(_INIT, work / "init")
    (work / "init").chmod(0o755)
    pack = 'cd "$2" && find . | "$1" cpio -o -H newc >"$3"'
    run(["sh", "-c", pack, "sh", str(packages / "bin/busybox"), str(work), str(file)])


def install_busybox(packages: Path, tree: Path) -> None:
    """Put busybox in a new tree, with the names of all its programs and the folders that an init mounts on."""
    for folder in ("dev", "proc", "sys", "run", "tmp", "mnt", "root", "bin", "sbin", "usr/bin", "usr/sbin"):
        (tree / folder).mkdir(parents=True)
    busybox = packages / "bin/busybox"
    shutil.copy(busybox, tree / "bin/busybox")
    for name in run([str(busybox), "--list-full"]).split():
        link = tree / name
        if not link.exists():
            link.symlink_to("/bin/busybox")


def copy_modules(packages: Path, tree: Path, names: Iterable[str]) -> None:
    """Copy kernel modules with those that they need, and index them for modprobe."""
    (folder,) = packages.glob("lib/modules/*")
    depmod = [str(packages / "bin/busybox"), "depmod", "-b"]
    if not (folder / "modules.dep").exists():
        run([*depmod, str(packages), folder.name])
    needs = dict(line.split(":") for line in (folder / "modules.dep").read_text().splitlines())
    files = {Path(file).stem.replace("-", "_"): file for file in needs}
    for name in names:
        for file in (files[name], *needs[files[name]].split()):
            target = tree / "lib/modules" / folder.name / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / file, target)
    run([*depmod, str(tree), folder.name])
