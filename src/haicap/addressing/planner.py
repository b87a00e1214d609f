"""What `haicap lock` does: from the inventory and what is locked to what shall be locked. Pure.

The promises, each held by a property test in tests/property:

- What is locked stays, whatever else is added, removed, reordered or renamed. Newcomers take the lowest free values,
  served by code and the day they are valid from, so that the order in a file never matters.
- No two members ever share an address, those that rest included.
- Who leaves rests for `pools.rest_days` (see `rest`).
- The same inventory again changes nothing.
- A segment grows where it is or is a finding (see `segments`); a label never moves (see `names`).
- A machine never moves, and its disks never shrink (see `machines`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date

from haicap.addressing.draft import Draft, lines
from haicap.addressing.machines import plan_machines
from haicap.addressing.members import plan_members
from haicap.addressing.model import Locks, Member
from haicap.addressing.names import plan_names
from haicap.addressing.segments import plan_segments
from haicap.errors import Finding
from haicap.inventory.model import Inventory


@dataclass(frozen=True)
class Planned:
    """The new locks, and what is different in them, a line each: `unit 24958 "Đức Trọng": segment "guest" ...`.

    With findings the locks are still sound: what could not be done is missing, or as it was.
    """

    locks: Locks
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    grown: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def plan_locks(inventory: Inventory, locks: Locks, today: date, move: Collection[str] = frozenset()) -> Planned:
    """Lock everything that the inventory needs. `today` dates tombstones; keys pass through.

    `move` names segments that may get a new place if they are too small and cannot grow: `24958/staff`.
    """
    new, draft, machines = draft_locks(inventory, locks, today, move)
    return Planned(
        locks=new,
        added=lines(draft.added) + lines(machines.added),
        removed=lines(draft.removed) + lines(machines.removed),
        grown=lines(draft.grown) + lines(machines.grown),
        moved=lines(draft.moved),
        findings=tuple(sorted({*draft.findings, *machines.findings})),
    )


def draft_locks(inventory: Inventory, locks: Locks, today: date, move: Collection[str]) -> tuple[Locks, Draft, Draft]:
    """`plan_locks` with its entries still apart, subject and detail: those of members and names, those of machines."""
    draft = Draft(f"inventories/{inventory.slug}/province.yml")
    members = plan_members(inventory, locks.members, today, draft)
    _plan_blocks(inventory, members, move, draft)
    names = plan_names(inventory, locks.names, today, draft)
    on_machines = Draft(draft.file)
    machines = plan_machines(inventory, locks.machines, members.values(), today, on_machines)
    new = replace(locks, members=dict(sorted(members.items())), names=names, machines=machines)
    return new, draft, on_machines


def _plan_blocks(inventory: Inventory, members: dict[str, Member], move: Collection[str], draft: Draft) -> None:
    """Give every unit that has a block its segments."""
    wanted = inventory.province.defaults.segments
    known = {f"{unit.code}/{name}" for unit in inventory.units for name in wanted} if move else set()
    for place in sorted(set(move) - known):
        draft.find(f"--move {place}", "there is no such unit and segment; write CODE/SEGMENT", "known-segment")
    for unit in inventory.units:
        if unit.identity in members:
            moves = {name for name in wanted if f"{unit.code}/{name}" in move}
            members[unit.identity] = plan_segments(unit, wanted, members[unit.identity], moves, draft)
