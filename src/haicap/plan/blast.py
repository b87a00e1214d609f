"""Whom a change touches: units, people and services, directly and through what depends on it. Pure.

What is touched may notice the change; it need not fail. A hub carries every unit's tunnel, a name server every name, a
mail server every mailbox, a hypervisor the machines of platforms, a gateway its unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from haicap.plan.model import Change, Difference, Json


@dataclass(frozen=True)
class Platform:
    """A platform: its title, its machines with the hypervisor of each, and the codes of the units that it serves."""

    title: str
    machines: Mapping[str, str]
    serves: frozenset[str]


@dataclass(frozen=True)
class World:
    """What depends on what in a province. `people` are staff numbers by unit code, `roles` the shared hosts' roles.

    Where a unit has no staff file its people are numbered, as many as the inventory says. `tunnels` and `mail` are the
    codes of units that have tunnels, and mailboxes.
    """

    people: Mapping[str, frozenset[str]] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    tunnels: frozenset[str] = frozenset()
    mail: frozenset[str] = frozenset()
    platforms: Mapping[str, Platform] = field(default_factory=dict)

    def renamed(self, codes: Mapping[str, str]) -> World:
        """The same with other codes for some units, by the ones they have here."""

        def new(known: Iterable[str]) -> frozenset[str]:
            return frozenset(codes.get(code, code) for code in known)

        return replace(
            self,
            people={codes.get(code, code): people for code, people in self.people.items()},
            tunnels=new(self.tunnels),
            mail=new(self.mail),
            platforms={name: replace(one, serves=new(one.serves)) for name, one in self.platforms.items()},
        )

    def beside(self, other: World) -> World:
        """What depends on what in either of two."""
        codes = {*self.people, *other.people}
        return World(
            {code: self.people.get(code, frozenset()) | other.people.get(code, frozenset()) for code in codes},
            {**other.roles, **self.roles},
            self.tunnels | other.tunnels,
            self.mail | other.mail,
            {**other.platforms, **self.platforms},
        )


@dataclass(frozen=True)
class Touched:
    """What one change leads to: units by code, people by staff number, services in words, and the way there."""

    units: frozenset[str]
    people: frozenset[str]
    services: tuple[str, ...]
    way: tuple[str, ...]


@dataclass(frozen=True)
class Blast:
    """All that some changes lead to. `via` are the ways there, each once: `hub1 -> 124 units' tunnels -> ...`."""

    units: tuple[str, ...]
    people: int
    services: tuple[str, ...]
    via: tuple[str, ...]

    def to_json(self) -> dict[str, Json]:
        """As documents have it."""
        return {
            "units": list(self.units),
            "people": self.people,
            "services": list(self.services),
            "via": list(self.via),
        }


def blast_of(changes: Iterable[Change], world: World) -> Blast:
    """Whom changes touch. `via` starts with whatever touches most people."""
    touched = [one for change in changes if (one := touched_by(change, world)) is not None]
    ways = {" -> ".join(one.way): len(one.people) for one in touched}
    return Blast(
        tuple(sorted(frozenset[str]().union(*(one.units for one in touched)))),
        len(frozenset[str]().union(*(one.people for one in touched))),
        tuple(sorted({service for one in touched for service in one.services})),
        tuple(sorted(ways, key=lambda way: (-ways[way], way))),
    )


def touched_by(change: Change, world: World) -> Touched | None:
    """Whom one change touches; None for something of which nothing is known."""
    role = world.roles.get(change.resource) or _KINDS.get(change.resource) or _role_of(change)
    rule = _RULES.get(role)
    return rule(change, world) if rule else None


def _role_of(change: Change) -> str:
    if change.system == "mail" and change.unit:
        return "accounts"
    return "records" if change.system == "dns" and change.unit else change.system


def _hub(change: Change, world: World) -> Touched:
    return _all(change, world, world.tunnels, "tunnels", f"tunnels by {change.resource}")


def _names(change: Change, world: World) -> Touched:
    return _all(change, world, frozenset(world.people), "names", "names of the province")


def _mail(change: Change, world: World) -> Touched:
    return _all(change, world, world.mail, "mailboxes", "mail")


def _all(change: Change, world: World, codes: frozenset[str], what: str, service: str) -> Touched:
    """Something that many units share."""
    people = _people(codes, world)
    step = f"{count(len(codes), 'unit')}{chr(39) if len(codes) != 1 else chr(39) + 's'} {what}"
    return Touched(codes, people, (service,), (change.resource, step, _persons(people)))


def _gateway(change: Change, world: World) -> Touched:
    return _own(change, world, "network", f"network of {change.unit}")


def _records(change: Change, world: World) -> Touched:
    return _own(change, world, "names", f"names of {change.unit}")


def _own(change: Change, world: World, what: str, service: str) -> Touched:
    """Something of one unit."""
    codes = frozenset({change.unit}) if change.unit else frozenset[str]()
    people = _people(codes, world)
    step = f"{what} of {change.unit}"
    return Touched(codes, people, (service,), (change.resource, step, _persons(people)))


def _accounts(change: Change, world: World) -> Touched:
    """A unit's accounts: those people of whom something changes, or all where what they share does."""
    codes = frozenset({change.unit}) if change.unit else frozenset[str]()
    people = frozenset(number for one in change.diff for number in _named(one))
    shared = any(one.path[0] not in _SOMEBODY for one in change.diff)
    if shared and change.action not in ("create", "delete"):
        people |= _people(codes, world)
    step = f"mailboxes of {change.unit}"
    return Touched(codes, people, (f"mail of {change.unit}",), (change.resource, step, _persons(people)))


def _named(difference: Difference) -> Iterator[str]:
    """The staff numbers that a difference is about: people, and the members of role mailboxes."""
    place, *rest = difference.path
    values = [value for value in (difference.before, difference.after) if value]
    if place == "people":
        yield from rest[:1] or (number for value in values for number in value)
    elif place == "groups":
        groups = values if rest else [group for value in values for group in value.values()]
        yield from (number for group in groups for number in group["members"])


def _hypervisor(change: Change, world: World) -> Touched:
    names = {name for name, platform in world.platforms.items() if change.resource in platform.machines.values()}
    machines = sum(list(world.platforms[name].machines.values()).count(change.resource) for name in names)
    return _of_platforms(change, world, names, (count(machines, "machine"),))


def _machine(change: Change, world: World) -> Touched:
    machine = change.resource.removeprefix("vm-")
    names = {name for name, platform in world.platforms.items() if machine in platform.machines}
    return _of_platforms(change, world, names, ())


def _of_platforms(change: Change, world: World, names: Iterable[str], steps: tuple[str, ...]) -> Touched:
    """Machines: their platforms, the units that those serve, and the people there."""
    platforms = [world.platforms[name] for name in sorted(names)]
    codes = frozenset[str]().union(*(platform.serves for platform in platforms))
    people = _people(codes, world)
    titles = tuple(platform.title for platform in platforms)
    told = ", ".join(titles) if len(titles) < 4 else count(len(titles), "platform")
    way = (change.resource, *steps, *([told] if told else []), count(len(codes), "unit"))
    return Touched(codes, people, titles, (*way, _persons(people)))


def _people(codes: Iterable[str], world: World) -> frozenset[str]:
    return frozenset[str]().union(*(world.people.get(code, frozenset()) for code in codes))


def count(number: int, one: str, many: str = "") -> str:
    """`1 person`, `6,958 people`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _persons(people: frozenset[str]) -> str:
    return count(len(people), "person", "people")


_SOMEBODY = ("people", "groups", "probes", "officers")
_KINDS: Mapping[str, str] = {"zones": "dns", "directory": "mail"}
_RULES: Mapping[str, Callable[[Change, World], Touched]] = {
    "hub": _hub,
    "dns": _names,
    "mail": _mail,
    "hypervisor": _hypervisor,
    "machine": _machine,
    "gateway": _gateway,
    "records": _records,
    "accounts": _accounts,
}
