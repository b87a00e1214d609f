"""Names on a hypervisor: the files of its pool, and whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

POOL = Path("/var/lib/haicap/machines")
CONSOLES = Path("/var/log/libvirt/qemu")
_MACHINE = re.compile(r"[a-z]([a-z0-9-]{0,58}[a-z0-9])?")
_DISK = re.compile(r"[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?")  # 20 characters: a virtio disk's serial holds no more
_TAKEN = ("root", "seed")


@dataclass(frozen=True)
class Names:
    """The files of one machine. `former_...` are those that a change set aside until the machine answers again."""

    machine: str
    pool: Path = POOL

    @property
    def root(self) -> Path:
        """What the machine boots from: an overlay on an image."""
        return self.pool / f"{self.machine}-root.qcow2"

    @property
    def former_root(self) -> Path:
        """The root disk that a new one took the place of."""
        return self.pool / f"{self.machine}-root.before"

    @property
    def seed(self) -> Path:
        """What cloud-init reads at the first boot (NoCloud)."""
        return self.pool / f"{self.machine}-seed.iso"

    @property
    def former_seed(self) -> Path:
        """The seed that a new one took the place of."""
        return self.pool / f"{self.machine}-seed.before"

    @property
    def console(self) -> Path:
        """What the machine said on its serial line."""
        return CONSOLES / f"{self.machine}-console.log"

    def disk(self, name: str) -> Path:
        """A data disk."""
        return self.pool / f"{self.machine}-{name}.qcow2"


def image_path(sha256: str, file_format: str, pool: Path = POOL) -> Path:
    """An image, by its content."""
    return pool / f"image-{sha256[:16]}.{file_format}"


def check_names(machine: str, disks: Iterable[str]) -> None:
    """ValueError when these names can't be files of the pool beside all others."""
    if not _MACHINE.fullmatch(machine) or machine == "image":
        raise ValueError(f'"{machine}" is no name for a machine: a-z first, then a-z, 0-9 and inner hyphens, up to 60')
    for disk in disks:
        if not _DISK.fullmatch(disk) or disk in _TAKEN:
            raise ValueError(f'{machine}: "{disk}" is no name for a data disk: a-z, 0-9 and inner hyphens, up to 20')


def data_disks(names: Iterable[str]) -> list[str]:
    """Those of a pool's file names that are data disks."""
    return sorted(
        name
        for name in names
        if name.endswith(".qcow2") and not name.startswith("image-") and not name.endswith("-root.qcow2")
    )


def owner_of(disk: str, machines: Iterable[str]) -> str:
    """The machine that a data disk's file is named after: the longest of `machines` that fits, or all before its
    last hyphen."""
    fitting = [machine for machine in machines if disk.startswith(f"{machine}-")]
    return max(fitting, key=len, default=disk.removesuffix(".qcow2").rpartition("-")[0])
