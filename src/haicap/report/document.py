"""The report as JSON, for programs: the same for all that reports are of, with units' names and values in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from haicap.plan.model import Json
from haicap.report.model import Item, Report
from haicap.report.parts import Hunk, Part, Text, parts_of

FORMAT = "haicap.report/1"


def to_json(report: Report) -> str:
    """The document `haicap.report/1`, on one line."""
    document = {
        "format": FORMAT,
        "kind": report.kind,
        "subject": report.subject,
        "facts": dict(report.facts),
        "summary": {**report.counts, **({"unchanged": report.unchanged} if report.kind in ("plan", "diff") else {})},
        "breaches": [{**asdict(one), "overridden": report.reason_for(one)} for one in report.breaches],
        "destroys": list(report.destroys),
        "keeps": list(report.keeps),
        "waiting": [asdict(one) for one in report.waiting],
        "verdict": None if report.verdict is None else {"passed": report.verdict, "reasons": list(report.reasons)},
        "tables": [asdict(one) for one in report.tables],
        "units": dict(report.units),
        "sides": list(report.sides),
        "items": [_item(report, item) for item in report.items],
    }
    return json.dumps(document, ensure_ascii=False) + "\n"  # on one line: indented it takes three times as long


def part_json(part: Part) -> dict[str, Any]:
    """A part for programs. A text that comes or goes whole is `gone` or `new`; else it has hunks of pairs of lines."""
    if not isinstance(part, Text):
        return {"place": part.place, "rows": [list(row) for row in part.rows]}
    notes = {"notes": list(part.notes)} if part.notes else {}
    if len(part.hunks) == 1:
        rows = part.hunks[0].rows
        for at, key in ((0, "new"), (1, "gone")):
            if all(row[at] is None for row in rows):
                return {"place": part.place, key: [row[1 - at] for row in rows], **notes}
    return {"place": part.place, "hunks": [_hunk(hunk) for hunk in part.hunks], **notes}


def _hunk(hunk: Hunk) -> dict[str, Any]:
    return {"before": hunk.before, "after": hunk.after, "rows": [_row(row) for row in hunk.rows]}


def _row(row: tuple[str | None, str | None]) -> list[str | None]:
    """A line that stays is said once."""
    return [row[0]] if row[0] == row[1] else list(row)


def _item(report: Report, item: Item) -> Mapping[str, Json]:
    return {
        "unit": item.unit or None,
        "name": report.name_of(item.unit),
        "system": item.system,
        "resource": item.what,
        "action": item.action,
        "destroys": list(item.destroys),
        "keeps": list(item.keeps),
        "cost": item.cost,
        "parts": [part_json(part) for part in parts_of(item.diff)],
    }
