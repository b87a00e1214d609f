"""People's accounts on a date: one for each unit that a person is, was or will be in. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from haicap.addressing.model import Mailbox
from haicap.inventory.model import Inventory
from haicap.inventory.staff import Staff
from haicap.lifecycle.accounts import AccountStage, Stay, account_stage


@dataclass(frozen=True)
class Account:
    """A person's account in the unit of that code. `address` is None until it is locked; `number` the staff number."""

    number: str
    name: str
    position: str
    unit: str
    since: date
    until: date | None
    address: str | None
    former_addresses: tuple[str, ...]
    stage: AccountStage


def accounts_of(
    inventory: Inventory, staff: Staff, mailboxes: Mapping[str, Mailbox], as_of: date
) -> tuple[Account, ...]:
    """All accounts, in the order of the files. `mailboxes` is the lock, by staff number (`lockfile.read_mail`)."""
    units = {unit.code: unit for unit in inventory.units}
    dates = {unit.identity: inventory.province.defaults.calendar[unit.wave] for unit in inventory.units}
    stays: dict[str, list[Stay]] = defaultdict(list)
    for code, one in staff.units.items():
        for person in one.people:
            stays[person.id].append(Stay(person.valid_from, units[code].identity, person.until))
    accounts = []
    for code, one in staff.units.items():
        unit = units[code].identity
        for person in one.people:
            mailbox = mailboxes.get(person.id, Mailbox(person.name, (), person.former_addresses))
            addresses = [term.address for term in mailbox.terms if term.unit == unit]
            address = addresses[-1] if addresses else None
            former = tuple(sorted(mailbox.addresses - {address}))
            accounts.append(
                Account(
                    number=person.id,
                    name=person.name,
                    position=person.position,
                    unit=code,
                    since=person.valid_from,
                    until=person.until,
                    address=address,
                    former_addresses=former,
                    stage=account_stage(unit, stays[person.id], dates, inventory.province.mail, as_of),
                )
            )
    return tuple(accounts)
