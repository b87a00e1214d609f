"""Which limits a plan does not keep, each with its figure and the way on. Pure; nothing is written past it unseen.

A limit on a count is exceeded when more are touched than `at_most`, and more than `percent` of what stands: the first
alone would refuse every larger province its daily work, the second alone the last unit of a small one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from typing import get_args

from haicap.errors import HaicapError, Refused
from haicap.inventory.safety import Count, Limits, LimitSystem
from haicap.plan.model import Breach, Change, Difference, Json, Override, Plan
from haicap.plan.times import freezes_on, interrupts, unannounced
from haicap.plan.waves import History, wave_breaches
from haicap.plan.wording import few, overriding

SYSTEMS: tuple[str, ...] = get_args(LimitSystem)
COUNTED = ("deletes", "replaces", "entries")
LIMITS = (
    *(f"{what}.{system}" for what in COUNTED for system in SYSTEMS),
    *("units", "protected", "holidays", "freeze", "notice", "waves", "failures"),
)
_IN_PARTS = "Do it in parts, with --unit or --wave"


@dataclass(frozen=True)
class Facts:
    """What a plan is held against, beside the limits.

    `day` is the one on which it is done, in Viet Nam. `recorded` is how many resources stand, by system, `entries` how
    many record sets, people and role mailboxes are in them. `shared` are the resources that all units need.
    """

    day: date
    recorded: Mapping[str, int] = field(default_factory=dict)
    entries: Mapping[str, int] = field(default_factory=dict)
    shared: tuple[str, ...] = ()
    history: History = field(default_factory=History)


def breaches_of(plan: Plan, limits: Limits, facts: Facts) -> tuple[Breach, ...]:
    """Every limit that the plan does not keep, in the order of `LIMITS`. Those about time hold for the live network
    only: a lab has no users."""
    found = [*_counted(plan, limits, facts), *_many_units(plan, limits), *_protected(plan, limits, facts.shared)]
    if plan.target == "live":
        found += time_breaches(plan.changes, limits, facts.day)
    if limits.waves:
        found += wave_breaches(plan, facts.history)
    return tuple(found)


def time_breaches(changes: Sequence[Change], limits: Limits, day: date) -> tuple[Breach, ...]:
    """What the day says against changes: holidays, freezes, outages that nobody announced."""
    if not changes:
        return ()
    return (*freezes_on(day, limits), *unannounced(day, filter(interrupts, changes), limits))


def ensure_allowed(refusals: Iterable[Breach], where: str = "") -> None:
    """Refused when there is one: each limit with its figure and the way on, before anything is written."""
    lines = [f"  {one.limit}: {one.message}\n    {one.next_step}" for one in refusals]
    if lines:
        raise Refused("\n".join([f"{where}Nothing was done: this plan does not keep its limits.", *lines]))


def ensure_overridable(overrides: Iterable[Override], known: Sequence[str]) -> None:
    """HaicapError unless each is a limit that there is; `policy.*` stands for policies that only Rego knows."""
    for one in overrides:
        if not any(fnmatchcase(one.limit, name) for name in known):
            raise HaicapError(f'There is no limit "{one.limit}". There are: {", ".join(known)}.')


def _counted(plan: Plan, limits: Limits, facts: Facts) -> Iterator[Breach]:
    deleted = Counter(change.system for change in plan.changes if change.action == "delete")
    replaced = Counter(change.system for change in plan.changes if change.action == "replace")
    entries = Counter[str]()
    for change in plan.changes:
        if change.action == "update":
            entries[change.system] += sum(map(_gone, change.diff))
    for system in dict.fromkeys((*SYSTEMS, *deleted, *replaced, *entries)):
        stands, inside = facts.recorded.get(system, 0), facts.entries.get(system, 0)
        name = f"{system} resources"
        yield from _exceeded("deletes", system, deleted[system], stands, limits.deletes_of(system), name)
        yield from _exceeded("replaces", system, replaced[system], stands, limits.replaces_of(system), name)
        yield from _exceeded("entries", system, entries[system], inside, limits.entries_of(system), f"{system} entries")


def _exceeded(what: str, system: str, number: int, stands: int, count: Count, name: str) -> Iterator[Breach]:
    if number <= count.at_most or number * 100 <= count.percent * stands:
        return
    verb = "replaced" if what == "replaces" else "deleted"
    share = f" ({number * 100 // stands} %)" if stands else ""
    told = f"{number} of {stands} {name} are {verb}{share}: more than {count.at_most}, and more than {count.percent} %."
    limit = f"{what}.{system}"
    yield Breach(limit, "refuse", told, overriding(_IN_PARTS, limit))


def _gone(difference: Difference) -> int:
    """How many record sets, people or role mailboxes go with one value."""
    depth = {"zones": 3, "people": 2, "groups": 2}.get(difference.path[0], 0)
    if not depth or difference.before is None or difference.after is not None:
        return 0
    return _entries(difference.before, depth - len(difference.path))


def _entries(value: Json, depth: int) -> int:
    if depth < 0:
        return 0
    return 1 if depth == 0 else sum(_entries(inner, depth - 1) for inner in value.values())


def entries_in(inputs: Mapping[str, Json]) -> int:
    """How many record sets, people and role mailboxes a resource's inputs hold."""
    depths = (("zones", 2), ("people", 1), ("groups", 1))
    return sum(_entries(inputs[key], depth) for key, depth in depths if inputs.get(key))


def _many_units(plan: Plan, limits: Limits) -> Iterator[Breach]:
    """A unit counts when something of it that stands is changed; what is new interrupts nobody."""
    units = {change.unit for change in plan.changes if change.unit and change.action != "create"}
    if len(units) > limits.units:
        told = f"Something that stands is changed in {len(units)} units at once: more than {limits.units}."
        yield Breach("units", "refuse", told, overriding(_IN_PARTS, "units"))


def _protected(plan: Plan, limits: Limits, shared: Sequence[str]) -> Iterator[Breach]:
    hit = [
        f"{change.resource} ({change.action})"
        for change in plan.changes
        if change.action in ("delete", "replace")
        and (change.resource in shared or any(fnmatchcase(change.resource, glob) for glob in limits.protected))
    ]
    if hit:
        told = f"{len(hit)} protected: {few(hit)}."
        way_on = "Take out of the plan what deletes or replaces it"
        yield Breach("protected", "refuse", told, overriding(way_on, "protected"))
