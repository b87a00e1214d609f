"""Official addresses of persons and role mailboxes: `haint2.lacduong@lamdong.gov.vn`, `motcua.lacduong@...`. Pure.

There is no national convention, so each province has its own template (`mail` in province.yml; see `pattern`). The
rules, each held by a property test in tests/property:

1. Who has an address in a unit keeps it for ever. It is locked by staff number, and by unit and role for a role
   mailbox: renaming, reordering, newcomers, another template or another label of the unit change nothing.
2. An address is one person's for ever. The lock remembers all, also those of who left, and what people declare as
   `former_addresses`; nobody else ever gets one, so mail for one person never reaches another.
3. Homonyms (Nguyễn Văn Hải, Nguyễn Văn Hai) have numbers: none, 2, 3, ... Newcomers of one lock are served by staff
   number as text, each with the lowest number whose address never was anybody else's. Role mailboxes come before
   persons.
4. Who moves to another unit gets an address there, from the first day there; the old one stays theirs and forwards.
   Who comes back has the old one again. A day's address is that of the last term begun (`Mailbox.address_on`).
5. An own address that fits the template is taken over: a person from before with `haint2.lacduong@` keeps just that.
6. Reserved names (RFC 2142: postmaster, abuse, ...; root, admin; the usual roles) are never a person's: the next
   number is taken.
7. Terms follow the files while they are there: their days can be put right. What is taken out of the files without a
   last day ends on the day of that lock. Days matter to nothing else: the same files lock to the same bytes later.

What cannot be done is a finding, and that person or mailbox stays as locked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from unicodedata import normalize

from haicap.addressing.draft import Draft, lines
from haicap.addressing.forwarding import claim_former
from haicap.addressing.model import Mailbox, Name, Term
from haicap.addressing.pattern import (
    MAX_ADDRESS,
    Parts,
    is_reserved,
    local_part,
    name_parts,
    pattern_faults,
    person_part,
)
from haicap.addressing.terms import Stay, merge_terms, order_stays
from haicap.errors import Finding
from haicap.inventory.model import Inventory
from haicap.inventory.staff import UnitStaff


@dataclass(frozen=True)
class PlannedMail:
    """The new lock, and what is different in it, a line each. With findings it is still sound."""

    mailboxes: Mapping[str, Mailbox]
    added: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(slots=True)
class _Holder:
    """A person or a role mailbox as in the files. `role` is None for a person."""

    key: str  # the staff number; `24958@2025-07-01/motcua`
    role: str | None = None
    stays: list[Stay] = field(default_factory=list)
    former: frozenset[str] = frozenset()
    faulty: bool = False

    @property
    def name(self) -> str:
        """As in the latest stay; NFC, so that the lock's bytes do not hang on an editor."""
        return normalize("NFC", self.stays[-1].name)

    @property
    def subject(self) -> str:
        return f"mailbox {self.key}" if self.role else f'person {self.key} "{self.name}"'

    @property
    def file(self) -> str:
        return f"staff/{self.stays[-1].code}.yml"


def plan_mail(
    inventory: Inventory,
    staff: Iterable[UnitStaff],
    names: Mapping[str, Name],
    locked: Mapping[str, Mailbox],
    today: date,
) -> PlannedMail:
    """Give everybody in `staff` an address. `names` are the units' locked labels by identity (`Locks.names`).

    `locked` and the result are by staff number, and by `24958@2025-07-01/motcua`. `today` ends what was taken out.
    """
    draft = Draft(f"inventories/{inventory.slug}/province.yml")
    for place, reason in pattern_faults(inventory.province.mail):
        draft.find(place, reason, "mail-pattern")
    if draft.findings:
        return PlannedMail(dict(sorted(locked.items())), findings=tuple(sorted(set(draft.findings))))
    holders = _holders(inventory, staff, names, draft)
    owners = {address: key for key, mailbox in sorted(locked.items()) for address in mailbox.addresses}
    former = claim_former({key: holder.former for key, holder in holders.items()}, owners)
    for key, reason, rule in former.conflicts:
        _find(draft, inventory, holders[key], reason, rule)
    desk = _Desk(inventory, names, owners, draft)
    mailboxes = {key: _leave(key, mailbox, today, draft) for key, mailbox in locked.items() if key not in holders}
    for key, holder in sorted(holders.items(), key=lambda item: (item[1].role is None, item[0])):
        old = locked.get(key)
        new = old if holder.faulty else desk.serve(holder, old, former.granted.get(key, frozenset()), today)
        if new is not None:
            mailboxes[key] = new
            _tell(holder, old, new, draft)
    return PlannedMail(
        mailboxes=dict(sorted(mailboxes.items())),
        added=lines(draft.added),
        moved=lines(draft.moved),
        removed=lines(draft.removed),
        findings=tuple(sorted(set(draft.findings))),
    )


def _find(draft: Draft, inventory: Inventory, holder: _Holder, reason: str, rule: str) -> None:
    file = f"inventories/{inventory.slug}/{holder.file}"
    draft.findings.append(Finding(file, 0, holder.subject, reason, rule))


def _holders(
    inventory: Inventory, staff: Iterable[UnitStaff], names: Mapping[str, Name], draft: Draft
) -> dict[str, _Holder]:
    """Everybody in the files, by key, with their stays in order. Who cannot be served is marked, with a finding."""
    units = {unit.code: unit for unit in sorted(inventory.units, key=lambda unit: unit.identity)}
    holders: dict[str, _Holder] = {}
    for file in staff:
        unit = units.get(file.unit)
        identity, first = (unit.identity, unit.valid_from) if unit else (f"{file.unit}@{date.max}", date.min)
        for person in file.people:
            holder = holders.setdefault(person.id, _Holder(person.id))
            since = max(person.valid_from, first)
            holder.stays.append(Stay(since, identity, person.until, person.name))
            holder.former = holder.former.union(person.former_addresses)
        for mailbox in file.mailboxes:
            key = f"{identity}/{mailbox.role}"
            holder = holders.setdefault(key, _Holder(key, mailbox.role))
            holder.stays.append(Stay(first, identity, None, mailbox.title))
            holder.former = holder.former.union(mailbox.former_addresses)
    known = {unit.identity for unit in units.values()}
    for holder in holders.values():
        for reason, rule in _order(holder, known, names):
            holder.faulty = True
            _find(draft, inventory, holder, reason, rule)
    return holders


def _order(holder: _Holder, known: set[str], names: Mapping[str, Name]) -> Iterable[tuple[str, str]]:
    """Put the stays in order, in place; what is wrong with them."""
    holder.stays, reasons = order_stays(holder.stays)
    for stay in holder.stays:
        if stay.unit not in known:
            yield f"unit {stay.code} is not in units.yml", "known-unit"
        elif stay.unit not in names:
            yield f"unit {stay.code} has no label yet; lock the units first", "not-locked"
    yield from ((reason, "one-place") for reason in reasons)


@dataclass
class _Desk:
    """Hands out addresses. `owners` is whose each address is, or was; `reached` the number up to which all are gone."""

    inventory: Inventory
    names: Mapping[str, Name]
    owners: dict[str, str]
    draft: Draft
    reached: dict[tuple[str, ...], int] = field(default_factory=dict)

    def serve(self, holder: _Holder, old: Mailbox | None, former: Collection[str], today: date) -> Mailbox | None:
        """The holder's mailbox after this lock; as it was if one of the addresses cannot be."""
        known = old or Mailbox(holder.name)
        own = known.addresses.union(former)
        held = {term.unit: term.address for term in known.terms}
        terms: list[Term] = []
        for stay in holder.stays:
            address = held.get(stay.unit) or self._give(holder, stay, own)
            if address is None:
                return old
            held[stay.unit] = address
            own |= {address}
            self.owners[address] = holder.key
            terms.append(Term(address, stay.unit, stay.since, stay.until))
        return _mailbox(holder.name, merge_terms(known.terms, terms, today), own)

    def _give(self, holder: _Holder, stay: Stay, own: Iterable[str]) -> str | None:
        label = self.names[stay.unit].label
        if holder.role is not None:
            return self._give_role(holder, {"role": holder.role, "unit": label})
        parts = name_parts(stay.name)
        if not parts.given:
            self._find(holder, "the name has no letter from a to z or digit; write it in Latin letters", "mail-name")
            return None
        mine = sorted(address for address in own if self._fits(address, parts, label))
        return mine[0] if mine else self._next(holder, parts, label)

    def _give_role(self, holder: _Holder, fields: Mapping[str, str]) -> str | None:
        address = self._address(local_part(self.inventory.province.mail.role, fields))
        if address is None:
            self._find(holder, "the role's address is too long; choose a shorter role", "mail-length")
        elif self.owners.get(address, holder.key) != holder.key:
            reason = f"{address} is, or was, {self.owners[address]}'s; choose another role"
            self._find(holder, reason, "mail-taken")
        else:
            return address
        return None

    def _next(self, holder: _Holder, parts: Parts, label: str) -> str | None:
        """The address with the lowest number that never was anybody else's."""
        stem = (*parts, label)
        number = self.reached.get(stem, 1)
        while (address := self._numbered(parts, label, number)) is not None:
            self.reached[stem] = number
            if address not in self.owners and not is_reserved(
                self.inventory.province.mail.person, parts, label, number
            ):
                return address
            number += 1
        self._find(holder, "the unit's label leaves no room for the name; change mail.person", "mail-length")
        return None

    def _numbered(self, parts: Parts, label: str, number: int) -> str | None:
        return self._address(person_part(self.inventory.province.mail.person, parts, label, number))

    def _address(self, local: str | None) -> str | None:
        address = f"{local}@{self.inventory.province.domain}"
        return None if local is None or len(address) > MAX_ADDRESS else address

    def _fits(self, address: str, parts: Parts, label: str) -> bool:
        """Whether an address is this name's in this unit, with whatever number."""
        numbers = {1, *(int(run) for run in _runs(address.partition("@")[0]))}
        template = self.inventory.province.mail.person
        return any(
            self._numbered(parts, label, number) == address and not is_reserved(template, parts, label, number)
            for number in numbers
        )

    def _find(self, holder: _Holder, reason: str, rule: str) -> None:
        _find(self.draft, self.inventory, holder, reason, rule)


def _runs(local: str) -> list[str]:
    """The numbers in a text: `b52.hai2` -> 52, 2."""
    return "".join(char if char.isdigit() else " " for char in local).split()


def _leave(key: str, old: Mailbox, today: date, draft: Draft) -> Mailbox:
    """The mailbox of who is no longer in the files: all addresses stay theirs, and the last term has an end."""
    new = _mailbox(old.name, merge_terms(old.terms, (), today), old.addresses)
    if new != old:
        draft.removed.append((key, f"{', '.join(sorted(old.addresses))} is nobody else's, now and later"))
    return new


def _mailbox(name: str, terms: tuple[Term, ...], own: frozenset[str]) -> Mailbox:
    """A mailbox of these terms; what else of its own addresses is in none of them is a former one."""
    return Mailbox(name, terms, tuple(sorted(own.difference([term.address for term in terms]))))


def _tell(holder: _Holder, old: Mailbox | None, new: Mailbox, draft: Draft) -> None:
    """Say what is new in a mailbox."""
    if new == old:
        return
    given = [term.address for term in new.terms if old is None or term.address not in old.addresses]
    for address in dict.fromkeys(given):
        (draft.moved if old else draft.added).append((holder.subject, address))
