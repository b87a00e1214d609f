"""How a personnel office's table differs from the staff files, and the staff with the differences made. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Literal, NamedTuple

from haicap.inventory.staff import Person, Staff, UnitStaff
from haicap.inventory.staff_import import StaffTable


class StaffChange(NamedTuple):
    """A person in a unit, as the file has them and as the table has them.

    Of one who left, `after` is the entry with its last day when the table has the person in another unit, else None.
    """

    kind: Literal["added", "changed", "left"]
    unit: str
    before: Person | None
    after: Person | None


def differences(staff: Staff, table: StaffTable) -> tuple[StaffChange, ...]:
    """What a table without findings would change in the files of the units that it names; others stay as they are.

    A row and an entry are the same when number and first day are, or when they are the number's only ones there and
    share a day. Former addresses that only the file has are kept: a table seldom holds them all.
    """
    changes: list[StaffChange] = []
    for unit, people in table.people.items():
        there = staff.units[unit].people if unit in staff.units else ()
        for before, after in _pairs(there, people):
            if before is None:
                changes.append(StaffChange("added", unit, None, after))
            elif after is None:
                if before.until is None:
                    changes.append(StaffChange("left", unit, before, _ended(before, unit, table)))
            elif (kept := _with_addresses(before, after)) != before:
                changes.append(StaffChange("changed", unit, before, kept))
    return tuple(changes)


def apply_changes(staff: Staff, changes: Iterable[StaffChange], last_day: date) -> Staff:
    """The staff with the changes made; who left stays in the file with a last day, so that addresses keep an owner.

    `last_day` is that of people who left without the table saying when (their first day, if that is later).
    """
    units = dict(staff.units)
    for change in changes:
        one = units.get(change.unit) or UnitStaff(unit=change.unit, people=())
        people = [
            change.after or _until(person, last_day) if person == change.before else person for person in one.people
        ]
        if change.before is None and change.after is not None:
            people.append(change.after)
        units[change.unit] = one.model_copy(update={"people": tuple(people)})
    return Staff(units=units)


def _pairs(there: Iterable[Person], people: Iterable[Person]) -> Iterator[tuple[Person | None, Person | None]]:
    """Entries and rows that are the same, and those of one side alone, number by number."""
    entries, rows = _by_number(there), _by_number(people)
    for number in dict.fromkeys((*entries, *rows)):
        before, after = entries.get(number, []), rows.get(number, [])
        if len(before) == len(after) == 1 and (before[0].until or date.max) >= after[0].valid_from:
            yield before[0], after[0]
            continue
        starts = {person.valid_from: person for person in after}
        yield from ((person, starts.pop(person.valid_from, None)) for person in before)
        yield from ((None, person) for person in starts.values())


def _by_number(people: Iterable[Person]) -> dict[str, list[Person]]:
    found: dict[str, list[Person]] = defaultdict(list)
    for person in people:
        found[person.id].append(person)
    return found


def _with_addresses(before: Person, after: Person) -> Person:
    addresses = tuple(dict.fromkeys((*before.former_addresses, *after.former_addresses)))
    return after.model_copy(update={"former_addresses": addresses})


def _ended(before: Person, unit: str, table: StaffTable) -> Person | None:
    """The entry until the day before the person starts in another unit; None when the table does not say."""
    starts = [
        person.valid_from
        for other, people in table.people.items()
        for person in people
        if other != unit and person.id == before.id and person.valid_from > before.valid_from
    ]
    return _until(before, min(starts) - timedelta(days=1)) if starts else None


def _until(person: Person, last_day: date) -> Person:
    return person.model_copy(update={"until": max(last_day, person.valid_from)})
