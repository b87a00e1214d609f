"""Former addresses that people declare: whose they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

Conflict = tuple[str, str, str]  # who, the reason, the rule


@dataclass(frozen=True)
class Claims:
    """Former addresses that are granted, by holder, and the conflicts."""

    granted: Mapping[str, set[str]]
    conflicts: tuple[Conflict, ...]


def claim_former(declared: Mapping[str, Collection[str]], owners: dict[str, str]) -> Claims:
    """Grant what is declared as a former address, and note it in `owners` (address: whose it is, or was).

    Somebody else's address is a conflict, and so is one that several declare: the lock's owner has it, else the first
    by key. Addresses that would forward in a circle are told as such.
    """
    granted: dict[str, set[str]] = defaultdict(set)
    conflicts: list[Conflict] = []
    leads: dict[str, set[str]] = defaultdict(set)
    for key, addresses in sorted(item for item in declared.items() if item[1]):
        for address in sorted(addresses):
            owner = owners.setdefault(address, key)
            if owner == key:
                granted[key].add(address)
                continue
            leads[key].add(owner)
            conflicts.append((key, f"former address {address} is, or was, {owner}'s; take it out", "former-taken"))
    return Claims(granted, (*conflicts, *_circle(leads)))


def _circle(leads: Mapping[str, set[str]]) -> list[Conflict]:
    """A circle of holders who each declare the next one's address."""
    try:
        TopologicalSorter({key: sorted(owners) for key, owners in sorted(leads.items())}).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        first = min(key for key in circle if key in leads)
        return [(first, f"former addresses forward in a circle: {', '.join(sorted(set(circle)))}", "forward-loop")]
    return []
