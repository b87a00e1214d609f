"""What a machine needs to hold a lab, and the limits that many hosts on one kernel run into."""

import os
import shutil
from pathlib import Path

from haicap.errors import HaicapError
from haicap.lab import cgroups, guest
from haicap.lab.command import PATH
from haicap.lab.image import image_path

_PROGRAMS = {
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "nft": "nftables",
    "sysctl": "procps",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "setsid": "util-linux",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
}

_BUILDERS = {"mmdebstrap": "mmdebstrap"}
_GUEST_BUILDERS = {
    **_BUILDERS,
    "mke2fs": "e2fsprogs",
    "sfdisk": "fdisk",
    "grub-mkimage": "grub-common",
    "qemu-img": "qemu-utils",
}
_GRUB = Path("/usr/lib/grub/i386-pc/boot.img")
_DEBIAN_KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

# Counted for the whole machine, not for each namespace. Raised, never lowered, and left so: they are only limits.
_LIMITS = {
    "fs/inotify/max_user_instances": 8192,
    "fs/inotify/max_user_watches": 262144,
    "net/ipv4/neigh/default/gc_thresh1": 4096,
    "net/ipv4/neigh/default/gc_thresh2": 8192,
    "net/ipv4/neigh/default/gc_thresh3": 16384,
    "net/ipv6/neigh/default/gc_thresh1": 4096,
    "net/ipv6/neigh/default/gc_thresh2": 8192,
    "net/ipv6/neigh/default/gc_thresh3": 16384,
}


def missing(guests: bool = True) -> list[str]:
    """What this machine lacks to run a lab, one line each with the way out; empty when nothing.

    Without `guests`, what only a lab with hypervisors needs is left out.
    """
    lacks = [] if os.geteuid() == 0 else ["not root: run it as root"]
    lacks += _absent(_PROGRAMS)
    if "\toverlay\n" not in Path("/proc/filesystems").read_text():
        lacks.append("the kernel has no overlayfs: load it with `modprobe overlay`")
    if not Path("/dev/net/tun").exists():
        lacks.append("/dev/net/tun is missing: load it with `modprobe tun`")
    if not cgroups.ROOT.is_dir():
        lacks.append("/sys/fs/cgroup is not mounted: mount -t cgroup2 cgroup2 /sys/fs/cgroup")
    if not image_path().is_dir():
        lacks += [*_missing_to_build(_BUILDERS), "the base image is not built: run `make setup`"]
    if guests and (names := guest.missing_guests()):
        lacks += [line for line in _missing_to_build(_GUEST_BUILDERS) if line not in lacks]
        if not _GRUB.exists():
            lacks.append("grub for BIOS is missing: apt-get install grub-pc-bin")
        lacks.append(f"the guests' images are not built ({', '.join(names)}): run `make setup`")
    return lacks


def _absent(programs: dict[str, str]) -> list[str]:
    return [
        f"{program} is missing: apt-get install {package}"
        for program, package in programs.items()
        if shutil.which(program, path=PATH) is None
    ]


def _missing_to_build(programs: dict[str, str]) -> list[str]:
    lacks = _absent(programs)
    if not _DEBIAN_KEYS.exists():
        lacks.append("Debian's archive keys are missing: apt-get install debian-archive-keyring")
    return lacks


def require(guests: bool = False) -> None:
    """Raise HaicapError with all that `missing` finds; `guests`: for a lab with hypervisors."""
    if lacks := missing(guests):
        raise HaicapError("\n".join(["this machine cannot run a lab", *(f"  {line}" for line in lacks)]))


def prepare() -> None:
    """Make room for many hosts on this machine. Repeating it changes nothing."""
    cgroups.prepare()
    for name, least in _LIMITS.items():
        file = Path("/proc/sys") / name
        if file.exists() and int(file.read_text()) < least:
            file.write_text(str(least))
