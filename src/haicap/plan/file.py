"""A plan's file: read it back, hold it to its digest, and to what stands now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from haicap.errors import Refused
from haicap.plan.document import read_document
from haicap.plan.model import FORMAT, Json, Plan
from haicap.plan.selection import Selection


@dataclass(frozen=True)
class SavedPlan:
    """A plan as it was written. `selection` is what it was limited to, `destroy` the units that it takes away."""

    path: Path
    plan: Plan
    as_of: date
    selection: Selection
    destroy: frozenset[str] | None


def read_plan(path: Path) -> SavedPlan:
    """Read a plan file. HaicapError when it isn't one; Refused when a byte of it was altered after it was made."""
    plan = read_document(path, _plan_of, FORMAT, "`haicap plan -o plan.json` makes one.")
    destroy = plan.selection.get("destroy")
    selection, as_of = Selection.of(plan.selection), date.fromisoformat(plan.as_of)
    return SavedPlan(path, plan, as_of, selection, None if destroy is None else frozenset(destroy))


def _plan_of(document: Mapping[str, Json]) -> Plan:
    """The plan, with a date and a selection that can be read."""
    plan = Plan.of(document)
    date.fromisoformat(plan.as_of)
    Selection.of(plan.selection)
    return plan


def ensure_same(saved: SavedPlan, now: Plan) -> None:
    """Refused unless the plan made now is, to the byte, the one that was saved; it says what has moved.

    When, by whom and for how long a plan was made is taken from the saved one, and so is what its limits said then.
    """
    then = saved.plan
    made = replace(now.made, at=then.made.at, by=then.made.by, expires=then.made.expires, authors=then.made.authors)
    if then.digest == replace(now, made=made, breaches=then.breaches, overrides=then.overrides).digest:
        return
    if then.target != now.target:
        raise Refused(f"{saved.path}: this plan was made for the {then.target}, not for the {now.target}.")
    if then.basis.get("approvers") != now.basis.get("approvers"):
        raise Refused(
            f"{saved.path}: who may approve has changed since this plan was made: approvers.yml is another.\n"
            f"Have that change reviewed, then make a new plan: `haicap plan {now.province} -o {saved.path}`."
        )
    moved = [name for name, digest in then.basis.items() if now.basis.get(name) != digest]
    moved += ["commit"] if then.made.commit != made.commit else []
    moved += [name for name, version in then.made.tools.items() if made.tools.get(name) != version]
    what = " and ".join(moved) if moved else "haicap itself"
    verb = "have" if len(moved) > 1 else "has"
    raise Refused(
        f"{saved.path}: {what} {verb} moved since this plan was made; what it says is no longer what would happen.\n"
        f"Make a new one: `haicap plan {now.province} -o {saved.path}`."
    )
