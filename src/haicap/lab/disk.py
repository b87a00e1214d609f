"""A folder made into a bootable disk, without a mount or a loop device: one ext4 partition, and grub before it."""

from pathlib import Path

from haicap.lab.command import run

_GRUB = Path("/usr/lib/grub/i386-pc")
_SECTOR = 512
_PARTITION = 2048  # the first sector of the partition; grub has those between the first and this
_BOOT_CODE = 440  # bytes of the first sector, before the partition table
# linux16: the command linux moves all of the kernel's memory by single bytes, which takes seconds without KVM.
_MODULES = ("biosdisk", "part_msdos", "ext2", "linux16", "normal", "minicmd")
_FILESYSTEM = ("-q", "-b", "4096", "-t", "ext4", "-L", "root", "-m", "1", "-J", "size=16")
_IMAGE = ("-c", "-O", "qcow2", "-o", "compression_type=zstd")  # read in half of zlib's time

RECIPE = (_PARTITION, _MODULES, _FILESYSTEM, _IMAGE)


def make_disk(root: Path, disk: Path, size_mib: int) -> None:
    """Write the qcow2 image `disk` of `size_mib` MiB: a file system labelled "root" with what is in the folder `root`.

    It boots by BIOS what boot/grub/grub.cfg in it says. HaicapError when a program fails.
    """
    raw, core = disk.with_suffix(".raw"), disk.with_suffix(".core")
    place = ["-E", f"offset={_PARTITION * _SECTOR}"]
    run(["truncate", f"--size={size_mib}M", str(raw)])
    run(["mke2fs", *_FILESYSTEM, *place, "-d", str(root), str(raw), f"{size_mib - 1}M"])
    run(["sfdisk", "--quiet", str(raw)], stdin=f"{_PARTITION},,L,*\n")
    _install_grub(raw, core)
    run(["qemu-img", "convert", *_IMAGE, str(raw), str(disk)])
    raw.unlink()
    core.unlink()


def _install_grub(raw: Path, core: Path) -> None:
    """Write grub's two stages: boot.img loads what begins in the second sector."""
    prefix = "--prefix=(hd0,msdos1)/boot/grub"
    run(["grub-mkimage", "--format=i386-pc", f"--output={core}", prefix, *_MODULES])
    with raw.open("r+b") as file:
        file.write((_GRUB / "boot.img").read_bytes()[:_BOOT_CODE])
        file.seek(_SECTOR)
        file.write(core.read_bytes())
