"""Rules on staff files: identities, periods, names, former addresses, role mailboxes.

They see all files of a province together, because a person or an address in one file may be in another, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from haicap.inventory.marks import FileMarks
from haicap.inventory.marks import Path as KeyPath
from haicap.inventory.model import Inventory
from haicap.inventory.rules.base import Remark, did_you_mean, repeats
from haicap.inventory.scalars import shown
from haicap.inventory.staff import Person, RoleMailbox, UnitStaff


class StaffFile(NamedTuple):
    """A staff file as it was read. `code` is its name without `.yml`; `numbers` every staff number written in it,
    also of people that do not fit the schema."""

    code: str
    staff: UnitStaff
    marks: FileMarks
    numbers: frozenset[str]


StaffFiles = tuple[StaffFile, ...]


class _Entry(NamedTuple):
    """A person's entry: in which file, and where in it."""

    file: StaffFile
    place: int
    person: Person

    def at(self, *path: str | int) -> tuple[str, int]:
        return self.file.marks.at("people", self.place, *path)


class _Claim(NamedTuple):
    """Who claims a former address, and where."""

    address: str
    owner: str
    place: tuple[str, int]
    subject: str


def staff_file_name(files: StaffFiles) -> Iterator[Remark]:
    """A file is named after its unit."""
    for file in files:
        if file.code != file.staff.unit:
            reason = f"unit {file.staff.unit} in a file named {file.code}.yml; rename the file or correct the unit"
            yield Remark(file.marks.at("unit"), "", reason)


def staff_number(files: StaffFiles) -> Iterator[Remark]:
    """A staff number is one person's at a time; two people have two numbers."""
    for here, before in _overlaps(files):
        if here.person.name != before.person.name:
            reason = (
                f'the number is also that of "{shown(before.person.name)}" on {_shared_day(here, before)} '
                f"({_where(here, before)}); give each person a number of their own, or correct the name"
            )
            yield Remark(here.at("id"), _title(here.person), reason)


def one_unit(files: StaffFiles) -> Iterator[Remark]:
    """A person is in one unit at a time, and once in it: who moves leaves one file and stands in the other after."""
    for here, before in _overlaps(files):
        if here.person.name == before.person.name:
            unit, other = here.file.staff.unit, before.file.staff.unit
            also = "twice in this unit" if unit == other else f"in unit {other}, too,"
            reason = (
                f"is {also} on {_shared_day(here, before)} ({_where(here, before)}); "
                f"end the earlier entry with `until`, or remove one"
            )
            yield Remark(here.at("from"), _title(here.person), reason)


def _overlaps(files: StaffFiles) -> Iterator[tuple[_Entry, _Entry]]:
    """Entries of one staff number that share a day: each with the one before it that lasts longest."""
    by_number: dict[str, list[_Entry]] = defaultdict(list)
    for file in files:
        for place, person in enumerate(file.staff.people):
            by_number[person.id].append(_Entry(file, place, person))
    for entries in (several for several in by_number.values() if len(several) > 1):
        ordered = sorted(entries, key=lambda entry: entry.person.valid_from)
        longest = ordered[0]
        for here in ordered[1:]:
            if here.person.valid_from <= _last_day(longest.person):
                yield here, longest
            longest = max(longest, here, key=lambda entry: _last_day(entry.person))


def _last_day(person: Person) -> date:
    return person.until or date.max


def _shared_day(here: _Entry, before: _Entry) -> date:
    """The first day on which both hold."""
    return max(here.person.valid_from, before.person.valid_from)


def _where(here: _Entry, other: _Entry) -> str:
    """`line 12`, or with its file when that is another."""
    file, line = other.at("id")
    return f"line {line}" if other.file.marks.file == here.file.marks.file else f"{file}:{line}"


def staff_dates(files: StaffFiles) -> Iterator[Remark]:
    """The last day is not before the first."""
    for file in files:
        for i, person in enumerate(file.staff.people):
            if person.until and person.until < person.valid_from:
                reason = f"until {person.until} is before from {person.valid_from}; swap or correct them"
                yield Remark(file.marks.at("people", i, "until"), _title(person), reason)


def staff_name(files: StaffFiles) -> Iterator[Remark]:
    """Names, positions and titles are words: each holds a letter."""
    for file in files:
        for i, person in enumerate(file.staff.people):
            for key, text in (("name", person.name), ("position", person.position)):
                if not _has_letter(text):
                    reason = f'{key}: "{shown(text)}" holds no letter; write the {key} in words'
                    yield Remark(file.marks.at("people", i, key), _title(person), reason)
        for i, mailbox in enumerate(file.staff.mailboxes):
            if not _has_letter(mailbox.title):
                reason = f'title: "{shown(mailbox.title)}" holds no letter; write the title in words'
                yield Remark(file.marks.at("mailboxes", i, "title"), _mailbox_title(mailbox), reason)


def _has_letter(text: str) -> bool:
    return any(char.isalpha() for char in text)


def mailbox_role(files: StaffFiles) -> Iterator[Remark]:
    """A unit has one mailbox of a role."""
    for file in files:
        mailboxes = file.staff.mailboxes
        for role, later, first in repeats((i, mailbox.role) for i, mailbox in enumerate(mailboxes)):
            line = file.marks.at("mailboxes", first, "role")[1]
            reason = f'role "{role}" is also in line {line}; put the members into one mailbox'
            yield Remark(file.marks.at("mailboxes", later, "role"), _mailbox_title(mailboxes[later]), reason)


def mailbox_member(files: StaffFiles) -> Iterator[Remark]:
    """A role mailbox is read by people of its own unit, each named once."""
    for file in files:
        for i, mailbox in enumerate(file.staff.mailboxes):
            subject = _mailbox_title(mailbox)
            for j, member in enumerate(mailbox.members):
                if member not in file.numbers:
                    near = did_you_mean(member, file.numbers) if len(file.numbers) < 500 else ""
                    reason = f'members: no one in this unit has the number "{member}"{_short(near)}'
                    yield Remark(file.marks.at("mailboxes", i, "members", j), subject, reason)
            for member, later, _ in repeats(enumerate(mailbox.members)):
                reason = f"members: {member} is there twice; remove one"
                yield Remark(file.marks.at("mailboxes", i, "members", later), subject, reason)


def _short(near: str) -> str:
    """The nearest number, but no list of everybody in the unit."""
    return near if near.startswith("; did you mean") else "; add the person to `people` or remove the member"


def former_address_once(files: StaffFiles) -> Iterator[Remark]:
    """A former address has one successor. A person who moved keeps theirs, so it may stand in both their entries."""
    first: dict[str, _Claim] = {}
    for file in files:
        for claims in _claims(file):
            for claim in claims:
                other = first.setdefault(claim.address, claim)
                if other is claim or (other.owner == claim.owner and other not in claims):
                    continue
                where = f"line {other.place[1]}" if other.place[0] == claim.place[0] else "{}:{}".format(*other.place)
                also = f"is also claimed by {other.subject} in {where}; leave it with one of them"
                reason = "is there twice; remove one" if other.owner == claim.owner else also
                yield Remark(claim.place, claim.subject, f"{claim.address} {reason}")


def _claims(file: StaffFile) -> Iterator[list[_Claim]]:
    """The former addresses of a file, those of each person and each mailbox together."""
    for i, person in enumerate(file.staff.people):
        if person.former_addresses:
            yield _claimed(file, ("people", i), person, person.id, _title(person))
    for i, mailbox in enumerate(file.staff.mailboxes):
        yield _claimed(file, ("mailboxes", i), mailbox, f"{file.code} {mailbox.role}", _mailbox_title(mailbox))


def _claimed(file: StaffFile, path: KeyPath, one: Person | RoleMailbox, owner: str, subject: str) -> list[_Claim]:
    key = "former_addresses"
    return [
        _Claim(address, owner, file.marks.at(*path, key, i), subject) for i, address in enumerate(one.former_addresses)
    ]


def staff_unit(files: StaffFiles, inventory: Inventory) -> Iterator[Remark]:
    """A staff file is of a unit in units.yml."""
    known = {unit.code for unit in inventory.units}
    for file in files:
        if file.staff.unit not in known:
            near = did_you_mean(file.staff.unit, known) if len(known) > 1 else ""
            way_out = near if near.startswith("; did you mean") else "; add the unit or remove the file"
            reason = f"unit {file.staff.unit} is not in units.yml{way_out}"
            yield Remark(file.marks.at("unit"), "", reason)


def former_address(files: StaffFiles, inventory: Inventory) -> Iterator[Remark]:
    """A former address lies in the province's domains: its own, or one of those before it."""
    domains = (inventory.province.domain, *inventory.province.legacy_domains)
    inside = (*(f"@{domain}" for domain in domains), *(f".{domain}" for domain in domains))
    for file in files:
        for claims in _claims(file):
            for claim in claims:
                if not claim.address.endswith(inside):
                    known = " or ".join(domains)
                    reason = f"{claim.address} is not inside {known}; add its domain to legacy_domains or remove it"
                    yield Remark(claim.place, claim.subject, reason)


def _title(person: Person) -> str:
    """`person 68-24958-001 "Nguyễn Văn Hải"`"""
    return f'person {person.id} "{shown(person.name)}"'


def _mailbox_title(mailbox: RoleMailbox) -> str:
    """`mailbox motcua "Bộ phận Một cửa"`"""
    return f'mailbox {mailbox.role} "{shown(mailbox.title)}"'


STAFF_RULES = (
    staff_file_name,
    staff_number,
    one_unit,
    staff_dates,
    staff_name,
    mailbox_role,
    mailbox_member,
    former_address_once,
)
STAFF_INVENTORY_RULES = (staff_unit, former_address)
