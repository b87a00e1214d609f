"""Whether the locks are what the inventory needs: `haicap lock --check`, and what `haicap plan` asks first."""

from __future__ import annotations

from datetime import date

from haicap.addressing.draft import Entry
from haicap.addressing.model import Locks
from haicap.addressing.overlaps import find_clashes, find_same_labels, find_same_machine_addresses
from haicap.addressing.planner import draft_locks
from haicap.errors import Finding
from haicap.inventory.model import Inventory

_ADDRESSES, _NAMES, _MACHINES = "addresses.lock.yml", "names.lock.yml", "machines.lock.yml"


def verify(inventory: Inventory, locks: Locks) -> list[Finding]:
    """Everything in which inventory and locks disagree, in a stable order; empty if `haicap lock` has nothing to do.

    It is what the planner would change, said as findings, so the two cannot differ. No day is asked for: a tombstone
    whose rest is over is no disagreement.
    """
    folder = f"inventories/{inventory.slug}"
    clashes = [(_ADDRESSES, clash) for clash in find_clashes(locks.members)]
    clashes += [(_NAMES, clash) for clash in find_same_labels(locks.names)]
    clashes += [(_MACHINES, clash) for clash in find_same_machine_addresses(locks.machines)]
    if clashes:
        reason = "take one side of the merge whole"
        return [
            Finding(f"{folder}/{file}", 0, "/".join(path), f"{why}; {reason}", "lock-overlap")
            for file, (path, why) in clashes
        ]
    new, *drafts = draft_locks(inventory, locks, date.min, frozenset())
    way_out = f"run `haicap lock {inventory.slug}`"
    found: list[Finding] = []
    for draft, file, size in zip(drafts, (_ADDRESSES, _MACHINES), ("segment-size", "disk-size"), strict=True):
        path = f"{folder}/{file}"
        found += _as_findings(draft.added, path, f"is not locked yet; {way_out}", "not-locked")
        found += _as_findings(draft.removed, path, f"but it is locked as in use; {way_out}", "not-removed")
        found += _as_findings(draft.grown, path, f"the locked one is too small; {way_out}", size)
        found += draft.findings
    if not found and new != locks:
        found.append(
            Finding(f"{folder}/{_ADDRESSES}", 0, "", f"is not what the inventory needs; {way_out}", "not-locked")
        )
    return sorted(set(found))


def _as_findings(entries: list[Entry], file: str, reason: str, rule: str) -> list[Finding]:
    return [Finding(file, 0, subject, f"{detail}: {reason}", rule) for subject, detail in entries]
