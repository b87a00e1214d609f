"""What a design is made from, complete even where nothing is locked or enrolled yet. Nothing is written.

A comparison is asked for in reviews, in checkouts where no host was ever enrolled. So what is missing is supposed, the
same way on both sides: addresses as `haicap lock` would give them, keys as `(not enrolled yet)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

from haicap.addressing.agreement import verify
from haicap.addressing.lockfile import read_mail
from haicap.addressing.mail import plan_mail
from haicap.addressing.model import Locks, Mailbox
from haicap.addressing.planner import plan_locks
from haicap.design import ProvinceDesign, design_province
from haicap.design.accounts import People
from haicap.design.supposed import placeholder_keys, placeholder_officers
from haicap.errors import FindingsError
from haicap.inventory.model import Inventory
from haicap.inventory.staff import Staff
from haicap.stack.workspace import Workspace


@dataclass(frozen=True)
class Premises:
    """An inventory with its staff, and locks that agree with it. `supposed` says in words what is not on disk;
    `is_locked`: there are lock files of addresses."""

    inventory: Inventory
    staff: Staff
    locks: Locks
    mailboxes: Mapping[str, Mailbox] = field(default_factory=dict)
    supposed: tuple[str, ...] = ()
    is_locked: bool = True

    def design(self, as_of: date) -> ProvinceDesign:
        """Everything that would stand on a date, if every host were enrolled."""
        inventory, locks = self._complete
        return design_province(inventory, locks, as_of, People(self.staff, self.mailboxes))

    @cached_property
    def _complete(self) -> tuple[Inventory, Locks]:
        return placeholder_officers(self.inventory), placeholder_keys(self.inventory, self.locks)


def premises_of(workspace: Workspace, beside: Premises | None = None) -> Premises:
    """A province as it is on disk. Where it has no locks of its own it goes on from those of `beside`, another state
    of the same province: so an address differs only where it would.

    FindingsError where the inventory is wrong, or can't be locked.
    """
    inventory, staff, today = workspace.inventory, workspace.staff, date.today()
    if beside is not None and beside.inventory.province.code != inventory.province.code:
        beside = None
    own, supposed = workspace.locks, list[str]()
    locks = own
    if verify(inventory, own):
        start = own if own.members or beside is None else _with_places(own, beside.locks)
        locks = plan_locks(inventory, start, today).locks
        supposed.append("addresses and names that are not locked, as `haicap lock` would give them")
    if findings := verify(inventory, locks):
        raise FindingsError(findings, f"Mend this and run `haicap lock {workspace.slug}`.")
    mailboxes: Mapping[str, Mailbox] = read_mail(workspace.folder)
    if any(person.id not in mailboxes for unit in staff.units.values() for person in unit.people):
        start_mail = mailboxes or (beside.mailboxes if beside is not None else {})
        mailboxes = plan_mail(inventory, staff.units.values(), locks.names, start_mail, today).mailboxes
        supposed.append("official addresses that are not locked, as `haicap lock` would give them")
    if placeholder_keys(inventory, own).keys != own.keys:
        supposed.append("hosts that are not enrolled, as if they were")
    return Premises(inventory, staff, locks, mailboxes, tuple(supposed), bool(own.members))


def _with_places(own: Locks, other: Locks) -> Locks:
    return replace(own, members=other.members, names=other.names, machines=other.machines)
