"""A plan's file: read it back, hold it to its digest, and to what stands now."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from haicap.errors import HaicapError, Refused
from haicap.plan.model import FORMAT, Json, Plan, digest_of
from haicap.plan.selection import Selection


@dataclass(frozen=True)
class SavedPlan:
    """A plan as it was written. `selection` is what it was limited to, `destroy` the units that it takes away."""

    path: Path
    province: str
    target: str
    as_of: date
    selection: Selection
    destroy: frozenset[str] | None
    digest: str
    basis: dict[str, str]


def read_plan(path: Path) -> SavedPlan:
    """Read a plan file. HaicapError when it isn't one; Refused when it was altered after it was made."""
    document = _parse(path)
    body = {key: value for key, value in document.items() if key not in ("format", "digest")}
    if digest_of(body) != document["digest"]:
        raise Refused(f"{path}: this plan was altered after it was made: its digest does not match. Make a new one.")
    selection = document["selection"]
    destroy = selection.get("destroy")
    return SavedPlan(
        path=path,
        province=document["province"],
        target=document["target"],
        as_of=date.fromisoformat(document["as_of"]),
        selection=Selection.of(selection),
        destroy=None if destroy is None else frozenset(destroy),
        digest=document["digest"],
        basis=document["basis"],
    )


def ensure_same(saved: SavedPlan, plan: Plan) -> None:
    """Refused unless the plan made now is, to the byte, the one that was saved; it says what has moved."""
    if saved.digest == plan.digest:
        return
    if saved.target != plan.target:
        raise Refused(f"{saved.path}: this plan was made for the {saved.target}, not for the {plan.target}.")
    moved = [name for name, digest in saved.basis.items() if plan.basis.get(name) != digest]
    what = " and ".join(moved) if moved else "haicap itself"
    verb = "have" if len(moved) > 1 else "has"
    raise Refused(
        f"{saved.path}: {what} {verb} moved since this plan was made; what it says is no longer what would happen.\n"
        f"Make a new one: `haicap plan {plan.province} -o {saved.path}`."
    )


def _parse(path: Path) -> dict[str, Json]:
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise HaicapError(f"{path}: {error.strerror}. Make a plan with `haicap plan -o {path}`.") from error
    except ValueError as error:
        raise HaicapError(f"{path}: this is not a plan: {error}.") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise HaicapError(f"{path}: this is not a plan of format {FORMAT}. Make one with `haicap plan -o {path}`.")
    missing = [key for key in ("digest", "province", "target", "as_of", "selection", "basis") if key not in document]
    if missing:
        raise HaicapError(f"{path}: the plan lacks {', '.join(missing)}. Make a new one.")
    return document
