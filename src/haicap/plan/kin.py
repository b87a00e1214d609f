"""Which unit of one side is which of the other, where its code is another. Pure, over units' facts by code.

Codes are given out anew over the years, and names repeat: neither alone says that two units are one. They are the same
where the name is the same and something else speaks for it, or where they were made from the same communes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from unicodedata import normalize

from haicap.plan.model import Json

Facts = Mapping[str, Json]  # of one unit: name, predecessors, gateway (`haicap.stack.facts`)


@dataclass(frozen=True)
class Kin:
    """A unit that has another code on the other side, and what says that it is the same one."""

    before: str
    after: str
    because: str


def find_kin(before: Mapping[str, Facts], after: Mapping[str, Facts]) -> tuple[Kin, ...]:
    """The units that only changed their code, by their new one. Each has one partner at most; where two would do, the
    one with more in common is taken, then the lower code."""
    gone = {code: facts for code, facts in before.items() if code not in after}
    new = {code: facts for code, facts in after.items() if code not in before}
    pairs = [
        (-len(reasons), old, code, reasons)
        for code, facts in new.items()
        for old, known in gone.items()
        if (reasons := list(_reasons(old, known, facts)))
    ]
    found: dict[str, Kin] = {}
    taken: set[str] = set()
    for _, old, code, reasons in sorted(pairs, key=lambda pair: pair[:3]):
        if code not in found and old not in taken:
            taken.add(old)
            found[code] = Kin(old, code, f"the same {' and '.join(reasons)}")
    return tuple(found[code] for code in sorted(found))


def _reasons(old: str, before: Facts, after: Facts) -> Iterator[str]:
    """What two units have in common; nothing where that is not enough to call them one."""
    name = normalize("NFC", before["name"]) == normalize("NFC", after["name"])
    origins = bool(after["predecessors"]) and set(before["predecessors"]) == set(after["predecessors"])
    block = before["gateway"].get("block")
    same_block = block is not None and block == after["gateway"].get("block")
    came_from = old in after["predecessors"] or set(before["predecessors"]) & set(after["predecessors"])
    if not origins and not (name and (same_block or came_from)):
        return
    if name:
        yield "name"
    if origins:
        yield "predecessors"
    if same_block:
        yield f"block {block}"
    if not origins and not same_block:
        yield "origin"
