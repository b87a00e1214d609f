"""How much of a hypervisor a machine takes, and how much there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from haicap.inventory.model import Hypervisor, Profile


class Size(NamedTuple):
    """Processors, MiB of memory, GiB of disk: what a machine takes, what a hypervisor has, or has left."""

    vcpus: int
    memory_mib: int
    disk_gib: int

    def plus(self, other: Size) -> Size:
        return Size(self.vcpus + other.vcpus, self.memory_mib + other.memory_mib, self.disk_gib + other.disk_gib)

    def minus(self, other: Size) -> Size:
        return Size(self.vcpus - other.vcpus, self.memory_mib - other.memory_mib, self.disk_gib - other.disk_gib)

    @property
    def fits(self) -> bool:
        """As what is left: nothing is short."""
        return self.vcpus >= 0 and self.memory_mib >= 0 and self.disk_gib >= 0

    @property
    def lack(self) -> Size:
        """As what is left: how much is short."""
        return Size(max(0, -self.vcpus), max(0, -self.memory_mib), max(0, -self.disk_gib))

    @property
    def words(self) -> str:
        """`2 vCPUs, 512 MiB of memory and 20 GiB of disk`, without what is nothing."""
        units = ("vCPU" if self.vcpus == 1 else "vCPUs", "MiB of memory", "GiB of disk")
        return listed([f"{part} {unit}" for part, unit in zip(self, units, strict=True) if part])


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def size_of(profile: Profile, root_gib: int, disks: Mapping[str, int]) -> Size:
    """What a machine of a profile takes, with its disks in GiB: what it has now, not what it may grow to."""
    return Size(profile.vcpus, profile.memory_mib, root_gib + sum(disks.values()))


def capacity_of(hypervisor: Hypervisor) -> Size:
    """How much of a hypervisor machines may have."""
    return Size(hypervisor.vcpus, hypervisor.memory_mib, hypervisor.disk_gib)


def nearest(wanted: Size, left: Mapping[str, tuple[Size, Size]]) -> tuple[str, Size] | None:
    """The hypervisor that lacks the least for a machine, and how much; `left` is what each has left, and has in all."""
    lacking = {name: (rest.minus(wanted).lack, whole) for name, (rest, whole) in left.items()}
    if not lacking:
        return None
    name = min(lacking, key=lambda name: (_share(*lacking[name]), name))
    return name, lacking[name][0]


def _share(part: Size, whole: Size) -> float:
    return sum(one / all_of_it for one, all_of_it in zip(part, whole, strict=True))
