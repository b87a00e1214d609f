"""One side of a comparison: a province on a date, at a commit, in another folder, or what a plan makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from haicap.errors import HaicapError
from haicap.plan.blast import World
from haicap.plan.file import read_plan
from haicap.plan.model import Change, Json, digest_of
from haicap.stack.commits import unpack
from haicap.stack.facts import facts_of
from haicap.stack.premises import Premises, premises_of
from haicap.stack.resources import Drawn, Resource, resources_of
from haicap.stack.workspace import Workspace
from haicap.stack.world import world_of

SideKind = Literal["date", "commit", "plan", "inventory", "province"]


@dataclass(frozen=True)
class Place:
    """What a side is read from, before it is read. `directory` holds `inventories/`, `file` is a plan's; `commit` is
    empty but for a commit, in whose repository `directory` is. A plan has no `slug` where its province is not there."""

    kind: SideKind
    label: str
    directory: Path
    slug: str = ""
    file: Path | None = None
    as_of: date = date.min
    commit: str = ""


@dataclass(frozen=True)
class Side:
    """A side that was read. Of a plan only its changes are known."""

    place: Place
    province: str
    digest: str
    drawn: Drawn | None = None
    changes: tuple[Change, ...] = ()
    units: Mapping[str, Json] = field(default_factory=dict)
    premises: Premises | None = None

    @property
    def resources(self) -> Mapping[str, Resource]:
        """All that stands there, by name; nothing of a plan."""
        return self.drawn.resources if self.drawn is not None else {}

    @property
    def supposed(self) -> tuple[str, ...]:
        """What was supposed because it is not on disk."""
        return self.premises.supposed if self.premises is not None else ()

    @property
    def world(self) -> World:
        """What depends on what there; around a plan, in the inventory that is beside it."""
        known = self.premises or (_premises(self.place) if self.place.slug else None)
        if known is None:
            raise HaicapError(
                f"{self.place.label}: whom it touches is not in a plan, and {self.place.directory}/inventories has no "
                f"{self.province}. Name the folder with -C."
            )
        return world_of(known.inventory, known.staff, known.locks, self.place.as_of)

    def to_json(self) -> dict[str, Json]:
        """As the document has it: what it is, and what was supposed because it is not on disk."""
        told = {"label": self.place.label, "kind": self.place.kind, "digest": self.digest}
        return {**told, "supposes": list(self.supposed)}


def read_sides(first: Place, second: Place) -> tuple[Side, Side]:
    """Both sides. What two dates of one inventory share is read once; a side without locks goes on from the other's.

    HaicapError where one can't be read, FindingsError where its inventory is wrong.
    """
    if first.kind == "plan" or second.kind == "plan":
        one, other = (_planned(place) if place.kind == "plan" else None for place in (first, second))
        return one or _designed(first, _premises(first)), other or _designed(second, _premises(second))
    known = _premises(first)
    shared = (first.directory, first.slug, first.commit) == (second.directory, second.slug, second.commit)
    others = known if shared else _premises(second, known)
    if not shared and not known.is_locked and others.is_locked:
        known = _premises(first, others)
    before = _designed(first, known)
    return before, _designed(second, others, before.drawn)


def _planned(place: Place) -> Side:
    assert place.file is not None  # noqa: S101 - a plan is a file
    plan = read_plan(place.file).plan
    return Side(place, plan.province, plan.digest, changes=plan.changes, units=plan.units)


def _premises(place: Place, beside: Premises | None = None) -> Premises:
    if not place.commit:
        return premises_of(Workspace.open(place.directory, place.slug, "live"), beside)
    with TemporaryDirectory(prefix="haicap-") as folder:
        unpack(place.directory, place.commit, place.slug, Path(folder))
        return premises_of(Workspace.open(Path(folder), place.slug, "live"), beside)


def _designed(place: Place, premises: Premises, beside: Drawn | None = None) -> Side:
    inventory, locks = premises.inventory, premises.locks
    design = premises.design(place.as_of)
    resources = {resource.name: resource for resource in resources_of(design, beside)}
    return Side(
        place,
        place.slug,
        digest_of({name: resource.inputs for name, resource in resources.items()}),
        Drawn(design, resources),
        units=facts_of(inventory, locks, {unit.code for unit in inventory.units}),
        premises=premises,
    )
