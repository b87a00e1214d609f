"""What a schema cannot say: rules over a whole inventory. Pure; each rule has a name, a reason and a way out.

A rule is a function that yields remarks; its name with hyphens is the rule's. To add one: write it in the module of
what it reads, put it into that module's tuple, and add a case to tests/errors/.
"""

from __future__ import annotations

from haicap.errors import Finding
from haicap.inventory.marks import Marks
from haicap.inventory.model import Inventory, Province, Unit
from haicap.inventory.platforms import Platform
from haicap.inventory.rules.approvers import APPROVER_INVENTORY_RULES, APPROVER_RULES
from haicap.inventory.rules.base import run
from haicap.inventory.rules.machines import HARDWARE_RULES, MACHINE_RULES
from haicap.inventory.rules.platforms import PLATFORM_RULES
from haicap.inventory.rules.province import PROVINCE_RULES
from haicap.inventory.rules.safety import SAFETY_INVENTORY_RULES, SAFETY_RULES
from haicap.inventory.rules.staff import STAFF_INVENTORY_RULES, STAFF_RULES, StaffFiles
from haicap.inventory.rules.together import INVENTORY_RULES
from haicap.inventory.rules.units import UNIT_RULES


def rule_names() -> list[str]:
    """Every rule's name, in the order in which they are held."""
    alone = (*PROVINCE_RULES, *HARDWARE_RULES, *SAFETY_RULES, *UNIT_RULES, *PLATFORM_RULES)
    together = (*INVENTORY_RULES, *MACHINE_RULES, *SAFETY_INVENTORY_RULES)
    staff_rules = (*STAFF_RULES, *STAFF_INVENTORY_RULES)
    approval = (*APPROVER_RULES, *APPROVER_INVENTORY_RULES)
    named = (*alone, *together, *staff_rules, *approval)
    return list(dict.fromkeys(rule.__name__.replace("_", "-") for rule in named))


def check_province(province: Province, marks: Marks) -> list[Finding]:
    """The rules on province.yml alone."""
    return run((*PROVINCE_RULES, *HARDWARE_RULES, *SAFETY_RULES), province, marks)


def check_units(units: tuple[Unit, ...], marks: Marks) -> list[Finding]:
    """The rules on units.yml alone."""
    return run(UNIT_RULES, units, marks)


def check_platforms(platforms: tuple[Platform, ...], marks: Marks) -> list[Finding]:
    """The rules on platforms.yml alone."""
    return run(PLATFORM_RULES, platforms, marks)


def check(inventory: Inventory, marks: Marks | None = None) -> list[Finding]:
    """All rules, in a fixed order. Without marks, findings have no lines."""
    known = marks or Marks()
    return [
        *check_province(inventory.province, known),
        *check_units(inventory.units, known),
        *check_platforms(inventory.platforms, known),
        *run((*INVENTORY_RULES, *MACHINE_RULES, *SAFETY_INVENTORY_RULES), inventory, known),
    ]


def check_staff(files: StaffFiles, inventory: Inventory | None) -> list[Finding]:
    """The rules on staff files; without an inventory, those that need none."""
    found = run(STAFF_RULES, files)
    return found if inventory is None else [*found, *run(STAFF_INVENTORY_RULES, files, inventory)]
