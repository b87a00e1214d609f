"""What depends on what in a province, for `haicap.plan.blast`."""

from __future__ import annotations

from datetime import date

from haicap.addressing.model import Locks
from haicap.inventory.model import Inventory, System, Unit
from haicap.inventory.staff import Staff
from haicap.lifecycle import is_standing, stage_of
from haicap.plan.blast import Platform, World


def world_of(inventory: Inventory, staff: Staff, locks: Locks, as_of: date) -> World:
    """A province's world on a date: units' people are those in office then, by their staff file."""
    codes = frozenset(unit.code for unit in inventory.units)
    return World(
        people={unit.code: _people(unit, staff, as_of) for unit in inventory.units},
        roles=dict(inventory.province.servers),
        tunnels=_standing(inventory, "vpn", as_of),
        mail=_standing(inventory, "mail", as_of) & staff.units.keys()
        if inventory.province.mail.server
        else frozenset(),
        platforms={
            platform.name: Platform(
                platform.title,
                {name: locks.machines[name].hypervisor for name in platform.machine_names if name in locks.machines},
                frozenset(platform.serves) or codes,
            )
            for platform in inventory.platforms
        },
    )


def _standing(inventory: Inventory, system: System, as_of: date) -> frozenset[str]:
    province = inventory.province
    return frozenset(unit.code for unit in inventory.units if is_standing(stage_of(province, unit, system, as_of)))


def _people(unit: Unit, staff: Staff, as_of: date) -> frozenset[str]:
    """Staff numbers of who works there, or will; the inventory's number of staff where there is no file."""
    file = staff.units.get(unit.code)
    if file is None:
        return frozenset(f"{unit.code}/{number}" for number in range(1, unit.staff + 1))
    return frozenset(person.id for person in file.people if person.until is None or person.until >= as_of)
