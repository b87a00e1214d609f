"""Two designs against each other: changes as in a plan, with renames and moves recognised. Pure.

What only changed its code, its hypervisor or its unit is one change, not one that goes and one that comes: it is named
in `moves`, and its change shows what is different about it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from haicap.plan.diff import differences, replaces
from haicap.plan.kin import Kin, find_kin
from haicap.plan.machine import cost_of
from haicap.plan.model import PENDING, Action, Change, Difference, Json, change_to_json, digest_of
from haicap.plan.people import mailboxes_gone, mailboxes_in

FORMAT = "haicap.diff/1"


class Thing(Protocol):
    """A resource of a design, as far as a comparison looks at it."""

    @property
    def name(self) -> str: ...
    @property
    def unit(self) -> str | None: ...
    @property
    def system(self) -> str: ...
    @property
    def inputs(self) -> Mapping[str, Json]: ...


Things = Mapping[str, Thing]
Units = Mapping[str, Mapping[str, Json]]


@dataclass(frozen=True)
class Move:
    """Something that is the same on both sides, under another code, on another host or in another unit.

    `what` names it: a unit's name (its code, where the name is what changed), a machine, a staff number. `resources`
    are those whose changes tell of it; `because` is how it was recognised.
    """

    kind: Literal["unit", "machine", "person"]
    what: str
    before: str
    after: str
    because: str
    resources: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """What is different between two designs. `formerly` has the name before of each resource that has another now."""

    changes: tuple[Change, ...]
    moves: tuple[Move, ...]
    unchanged: int
    formerly: Mapping[str, str]

    @property
    def summary(self) -> dict[str, int]:
        """How many resources of each action, as in a plan."""
        counts = Counter(change.action for change in self.changes)
        return {**{action: counts[action] for action in PENDING}, "unchanged": self.unchanged}

    def to_json(self) -> dict[str, Json]:
        """The part of the document `haicap.diff/1` that is found here."""
        return {
            "summary": self.summary,
            "moves": [_move_to_json(move) for move in self.moves],
            "changes": [change_to_json(change) for change in self.changes],
        }


def compare(before: Things, after: Things, units: tuple[Units, Units] = ({}, {})) -> Comparison:
    """What leads from one side to the other, in the order of `after`, then what is gone.

    `units` are the facts of both sides' units, to recognise those that have another code or name; leave them out where
    the two are different provinces.
    """
    kin = find_kin(*units)
    formerly = {new: old for one in kin for new, old in _renamed(before, after, one)}
    people = _moved_people(before, after, formerly)
    known = {*formerly.values(), *after}
    found = [_change(before.get(formerly.get(name, name)), thing, people) for name, thing in after.items()]
    changes = [change for change in found if change is not None]
    changes += [_gone(thing, people) for name, thing in reversed([*before.items()]) if name not in known]
    told = (_with_people(change, people, formerly) for change in changes)
    moves = (*_moved_units(kin, units, formerly), *_moved_machines(before, after), *(one.move for one in people))
    return Comparison(tuple(one for one in told if one is not None), moves, found.count(None), formerly)


def _renamed(before: Things, after: Things, kin: Kin) -> Iterator[tuple[str, str]]:
    """The names of one unit's resources after and before: `gw-24999`, `gw-24958`."""
    for name, thing in before.items():
        new = name.replace(kin.before, kin.after)
        if thing.unit == kin.before and new in after:
            yield new, name


def _change(had: Thing | None, has: Thing, people: Sequence[_Person]) -> Change | None:
    """What becomes of something that is wanted; None where nothing does."""
    before = had.inputs if had is not None else {}
    diff = differences(before, has.inputs)
    if not diff and had is not None and had.name == has.name:
        return None
    action: Action = "create" if had is None else "update"
    if had is not None and (had.name != has.name or replaces(diff)):
        action = "replace"
    return Change(
        has.unit,
        has.system,
        has.name,
        action,
        digest_of(has.inputs),
        diff,
        destroys=mailboxes_gone(before, has.inputs, {one.number for one in people}),
        cost=cost_of(before, has.inputs) if "machine" in has.inputs else "",
    )


def _gone(thing: Thing, people: Sequence[_Person]) -> Change:
    """Something that is on the first side only."""
    elsewhere = {one.number for one in people}
    return Change(
        thing.unit,
        thing.system,
        thing.name,
        "delete",
        digest_of(thing.inputs),
        differences(thing.inputs, {}),
        destroys=mailboxes_gone(thing.inputs, {}, elsewhere),
    )


def _moved_units(kin: Sequence[Kin], units: tuple[Units, Units], formerly: Mapping[str, str]) -> Iterator[Move]:
    before, after = units
    for one in kin:
        resources = tuple(name for name in formerly if name.endswith(one.after))
        yield Move("unit", after[one.after]["name"], one.before, one.after, one.because, resources)
    for code in sorted(before.keys() & after.keys()):
        names = before[code]["name"], after[code]["name"]
        if names[0] != names[1]:
            yield Move("unit", code, *names, "the same code", ())


def _moved_machines(before: Things, after: Things) -> Iterator[Move]:
    for name, thing in after.items():
        had = before[name].inputs.get("hypervisor") if name in before else None
        has = thing.inputs.get("hypervisor")
        if had is not None and has is not None and had != has:
            yield Move("machine", str(thing.inputs["machine"]), had, has, "the same machine", (name,))


@dataclass(frozen=True)
class _Person:
    """Somebody whose mailbox is in another unit than before: the two resources, and the two records."""

    number: str
    move: Move
    before: Json
    after: Json


def _moved_people(before: Things, after: Things, formerly: Mapping[str, str]) -> tuple[_Person, ...]:
    homes, found = _homes(before), list[_Person]()
    for number, now in _homes(after).items():
        then = homes.get(number, now)
        if then.name == formerly.get(now.name, now.name):
            continue
        had, has = then.inputs["people"][number], now.inputs["people"][number]
        because = f"the same staff number, {has['name']}"
        move = Move("person", number, then.unit or "", now.unit or "", because, (then.name, now.name))
        found.append(_Person(number, move, had, has))
    return tuple(found)


def _homes(things: Things) -> dict[str, Thing]:
    """The accounts that hold each person's mailbox, by staff number."""
    return {number: thing for thing in things.values() for number in mailboxes_in(thing.inputs)}


def _with_people(change: Change, people: Sequence[_Person], formerly: Mapping[str, str]) -> Change | None:
    """A change of accounts in which who moved is told once, where they are now; None where nothing else is in it."""
    if change.system != "mail" or not people or change.action in ("create", "delete"):
        return change
    came = {one.number: one for one in people if one.move.resources[1] == change.resource}
    left = {one.number for one in people if one.move.resources[0] == formerly.get(change.resource, change.resource)}
    diff = tuple(_moved(one, came) for one in change.diff if not _is_about(one, left))
    return replace(change, diff=diff) if diff or not change.diff else None


def _is_about(difference: Difference, numbers: Collection[str]) -> bool:
    return len(difference.path) == 2 and difference.path[0] == "people" and difference.path[1] in numbers


def _moved(difference: Difference, came: Mapping[str, _Person]) -> Difference:
    if not _is_about(difference, came):
        return difference
    person = came[difference.path[1]]
    return Difference(difference.path, person.before, person.after)


def _move_to_json(move: Move) -> dict[str, Json]:
    return {
        "kind": move.kind,
        "what": move.what,
        "from": move.before,
        "to": move.after,
        "because": move.because,
        "resources": list(move.resources),
    }
