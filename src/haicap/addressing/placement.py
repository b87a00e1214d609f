"""Where machines stand: each on one hypervisor that has room for it, machines of one platform apart. Pure.

A machine takes virtual processors, memory and disk of its hypervisor: as much as its profile has now, not as it may
grow to. Machines of one platform never share a hypervisor while another has room, nor a failure domain while another
has. Among the places that are as good, the one that is then least full is taken, so that load spreads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from haicap.inventory.capacity import Size, capacity_of, nearest
from haicap.inventory.model import Hypervisor


class Machine(NamedTuple):
    """A machine to be placed."""

    name: str
    platform: str
    size: Size


class Floor:
    """The hypervisors of a province with the machines on them. A name that is no hypervisor's can hold machines, too:
    one that was taken out of the inventory, and has no capacity."""

    def __init__(self, hypervisors: Iterable[Hypervisor], standing: Iterable[tuple[Machine, str]]) -> None:
        self.hypervisors = {one.name: one for one in sorted(hypervisors, key=lambda one: one.name)}
        self.machines: dict[str, Machine] = {}
        self.where: dict[str, str] = {}
        self._capacity = {name: capacity_of(one) for name, one in self.hypervisors.items()}
        self._left = dict(self._capacity)
        self._on: dict[tuple[str, str], int] = defaultdict(int)  # machines by platform and hypervisor
        self._within: dict[tuple[str, str], int] = defaultdict(int)  # by platform and failure domain
        for machine, hypervisor in standing:
            self.put(machine, hypervisor)

    def put(self, machine: Machine, hypervisor: str) -> None:
        """Let a machine stand on a hypervisor, whether or not there is room."""
        self.machines[machine.name] = machine
        self.where[machine.name] = hypervisor
        self._count(machine, hypervisor, 1)

    def take(self, name: str) -> Machine:
        """Take a machine off its hypervisor."""
        machine = self.machines.pop(name)
        self._count(machine, self.where.pop(name), -1)
        return machine

    def left(self, hypervisor: str) -> Size:
        """What a hypervisor has left; below zero where it has too little. Nothing for one that is gone."""
        return self._left.get(hypervisor, Size(0, 0, 0))

    def siblings(self, platform: str, hypervisor: str) -> tuple[int, int]:
        """How many machines of a platform are on a hypervisor, and how many in its failure domain."""
        one = self.hypervisors.get(hypervisor)
        return self._on[platform, hypervisor], self._within[platform, one.failure_domain] if one else 0

    def rooms(self, machine: Machine, without: Collection[str] = ()) -> Iterator[str]:
        """The hypervisors that have room for a machine."""
        for name, left in self._left.items():
            if name not in without and left.minus(machine.size).fits:
                yield name

    def best(self, machine: Machine, without: Collection[str] = ()) -> str | None:
        """Where a machine stands best; None if nothing has room."""
        return min(self.rooms(machine, without), key=lambda name: self._rank(machine, name), default=None)

    def nearest(self, machine: Machine, without: Collection[str] = ()) -> tuple[str, Size] | None:
        """The hypervisor that lacks the least for a machine, and how much; None if there is none."""
        names = [name for name in self._left if name not in without]
        left = {name: (self._left[name], self._capacity[name]) for name in names}
        return nearest(machine.size, left)

    def _count(self, machine: Machine, hypervisor: str, by: int) -> None:
        self._on[machine.platform, hypervisor] += by
        if hypervisor in self.hypervisors:
            self._within[machine.platform, self.hypervisors[hypervisor].failure_domain] += by
            left = self._left[hypervisor]
            self._left[hypervisor] = left.minus(machine.size) if by > 0 else left.plus(machine.size)

    def _rank(self, machine: Machine, name: str) -> tuple[int, int, float, str]:
        """The lower the better: siblings on it, siblings in its failure domain, how full it would be, its name."""
        on, within = self.siblings(machine.platform, name)
        left, whole = self._left[name].minus(machine.size), self._capacity[name]
        fullest = max(1 - rest / part for rest, part in zip(left, whole, strict=True))
        return on, within, fullest, name


def place(floor: Floor, newcomers: Iterable[Machine], before: Mapping[str, str]) -> list[Machine]:
    """Give each newcomer its best place, the largest first; those that nothing has room for are returned, by name.

    `before` is where a machine was that comes back: it goes there again, if no other place keeps its platform further
    apart. The order of `newcomers` does not matter.
    """
    homeless = []
    for machine in sorted(newcomers, key=lambda one: (tuple(-part for part in one.size), one.name)):
        spot = floor.best(machine)
        if spot is None:
            homeless.append(machine)
            continue
        old = before.get(machine.name, spot)
        apart = floor.siblings(machine.platform, old) == floor.siblings(machine.platform, spot)
        floor.put(machine, old if apart and old in floor.rooms(machine) else spot)
    return sorted(homeless)
