"""People's accounts on a date: one for each unit that a person is, was or will be in. Pure.

A person has one mailbox, and it moves with them: it is at home in the unit whose account is live, else in the one that
was left last. The accounts in other units only tell where it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from haicap.addressing.model import Mailbox
from haicap.design.mail import last_day_of
from haicap.inventory.model import Inventory, Mail, Province, Unit
from haicap.inventory.staff import Person, Staff
from haicap.lifecycle import dates_of
from haicap.lifecycle.accounts import AccountStage, Stay, account_edges, stage_on

_HOMES: tuple[AccountStage, ...] = ("live", "frozen", "archived", "prepare", "retired", "moved")  # the first wins


@dataclass(frozen=True)
class Account:
    """A person's account in the unit of that code. `address` is None until it is locked; `number` the staff number.

    `home` is the code of the unit where the mailbox is. `closes` is the first day of the next stage, if there is one.
    """

    number: str
    name: str
    position: str
    unit: str
    since: date
    until: date | None
    address: str | None
    former_addresses: tuple[str, ...]
    stage: AccountStage
    home: str
    closes: date | None


@dataclass(frozen=True)
class People:
    """A province's staff, and the locked addresses: by staff number, and by `24958@2025-07-01/motcua` for a role.

    `officers` are age recipients for all units; None: each unit's own, or the province's.
    """

    staff: Staff
    mailboxes: Mapping[str, Mailbox]
    officers: tuple[str, ...] | None = None


@dataclass(frozen=True)
class GroupDesign:
    """A role mailbox: mail to it goes to each member (staff numbers), who may write in its name."""

    title: str
    address: str
    aliases: Mapping[str, str]
    members: tuple[str, ...]


Purpose = Literal["letters", "frozen", "guess"]


@dataclass(frozen=True)
class ProbeDesign:
    """A mailbox of inspections; nobody else can log in, and it is emptied after each.

    `purpose`: letters go to and from it; it is frozen; or it is the one whose password is guessed, where nobody who is
    right puts the count back.
    """

    purpose: Purpose
    address: str
    stage: AccountStage
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class AccountsDesign:
    """A unit's accounts, by staff number, and its role mailboxes, by role; `unlocked` people have no address yet.

    `aliases` are by staff number: each old address with its last day ("" for none). `quotas` are in MiB.
    """

    officers: tuple[str, ...]
    accounts: Mapping[str, Account]
    aliases: Mapping[str, Mapping[str, str]]
    quotas: Mapping[str, int]
    groups: Mapping[str, GroupDesign]
    probes: Mapping[str, ProbeDesign]
    unlocked: tuple[str, ...] = ()


def accounts_of(
    inventory: Inventory, staff: Staff, mailboxes: Mapping[str, Mailbox], as_of: date
) -> tuple[Account, ...]:
    """All accounts, in the order of the files. `mailboxes` is the lock, by staff number (`lockfile.read_mail`)."""
    units = {unit.code: unit for unit in inventory.units}
    dates = {unit.identity: dates_of(inventory.province, unit, "mail") for unit in inventory.units}
    stays: dict[str, list[Stay]] = defaultdict(list)
    for code, one in staff.units.items():
        for person in one.people:
            stays[person.id].append(Stay(person.valid_from, units[code].identity, person.until))
    found: list[Account] = []
    for code, one in staff.units.items():
        unit = units[code].identity
        for person in one.people:
            mailbox = mailboxes.get(person.id, Mailbox(person.name, (), person.former_addresses))
            edges = account_edges(unit, stays[person.id], dates, inventory.province.mail)
            found.append(_account(code, person, mailbox, unit, edges, as_of))
    return _with_homes(found)


def _account(
    code: str, person: Person, mailbox: Mailbox, unit: str, edges: Sequence[tuple[date, AccountStage]], as_of: date
) -> Account:
    addresses = [term.address for term in mailbox.terms if term.unit == unit]
    address = addresses[-1] if addresses else None
    return Account(
        number=person.id,
        name=person.name,
        position=person.position,
        unit=code,
        since=person.valid_from,
        until=person.until,
        address=address,
        former_addresses=tuple(sorted(mailbox.addresses - {address})),
        stage=stage_on(edges, as_of),
        home=code,
        closes=min((day for day, _ in edges if day > as_of), default=None),
    )


def _with_homes(accounts: Sequence[Account]) -> tuple[Account, ...]:
    """Each account with the unit where its person's mailbox is. Somebody in one unit only, and most are, is at home."""
    of: dict[str, list[Account]] = defaultdict(list)
    for account in accounts:
        of[account.number].append(account)
    homes = {
        number: min(reversed(own), key=lambda account: _HOMES.index(account.stage)).unit
        for number, own in of.items()
        if len(own) > 1
    }
    return tuple(
        replace(account, home=homes[account.number]) if account.number in homes else account for account in accounts
    )


def design_accounts(inventory: Inventory, people: People, as_of: date) -> dict[str, AccountsDesign]:
    """Every unit's accounts, by unit code. A unit without a staff file has none."""
    everybody = accounts_of(inventory, people.staff, people.mailboxes, as_of)
    by_unit: dict[str, dict[str, Account]] = defaultdict(dict)
    moved: dict[str, dict[str, str]] = defaultdict(dict)
    for account in everybody:
        by_unit[account.unit][account.number] = account
        if account.stage == "moved" and account.address and account.closes:
            moved[account.number][account.address] = _last(account.closes)
    units = {unit.code: unit for unit in inventory.units}
    return {
        code: _unit(inventory, people, units[code], by_unit[code], moved, as_of)
        for code in people.staff.units
        if code in units
    }


def _unit(
    inventory: Inventory,
    people: People,
    unit: Unit,
    accounts: Mapping[str, Account],
    moved: Mapping[str, Mapping[str, str]],
    as_of: date,
) -> AccountsDesign:
    province, staff = inventory.province, people.staff.units[unit.code]
    own = [account for account in accounts.values() if account.home == unit.code]
    return AccountsDesign(
        officers=people.officers if people.officers is not None else staff.officers or province.mail.officers,
        accounts={number: account for number, account in accounts.items() if account.address},
        aliases={
            account.number: _aliases(province, account, people.mailboxes[account.number], moved, as_of)
            for account in own
            if account.address
        },
        quotas={account.number: quota_of(province.mail, account.position) for account in own},
        groups=dict(_groups(inventory, people, unit, as_of)),
        probes=_probes(province, unit, as_of),
        unlocked=tuple(number for number, account in accounts.items() if not account.address),
    )


def _aliases(
    province: Province, account: Account, mailbox: Mailbox, moved: Mapping[str, Mapping[str, str]], as_of: date
) -> dict[str, str]:
    """Old addresses that lead to a person's mailbox; not the own one, which a move may leave as it is."""
    old = {**_former(province, mailbox.former, as_of), **moved.get(account.number, {})}
    return {address: last for address, last in sorted(old.items()) if address != account.address}


def _probes(province: Province, unit: Unit, as_of: date) -> dict[str, ProbeDesign]:
    """Three a unit. The one for letters has a former address, too."""
    legacy = [domain for domain in province.legacy_domains if as_of <= last_day_of(province, domain)]
    name = f"probe-{unit.code}"
    old = f"{name}@{legacy[0]}" if legacy else f"old-{name}@{province.domain}"
    return {
        name: ProbeDesign("letters", f"{name}@{province.domain}", "live", (old,)),
        f"{name}-frozen": ProbeDesign("frozen", f"{name}-frozen@{province.domain}", "frozen"),
        f"{name}-guess": ProbeDesign("guess", f"{name}-guess@{province.domain}", "live"),
    }


def _groups(inventory: Inventory, people: People, unit: Unit, as_of: date) -> Iterator[tuple[str, GroupDesign]]:
    for mailbox in people.staff.units[unit.code].mailboxes:
        locked = people.mailboxes.get(f"{unit.identity}/{mailbox.role}")
        address = locked.address_on(as_of) if locked else None
        if locked is not None and address is not None:
            aliases = _former(inventory.province, locked.former, as_of)
            yield mailbox.role, GroupDesign(mailbox.title, address, aliases, mailbox.members)


def _former(province: Province, addresses: Sequence[str], as_of: date) -> dict[str, str]:
    """Former addresses that still lead here, with the last day on which they do."""
    last = {address: last_day_of(province, address.partition("@")[2]) for address in addresses}
    return {
        address: "" if day == date.max else day.isoformat() for address, day in sorted(last.items()) if as_of <= day
    }


def quota_of(mail: Mail, position: str) -> int:
    """The quota of who has a position, in MiB: that of the longest words that it begins with, else everybody's."""
    fitting = [words for words in mail.quotas_mib if position.startswith(words)]
    return mail.quotas_mib[max(fitting, key=len)] if fitting else mail.quota_mib


def _last(first_day_after: date) -> str:
    return (first_day_after - timedelta(1)).isoformat()
