"""Which machines shall move: off hypervisors that are to be empty or are gone, apart from others of their platform, and
off hypervisors that have too little. Pure.

Moves are few: none is proposed that could be left out, and who need not move stays. What was moved as proposed needs no
further move. In this order: emptying, keeping platforms apart, relieving.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from haicap.addressing.draft import Draft, machine_subject
from haicap.addressing.machines import no_room, stand
from haicap.addressing.model import Placed
from haicap.addressing.placement import Floor, Machine
from haicap.errors import Finding
from haicap.inventory.capacity import Size
from haicap.inventory.model import Inventory


@dataclass(frozen=True)
class Move:
    """A machine that goes to another hypervisor. It is off while its disks, `disk_gib` in all, are copied."""

    machine: str
    platform: str
    source: str
    target: str
    reason: str
    disk_gib: int


@dataclass(frozen=True)
class Rebalanced:
    """Moves, by machine, and the machines' lock with them. With findings something could not be brought about."""

    moves: tuple[Move, ...]
    machines: Mapping[str, Placed]
    findings: tuple[Finding, ...] = ()


@dataclass
class _Case:
    """One run: the floor as it becomes, the hypervisors on which nothing may stand (to be emptied, or gone), where each
    machine was, and why the moved ones move."""

    floor: Floor
    closed: frozenset[str]
    home: dict[str, str]
    reasons: dict[str, str] = field(default_factory=dict)

    def on(self, hypervisor: str) -> list[Machine]:
        """The machines on a hypervisor, the largest first."""
        names = [name for name, where in self.floor.where.items() if where == hypervisor]
        return sorted((self.floor.machines[name] for name in names), key=_largest_first)

    def best(self, machine: Machine, *avoid: str) -> str | None:
        """Where a machine would stand best, were it not where it is; None if nothing has room."""
        here = self.floor.where[machine.name]
        self.floor.take(machine.name)
        found = self.floor.best(machine, {*self.closed, *avoid})
        self.floor.put(machine, here)
        return found

    def move(self, machine: Machine, target: str, reason: str) -> None:
        """Put a machine elsewhere; one that is where it was does not move."""
        self.floor.take(machine.name)
        self.floor.put(machine, target)
        self.reasons.setdefault(machine.name, reason)
        if target == self.home[machine.name]:
            del self.reasons[machine.name]


def plan_moves(inventory: Inventory, locked: Mapping[str, Placed], without: Collection[str] = ()) -> Rebalanced:
    """The moves that a province needs, with the hypervisors `without` left empty.

    Apart from where machines are, the locks agree with the inventory.
    """
    floor = stand(inventory, locked)
    closed = {*without, *(set(floor.where.values()) - floor.hypervisors.keys())}
    case = _Case(floor, frozenset(closed), dict(floor.where))
    steps = (_empty, _part, _relieve)
    while any([step(case) for step in steps]) or _take_back(case):
        pass
    moves = [_told(case, name) for name in sorted(case.reasons, key=_by_number)]
    targets = {move.machine: move.target for move in moves}
    machines = {
        name: replace(placed, hypervisor=targets[name]) if name in targets else placed
        for name, placed in locked.items()
    }
    return Rebalanced(tuple(moves), machines, tuple(_findings(inventory, case)))


def _empty(case: _Case) -> bool:
    """Take machines off closed hypervisors; for one without room elsewhere, another may have to make it."""
    moved = False
    for hypervisor in sorted(case.closed):
        gone = hypervisor not in case.floor.hypervisors
        reason = f"{hypervisor} {'is not in the inventory' if gone else 'shall be empty'}"
        for machine in case.on(hypervisor):
            if case.best(machine) is None:
                _make_room(case, machine)
            target = case.best(machine)
            if target is not None:
                case.move(machine, target, reason)
                moved = True
    return moved


def _make_room(case: _Case, wanting: Machine) -> None:
    """Move one machine elsewhere, if there is then room for another; of several, the one with the least disk."""
    ways = []
    for hypervisor in case.floor.hypervisors.keys() - case.closed:
        missing = case.floor.left(hypervisor).minus(wanting.size)
        for machine in case.on(hypervisor):
            if missing.plus(machine.size).fits:
                target = case.best(machine, hypervisor)
                ways += [(machine.size.disk_gib, machine, target)] if target else []
    if ways:
        _, machine, target = min(ways)
        case.move(machine, target, f"makes room for {wanting.name}")


def _part(case: _Case) -> bool:
    """Bring machines of one platform apart: off one hypervisor first, then out of one failure domain."""
    moved = False
    for machine in sorted(case.floor.machines.values(), key=lambda one: _newest_first(case, one)):
        here = case.floor.where[machine.name]
        if here in case.closed or case.floor.siblings(machine.platform, here)[1] < 2:
            continue
        target = case.best(machine, here)
        if target is not None and _shared(case, machine, target) < _shared(case, machine, here):
            case.move(machine, target, _together(case, machine, here))
            moved = True
    return moved


def _shared(case: _Case, machine: Machine, hypervisor: str) -> tuple[bool, bool]:
    """Whether a machine shares, or would share, a hypervisor and a failure domain with another of its platform."""
    here = case.floor.where[machine.name]
    case.floor.take(machine.name)
    on, within = case.floor.siblings(machine.platform, hypervisor)
    case.floor.put(machine, here)
    return on > 0, within > 0


def _together(case: _Case, machine: Machine, here: str) -> str:
    domains = {name: one.failure_domain for name, one in case.floor.hypervisors.items()}
    others = {
        name: case.floor.where[name]
        for name, one in sorted(case.floor.machines.items())
        if one.platform == machine.platform and name != machine.name
    }
    beside = next((name for name, where in others.items() if where == here), None)
    if beside is not None:
        return f"{beside} is on {here}, too"
    near = next(name for name, where in others.items() if domains.get(where) == domains[here])
    return f"{near} is in {domains[here]}, too"


def _relieve(case: _Case) -> bool:
    """Bring hypervisors below what they have, each wholly or not at all: half of the way would help nobody."""
    moved = False
    for hypervisor in sorted(case.floor.hypervisors.keys() - case.closed):
        if not case.floor.left(hypervisor).fits:
            moved |= _relieve_one(case, hypervisor)
    return moved


def _relieve_one(case: _Case, hypervisor: str) -> bool:
    floor = case.floor
    lack = floor.left(hypervisor).lack
    done: list[Machine] = []
    while not floor.left(hypervisor).fits:
        short = floor.left(hypervisor).lack
        by_help = sorted((_most_help(one, short), one) for one in case.on(hypervisor))
        machine = next((one for _, one in by_help if case.best(one, hypervisor)), None)
        if machine is None:
            for moved in done:
                case.move(moved, hypervisor, "")
            return False
        done.append(machine)
        case.move(machine, str(case.best(machine, hypervisor)), f"{hypervisor} is {lack.words} short")
    return True


def _most_help(machine: Machine, lack: Size) -> tuple[float, int, str]:
    """The lower, the more of what is short comes back, then the less there is to copy."""
    shares = (min(own, short) / short for own, short in zip(machine.size, lack, strict=True) if short)
    return -sum(shares), machine.size.disk_gib, machine.name


def _take_back(case: _Case) -> bool:
    """Leave one machine where it was, if all is then as well as with its move."""
    for name in sorted(case.reasons):
        machine, target, home = case.floor.machines[name], case.floor.where[name], case.home[name]
        if home in case.closed or home not in case.floor.rooms(machine):
            continue
        reason, before = case.reasons[name], _trouble(case)
        case.move(machine, home, "")
        if _trouble(case) <= before:
            return True
        case.move(machine, target, reason)
    return False


def _trouble(case: _Case) -> tuple[int, int, int, int]:
    """What is not as it should be: machines on closed hypervisors, what is short, machines of one platform together."""
    floor = case.floor
    domains = {name: one.failure_domain for name, one in floor.hypervisors.items()}
    standing = [(machine.platform, floor.where[name]) for name, machine in floor.machines.items()]
    together = Counter(standing)
    within = Counter((platform, domains.get(where, where)) for platform, where in standing)
    return (
        sum(where in case.closed for _, where in standing),
        sum(sum(floor.left(name).lack) for name in floor.hypervisors.keys() - case.closed),
        sum(count - 1 for count in together.values()),
        sum(count - 1 for count in within.values()),
    )


def _told(case: _Case, name: str) -> Move:
    machine = case.floor.machines[name]
    source, target = case.home[name], case.floor.where[name]
    return Move(name, machine.platform, source, target, case.reasons[name], machine.size.disk_gib)


def _findings(inventory: Inventory, case: _Case) -> Iterator[Finding]:
    """What no move brings about: machines that nothing has room for, and hypervisors that stay short."""
    draft = Draft(f"inventories/{inventory.slug}/province.yml")
    for name, where in sorted(case.floor.where.items()):
        if where in case.closed:
            machine = case.floor.machines[name]
            draft.find(machine_subject(name), f"on {where}: {no_room(case.floor, machine, case.closed)}", "no-room")
    for name in sorted(case.floor.hypervisors.keys() - case.closed):
        left = case.floor.left(name)
        if not left.fits:
            reason = f"its machines need {left.lack.words} more than it has, and the others have no room for them"
            draft.find(f'hypervisor "{name}"', f"{reason}; give it more, or add a hypervisor", "hypervisor-full")
    yield from draft.findings


def _largest_first(machine: Machine) -> tuple[tuple[int, ...], str]:
    return tuple(-part for part in machine.size), machine.name


def _newest_first(case: _Case, machine: Machine) -> tuple[bool, str, int]:
    """Those first that leave a hypervisor which is short, then by platform, the highest number first."""
    fits = case.floor.left(case.floor.where[machine.name]).fits
    platform, number = _by_number(machine.name)
    return fits, platform, -number


def _by_number(name: str) -> tuple[str, int]:
    """`procedures-10` as the tenth of `procedures`."""
    platform, _, number = name.rpartition("-")
    return platform, int(number)
