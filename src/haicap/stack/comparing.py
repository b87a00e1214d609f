"""Two sides against each other: the document `haicap.diff/1`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from haicap.plan.blast import Blast, blast_of
from haicap.plan.compare import FORMAT, Comparison, Move, compare
from haicap.plan.model import Change, Json
from haicap.plan.partial import plan_and_design, plan_and_plan
from haicap.stack.resources import Resource
from haicap.stack.sides import Place, Side, read_sides


@dataclass(frozen=True)
class Compared:
    """What is different between two sides, and whom that touches, where that was asked for."""

    before: Side
    after: Side
    found: Comparison
    blast: Blast | None = None

    @property
    def units(self) -> dict[str, Json]:
        """The facts of every unit that something is different about; those of `after` where both sides have it."""
        touched = {change.unit for change in self.found.changes}
        touched |= {code for move in self.found.moves for code in (move.what, move.before, move.after)}
        return {code: facts for code, facts in sorted(_units(self.before, self.after).items()) if code in touched}

    def to_json(self) -> dict[str, Json]:
        """The document `haicap.diff/1`."""
        found = self.found.to_json()
        return {
            "format": FORMAT,
            "province": self.after.province,
            "from": self.before.to_json(),
            "to": self.after.to_json(),
            "summary": found["summary"],
            "units": self.units,
            "moves": found["moves"],
            "changes": found["changes"],
            "blast": self.blast.to_json() if self.blast is not None else None,
        }


def compare_places(first: Place, second: Place) -> Compared:
    """Read two sides and compare them. HaicapError or FindingsError where one can't be read."""
    before, after = read_sides(first, second)
    return Compared(before, after, _compare(before, after))


def limit(compared: Compared, codes: Collection[str], systems: Collection[str], *, blast: bool) -> Compared:
    """The same with only the changes of some units and systems, and with whom those touch; nothing named means all."""
    found = compared.found
    if not (codes or systems):
        return replace(compared, blast=_blast(compared.before, compared.after, found) if blast else None)

    def is_chosen(one: Change | Resource) -> bool:
        return (not codes or one.unit in codes) and (not systems or one.system in systems)

    changes = tuple(change for change in found.changes if is_chosen(change))
    names = {change.resource for change in found.changes}
    unchanged = sum(is_chosen(one) for name, one in compared.after.resources.items() if name not in names)
    moves = tuple(move for move in found.moves if _is_told(move, {one.resource for one in changes}, codes, systems))
    limited = replace(found, changes=changes, moves=moves, unchanged=unchanged)
    told = _blast(compared.before, compared.after, limited) if blast else None
    return replace(compared, found=limited, blast=told)


def _is_told(move: Move, names: Collection[str], codes: Collection[str], systems: Collection[str]) -> bool:
    if not set(move.resources).isdisjoint(names):
        return True
    return move.kind == "unit" and not systems and bool({move.what, move.before, move.after} & set(codes))


def _compare(before: Side, after: Side) -> Comparison:
    if before.place.kind == "plan" and after.place.kind == "plan":
        return compare(*plan_and_plan(before.changes, after.changes))
    if before.place.kind == "plan":
        return compare(*plan_and_design(before.changes, after.resources))
    if after.place.kind == "plan":
        planned, designed = plan_and_design(after.changes, before.resources)
        return compare(designed, planned)
    same = before.province == after.province
    return compare(before.resources, after.resources, (before.units, after.units) if same else ({}, {}))


def _blast(before: Side, after: Side, found: Comparison) -> Blast:
    codes = {move.before: move.after for move in found.moves if move.kind == "unit" and move.before in before.units}
    return blast_of(found.changes, after.world.beside(before.world.renamed(codes)))


def _units(before: Side, after: Side) -> Mapping[str, Json]:
    return {**before.units, **after.units}
