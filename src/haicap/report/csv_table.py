"""CSV, for spreadsheets: a row a change or probe. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from haicap.report.model import Report
from haicap.report.parts import places_of

# A spreadsheet takes a cell that begins with one of these as a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_COLUMNS = ("unit", "name", "system", "resource", "action", "changes", "destroys", "keeps", "cost")
_PROBES = ("unit", "name", "host", "system", "probe", "status", "expected", "observed", "seconds")


def to_csv(report: Report) -> str:
    """A heading and a row each; lists in one cell, a line each. A cell that a spreadsheet would take for a formula gets
    a leading apostrophe."""
    rows = _probes(report) if report.rows else _changes(report) if report.actions else report.facts
    columns = _PROBES if report.rows else _COLUMNS if report.actions else ("what", "value")
    return _written([columns, *rows])


def _changes(report: Report) -> Iterator[Sequence[str]]:
    for item in report.items:
        lists = ("\n".join(each) for each in (places_of(item.diff), item.destroys, item.keeps))
        yield (item.unit, report.name_of(item.unit), item.system, item.what, item.action, *lists, item.cost)


def _probes(report: Report) -> Iterator[Sequence[str]]:
    for row in report.rows:
        known = {**row, "name": report.name_of(row.get("unit") or "")}
        yield ["" if known.get(column) is None else str(known[column]) for column in _PROBES]


def _written(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([_inert(cell) for cell in row] for row in rows)
    return text.getvalue()


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
