"""Rules on units.yml alone: identities, names, predecessors, hosts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from haicap.inventory import national
from haicap.inventory.marks import Marks
from haicap.inventory.model import Unit
from haicap.inventory.naming import dns_label
from haicap.inventory.rules.base import Remark, on_unit, repeats, title
from haicap.inventory.rules.dates import out_of_order

UnitList = tuple[Unit, ...]


def identity(units: UnitList, marks: Marks) -> Iterator[Remark]:
    """A permanent identity (code, valid_from) belongs to one unit."""
    for value, later, first in repeats((i, unit.identity) for i, unit in enumerate(units)):
        other = f"{title(units[first])} in line {marks.unit(first)[1]}"
        yield on_unit(marks, later, units[later], ("code",), f"{value} is also the identity of {other}; remove one")


def duplicate_code(units: UnitList, marks: Marks) -> Iterator[Remark]:
    """A code is used once at a time: gateways are named after it."""
    for code, later, first in repeats((i, unit.code) for i, unit in enumerate(units)):
        if units[later].identity != units[first].identity:
            other = f"{title(units[first])} in line {marks.unit(first)[1]}"
            reason = f"code {code} is also that of {other}; remove the unit that is no more"
            yield on_unit(marks, later, units[later], ("code",), reason)


def name_collision(units: UnitList, marks: Marks) -> Iterator[Remark]:
    """Two units of one kind with one name cannot be told apart. (Names equal but for accents can be.)"""
    for _, later, first in repeats((i, f"{unit.kind} {unit.name.casefold()}") for i, unit in enumerate(units)):
        one, other = units[later], units[first]
        if one.code != other.code:
            kind = one.kind.replace("_", " ")
            reason = f"{title(other)} in line {marks.unit(first)[1]} is a {kind} of this name too; one of them is wrong"
            yield on_unit(marks, later, one, ("name",), reason)


def label(units: UnitList, marks: Marks) -> Iterator[Remark]:
    """Chosen DNS labels differ from each other and from every label that a name gives."""
    taken: dict[str, list[int]] = defaultdict(list)
    for i, unit in enumerate(units):
        taken[unit.overrides.label or dns_label(unit.name)].append(i)
    for i, unit in enumerate(units):
        chosen = unit.overrides.label
        others = [other for other in taken[chosen] if other != i] if chosen is not None else []
        if others:
            reason = f'label "{chosen}" is also that of {title(units[others[0]])}; choose another in overrides.label'
            yield on_unit(marks, i, unit, ("overrides", "label"), reason)


def known_predecessor(units: UnitList, marks: Marks) -> Iterator[Remark]:
    """A predecessor is a commune, ward or township that existed on 2025-06-30 (national data)."""
    known = national.old_communes()
    for i, unit in enumerate(units):
        for j, predecessor in enumerate(unit.predecessors):
            if predecessor.code not in known:
                near = _likely(unit, predecessor.code)
                reason = (
                    f"predecessor {predecessor.code} is not a unit that existed on 2025-06-30; "
                    f"did you mean {near.code} ({near.name}, {near.district})?"
                )
                yield on_unit(marks, i, unit, ("predecessors", j, "code"), reason)


def _likely(unit: Unit, wrong: str) -> national.OldCommune:
    """The commune that was probably meant: one that the unit was made from and does not name, else the nearest code."""
    claimed = {predecessor.code for predecessor in unit.predecessors}
    missing = {
        line.commune.code: line.commune for line in national.predecessors(unit.code) if line.commune.code not in claimed
    }
    return national.nearest_communes(wrong, missing or None)[0]


def predecessor_claimed_twice(units: UnitList, marks: Marks) -> Iterator[Remark]:
    """A predecessor goes wholly into one unit, and a unit names it once."""
    whole: dict[str, int] = {}
    for i, unit in enumerate(units):
        named: set[str] = set()
        for j, predecessor in enumerate(unit.predecessors):
            path = ("predecessors", j, "code")
            if predecessor.code in named:
                yield on_unit(marks, i, unit, path, f"predecessor {predecessor.code} is named twice; remove one")
            named.add(predecessor.code)
            if predecessor.share == "whole" and whole.setdefault(predecessor.code, i) != i:
                other = title(units[whole[predecessor.code]])
                reason = (
                    f"predecessor {predecessor.code} is whole here and in {other}; it was split? then write share: part"
                )
                yield on_unit(marks, i, unit, path, reason)


def predecessor_share(units: UnitList, marks: Marks) -> Iterator[Remark]:
    """Where a unit holds a part of a predecessor, no other holds the whole."""
    parts = {p.code: i for i, unit in enumerate(units) for p in unit.predecessors if p.share == "part"}
    for i, unit in enumerate(units):
        for j, predecessor in enumerate(unit.predecessors):
            if predecessor.share == "whole" and parts.get(predecessor.code, i) != i:
                other = title(units[parts[predecessor.code]])
                reason = f"predecessor {predecessor.code} is whole here, but {other} holds a part; write share: part"
                yield on_unit(marks, i, unit, ("predecessors", j, "code"), reason)


def agency_code_unique(units: UnitList, marks: Marks) -> Iterator[Remark]:
    """An agency code belongs to one agency (Decision 20/2020)."""
    for code, later, first in repeats((i, unit.agency_code) for i, unit in enumerate(units)):
        reason = f"agency code {code} is also that of {title(units[first])}; give each unit its own"
        yield on_unit(marks, later, units[later], ("agency_code",), reason)


def host_name(units: UnitList, marks: Marks) -> Iterator[Remark]:
    """A host's name is used once in its unit."""
    for i, unit in enumerate(units):
        for name, later, _ in repeats((j, host.name) for j, host in enumerate(unit.hosts)):
            yield on_unit(marks, i, unit, ("hosts", later, "name"), f'host "{name}" is there twice; rename one')


def host_mac(units: UnitList, marks: Marks) -> Iterator[Remark]:
    """A MAC address belongs to one host of the province, and is no group address (IEEE 802: the first byte is even)."""
    seen: dict[str, str] = {}
    for i, unit in enumerate(units):
        for j, host in enumerate(unit.hosts):
            path, owner = ("hosts", j, "mac"), f'host "{host.name}" of {title(unit)}'
            if int(host.mac[:2], 16) & 1 or host.mac == "00:00:00:00:00:00":
                yield on_unit(marks, i, unit, path, f"{host.mac} is no device's address; read it off the device")
            elif host.mac in seen:
                yield on_unit(
                    marks, i, unit, path, f"MAC address {host.mac} is also that of {seen[host.mac]}; correct one"
                )
            seen.setdefault(host.mac, owner)


def dates_order(units: UnitList, marks: Marks) -> Iterator[Remark]:
    """A unit's own dates follow the stages' order."""
    for i, unit in enumerate(units):
        for system, dates in unit.overrides.calendar.items():
            for stage, reason in out_of_order(dates):
                path = ("overrides", "calendar", system, stage)
                yield on_unit(marks, i, unit, path, f"overrides.calendar.{system}: {reason}")


UNIT_RULES = (
    identity,
    duplicate_code,
    name_collision,
    label,
    known_predecessor,
    predecessor_claimed_twice,
    predecessor_share,
    agency_code_unique,
    host_name,
    host_mac,
    dates_order,
)
