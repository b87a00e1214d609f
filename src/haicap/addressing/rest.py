"""What happens to the lock of who leaves the inventory.

The entry becomes a tombstone: it keeps its values and the day it was removed, and they rest. Who comes back while the
tombstone is there has its old values again. The first lock after `rest_days` drops the tombstone, and its values are
free.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from typing import TypeVar

from haicap.addressing.model import Member, Name, Placed

Entry = TypeVar("Entry", Member, Name, Placed)


def settle(locked: Mapping[str, Entry], present: Collection[str], today: date, rest_days: int) -> dict[str, Entry]:
    """Entries by identity: those present without a tombstone's date, the others with one, and none that has rested."""
    entries: dict[str, Entry] = {}
    for identity, entry in locked.items():
        if identity in present:
            entries[identity] = replace(entry, removed=None)
            continue
        removed = entry.removed or today
        if (today - removed).days < rest_days:
            entries[identity] = replace(entry, removed=removed)
    return entries
