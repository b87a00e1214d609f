"""From a file to its report. A plan is held to its digest; of the others, the format is checked."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from haicap.errors import HaicapError
from haicap.plan.file import read_plan
from haicap.plan.model import PENDING, Breach, Change, Difference, Json, Override, Plan, Wait
from haicap.report.certificate import of_statement
from haicap.report.leaves import words_of
from haicap.report.model import STATUSES, Item, Report, Table
from haicap.report.visible import all_visible

_INSPECTIONS = ("haicap.inspection/1", "haicap.inspection/2")
_MOVE = ("kind", "what", "from", "to", "because", "resources")
_STATEMENT = "application/vnd.in-toto+json"
_MAKE_ONE = (
    "A report can be of a plan (`haicap plan -o plan.json`), an inspection (`haicap inspect --json`), a difference "
    "(`haicap diff`) and a certificate (`haicap certify`)."
)


def read_report(path: Path) -> Report:
    """The report of a plan, an inspection, a difference or a certificate. HaicapError when it is none of them, Refused
    when a plan was altered."""
    document = _parse(path)
    reader = _reader(document)
    if reader is of_plan_file:
        read_plan(path)  # it refuses what was altered; what it took in is to the byte this document
    if reader is None:
        raise HaicapError(f"{path}: this is nothing that a report can be of. {_MAKE_ONE}")
    try:
        return reader(all_visible(document))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise HaicapError(f"{path}: this can't be read ({error!r}). Make it again.") from error


def _parse(path: Path) -> Mapping[str, Any]:
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise HaicapError(f"{path}: {error.strerror}. {_MAKE_ONE}") from error
    except (ValueError, RecursionError) as error:
        raise HaicapError(f"{path}: this is no JSON: {error}. {_MAKE_ONE}") from error
    if not isinstance(document, dict):
        raise HaicapError(f"{path}: this is nothing that a report can be of. {_MAKE_ONE}")
    return document


def _reader(document: Mapping[str, Any]) -> Callable[[Mapping[str, Json]], Report] | None:
    if str(document.get("format", "")).startswith("haicap.plan/"):
        return of_plan_file
    if document.get("format") in _INSPECTIONS:
        return of_inspection
    if document.get("format") == "haicap.diff/1":
        return of_diff
    return of_envelope if document.get("payloadType") == _STATEMENT else None


def of_plan_file(document: Mapping[str, Json]) -> Report:
    """The report of a plan's file."""
    return of_plan(Plan.of(document), document["digest"])


def of_plan(plan: Plan, digest: str) -> Report:
    """A plan's report. `digest` is that of the plan as it is, not of what is shown of it."""
    made = plan.made
    selection = [f"{key}: {', '.join(map(str, values))}" for key, values in plan.selection.items() if values]
    facts = {
        "digest": digest,
        "made-at": made.at,
        "made-by": made.by,
        "expires": made.expires,
        "commit": made.commit,
        "authors": ", ".join(made.authors),
        "tools": ", ".join(f"{name} {version}" for name, version in made.tools.items()),
        "selection": "; ".join(selection),
    }
    basis = tuple((name, str(value)) for name, value in plan.basis.items())
    return Report(
        "plan",
        f"{plan.province}, {plan.target}, {plan.as_of}",
        tuple((key, value) for key, value in facts.items() if value),
        PENDING,
        items=tuple(map(Item.of_change, plan.changes)),
        unchanged=plan.unchanged,
        units=plan.units,
        breaches=plan.breaches,
        overrides=plan.overrides,
        waiting=plan.waiting,
        tables=(Table("basis", ("name", "digest"), basis),),
    )


def of_inspection(document: Mapping[str, Json]) -> Report:
    """An inspection's report. Version 2 of the format says more of how it came about."""
    facts = {
        "digest": document.get("digest"),
        "inspected-at": document.get("at"),
        "inspected-by": document.get("by"),
        "plan-digest": document.get("plan"),
    }
    units = document.get("units")
    words = [str(document[key]) for key in ("province", "target", "as_of") if document.get(key)]
    probes = tuple(document["probes"])
    return Report(
        "inspection",
        ", ".join(words),
        tuple((key, str(value)) for key, value in facts.items() if value),
        STATUSES,
        ("expected", "observed"),
        tuple(map(Item.of_probe, probes)),
        units=units if isinstance(units, Mapping) else {},
        rows=probes,
    )


def of_diff(document: Mapping[str, Json]) -> Report:
    """The report of a difference between two designs."""
    sides = (str(document["from"]["label"]), str(document["to"]["label"]))
    facts = [(key, str(document[key].get("digest") or "")) for key in ("from", "to")]
    return Report(
        "diff",
        " / ".join([*([str(document["province"])] if document.get("province") else []), " → ".join(sides)]),
        tuple((key, value) for key, value in facts if value),
        PENDING,
        sides,
        tuple(Item.of_change(_change_of(change)) for change in document["changes"]),
        unchanged=int(document.get("summary", {}).get("unchanged", 0)),
        units=document.get("units", {}),
        breaches=tuple(Breach(**one) for one in document.get("breaches", [])),
        overrides=tuple(Override(**one) for one in document.get("overrides", [])),
        waiting=tuple(Wait(**one) for one in document.get("waiting", [])),
        tables=(*_moves(document.get("moves") or []), *_blast(document.get("blast") or {})),
    )


def of_envelope(document: Mapping[str, Json]) -> Report:
    """The report of a certificate: what its statement says. Nothing of it is verified here."""
    try:
        payload = base64.b64decode(document["payload"], validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError(f"its payload: {error}") from error
    keys = [str(one.get("keyid", "")) for one in document.get("signatures", [])]
    return of_statement(all_visible(json.loads(payload)), keys)


def _change_of(document: Mapping[str, Json]) -> Change:
    diff = tuple(Difference(tuple(d["path"]), d["before"], d["after"]) for d in document["diff"])
    lists = {key: tuple(document.get(key, ())) for key in ("destroys", "keeps")}
    return Change(
        document["unit"],
        document["system"],
        document["resource"],
        document["action"],
        document.get("digest", ""),
        diff,
        **lists,
        cost=document.get("cost", ""),
    )


def _moves(moves: list[Mapping[str, Json]]) -> tuple[Table, ...]:
    rows = tuple(tuple(words_of(move.get(key)) for key in _MOVE) for move in moves)
    return (Table("moves", _MOVE, rows),) if rows else ()


def _blast(blast: Mapping[str, Json]) -> tuple[Table, ...]:
    lists = ((key, value if isinstance(value, list) and key == "via" else [value]) for key, value in blast.items())
    rows = tuple((key, words_of(one)) for key, values in lists for one in values)
    return (Table("blast", ("what", "value"), rows),) if rows else ()
