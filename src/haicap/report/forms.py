"""A report in the form that a file's name asks for. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from haicap.errors import HaicapError
from haicap.report.csv_table import to_csv
from haicap.report.document import to_json
from haicap.report.html import to_html
from haicap.report.junit import to_junit
from haicap.report.markdown import LIMIT, to_markdown
from haicap.report.model import Report
from haicap.report.sarif import of_report, to_sarif

_FORMS: Mapping[str, Callable[[Report], str]] = {
    ".html": to_html,
    ".csv": to_csv,
    ".xml": to_junit,
    ".json": to_json,
}


def written(report: Report, out: Path, source: Path, limit: int = LIMIT) -> str:
    """The text for `out`. SARIF places what it says in `source`; Markdown has at most `limit` characters. HaicapError
    for a name whose end says no form."""
    end = out.suffix.lower()
    if end == ".md":
        return to_markdown(report, limit)
    if end == ".sarif":
        return to_sarif(of_report(report, source.name if source.is_absolute() else source.as_posix()))
    if end not in _FORMS:
        known = ", ".join(sorted([*_FORMS, ".md", ".sarif"]))
        raise HaicapError(f'{out}: a report has no form "{end}"; the name ends with one of {known}.')
    return _FORMS[end](report)
