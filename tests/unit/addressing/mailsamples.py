"""Small staff files for tests of official addresses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from haicap.addressing.mail import PlannedMail, plan_mail
from haicap.addressing.model import Mailbox, Name
from haicap.inventory.model import Inventory
from haicap.inventory.staff import UnitStaff
from tests.unit.addressing.samples import make_inventory, make_province, make_unit

DAY = date(2025, 6, 1)
UNITS = {1: "lacduong", 2: "dalat", 3: "dami"}
NAMES = {f"{code:05d}@2025-07-01": Name(label, label) for code, label in UNITS.items()}


def make_mail_inventory(**mail: Any) -> Inventory:
    return make_inventory(*map(make_unit, UNITS), province=make_province(mail=mail))


def person(number: str, name: str = "Hoàng Ái Hải", since: str = "2025-07-01", **changes: Any) -> dict[str, Any]:
    return {"id": number, "name": name, "position": "chuyên viên", "from": since} | changes


def role(name: str, **changes: Any) -> dict[str, Any]:
    return {"role": name, "title": f"Hộp thư {name}", "members": ["NV-1"]} | changes


def staff(code: int, *people: dict[str, Any], mailboxes: Iterable[dict[str, Any]] = ()) -> UnitStaff:
    return UnitStaff.model_validate({"unit": f"{code:05d}", "people": people, "mailboxes": tuple(mailboxes)})


def lock_mail(
    *files: UnitStaff, locked: Mapping[str, Mailbox] | None = None, today: date = DAY, **mail: Any
) -> PlannedMail:
    return plan_mail(make_mail_inventory(**mail), files, NAMES, locked or {}, today)


def locals_of(planned: PlannedMail) -> dict[str, str]:
    """The last official address of everybody, without the domain."""
    return {key: box.terms[-1].address.partition("@")[0] for key, box in planned.mailboxes.items()}
