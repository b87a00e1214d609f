"""Rules on the limits: days in order, units that there are, and protection that protects something."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from haicap.inventory.marks import Marks
from haicap.inventory.model import Inventory, Province
from haicap.inventory.rules.base import Remark, did_you_mean, on_province


def freeze_order(province: Province, marks: Marks) -> Iterator[Remark]:
    """A freeze ends on its first day or later."""
    for i, freeze in enumerate(province.limits.freeze):
        if freeze.until < freeze.first:
            reason = f"limits.freeze: it ends on {freeze.until}, before it begins on {freeze.first}; swap the two days"
            yield on_province(marks, ("limits", "freeze", i, "until"), reason)


def announced_order(province: Province, marks: Marks) -> Iterator[Remark]:
    """An outage is announced before its day."""
    for i, one in enumerate(province.limits.announced):
        if one.published >= one.day:
            reason = f"limits.announced: published on {one.published}, which is not before the outage on {one.day}"
            yield on_province(marks, ("limits", "announced", i, "published"), f"{reason}; correct a date")


SAFETY_RULES = (freeze_order, announced_order)


def announced_unit(inventory: Inventory, marks: Marks) -> Iterator[Remark]:
    """An announcement names units that there are."""
    known = {unit.code for unit in inventory.units} | marks.codes
    for i, one in enumerate(inventory.province.limits.announced):
        for j, code in enumerate(one.units):
            if code not in known:
                reason = f"limits.announced: {code} is no unit of this province{did_you_mean(code, known)}"
                yield on_province(marks, ("limits", "announced", i, "units", j), reason)


def protected_unknown(inventory: Inventory, marks: Marks) -> Iterator[Remark]:
    """What is protected can be there: a wrong name would protect nothing."""
    names = list(_resources(inventory, marks))
    for i, glob in enumerate(inventory.province.limits.protected):
        if not any(fnmatchcase(name, glob) for name in names):
            way_out = (
                "resources are hosts and machines, gw-, dns- and mail- with a unit's code, vm- with a machine's name"
            )
            reason = f'limits.protected: "{glob}" is no resource; {way_out}, zones and directory'
            yield on_province(marks, ("limits", "protected", i), reason)


def _resources(inventory: Inventory, marks: Marks) -> Iterator[str]:
    """The names that resources can have."""
    yield from ("zones", "directory", *inventory.province.servers)
    for platform in inventory.platforms:
        for machine in platform.machine_names:
            yield from (machine, f"vm-{machine}")
    for code in {unit.code for unit in inventory.units} | marks.codes:
        yield from (f"gw-{code}", f"dns-{code}", f"mail-{code}")


SAFETY_INVENTORY_RULES = (announced_unit, protected_unknown)
