"""What people write of a unit's staff: `staff/<code>.yml` of a province, one file a unit.

A person is known by a staff number that never changes hands; names, positions and units change. A person who moves to
another unit leaves one file on a day and stands in another from that day on.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from haicap.inventory.base import Model, UnitCode
from haicap.inventory.model import AgeRecipient

StaffNumber = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,31}$")]
RoleName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$")]
MailAddress = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z0-9_+-]+(\.[a-z0-9_+-]+)*@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$", max_length=254
    ),
]


class Person(Model):
    """An official in one unit. `id` is the permanent identity; `until` is the last day here, None: not known yet."""

    id: StaffNumber
    name: str = Field(min_length=1, max_length=100, description="full name in Vietnamese, family name first")
    position: str = Field(min_length=1, max_length=100)
    valid_from: date = Field(alias="from")
    until: date | None = None
    former_addresses: tuple[MailAddress, ...] = ()


class RoleMailbox(Model):
    """A mailbox of a function, not of a person: the committee (`ubnd`), the one-stop counter (`motcua`)."""

    role: RoleName
    title: str = Field(min_length=1, max_length=100)
    members: tuple[StaffNumber, ...] = Field(min_length=1, description="who reads it, by staff number")
    former_addresses: tuple[MailAddress, ...] = ()


class UnitStaff(Model):
    """`staff/<code>.yml`: everybody of one unit, and its role mailboxes.

    `officers` are the age recipients that the unit's first passwords are sealed to.
    """

    unit: UnitCode
    officers: tuple[AgeRecipient, ...] = ()
    people: tuple[Person, ...]
    mailboxes: tuple[RoleMailbox, ...] = ()


class Staff(Model):
    """A province's staff, by unit code. A unit without a file is not in it."""

    units: dict[UnitCode, UnitStaff] = Field(default_factory=dict)
