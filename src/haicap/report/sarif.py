"""SARIF 2.1.0, for code scanning: findings with file and line, the limits of a plan, failed probes. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from haicap import __version__
from haicap.errors import Finding, HaicapError
from haicap.plan.model import dump
from haicap.report.model import Report
from haicap.report.visible import visible

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True)
class Result:
    """One finding. `line` counts from 1; 0 is the file as a whole. `subject` tells findings of one line apart."""

    rule: str
    level: Literal["error", "warning", "note"]
    message: str
    file: str
    line: int = 0
    subject: str = ""


def of_findings(findings: Iterable[Finding]) -> Iterator[Result]:
    """What `haicap check` finds, each where it is written."""
    for one in findings:
        yield Result(one.rule, "error", f"{one.subject}: {one.reason}".lstrip(": "), one.file, one.line, one.subject)


def of_report(report: Report, file: str) -> Iterator[Result]:
    """The limits that a plan does not keep, and the probes that did not pass; `file` is what the report is of.
    HaicapError for what has neither."""
    if report.kind not in ("plan", "inspection"):
        raise HaicapError(f"SARIF tells limits and probes, and a report of a {report.kind} has none: write .html.")
    for breach in report.breaches:
        reason = report.reason_for(breach)
        level: Literal["error", "note", "warning"] = "warning" if breach.severity == "warn" else "error"
        way_out = f"Overridden: {reason}" if reason is not None else breach.next_step
        yield Result(breach.limit, level if reason is None else "note", f"{breach.message} {way_out}", file)
    for item in report.items if report.kind == "inspection" else ():
        if item.action != "passed":
            seen = item.diff[0]
            told = f"{item.what}: expected {seen.before}; observed {seen.after}"
            yield Result(f"{item.system}-probe", "error", told, file, subject=f"{item.unit} {item.what}")


def to_sarif(results: Iterable[Result]) -> str:
    """One run with all results. Places are relative to the folder that holds `inventories/`: the repository's root."""
    listed = [_visible(result) for result in results]
    rules = sorted({result.rule for result in listed})
    driver = {"name": "haicap", "version": __version__, "rules": [{"id": rule} for rule in rules]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": [*_results(listed, rules)]}
    return dump({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _visible(result: Result) -> Result:
    texts = (visible(result.message), visible(result.file), result.line, visible(result.subject))
    return Result(visible(result.rule), result.level, *texts)


def _results(listed: Sequence[Result], rules: Sequence[str]) -> Iterator[dict[str, Any]]:
    for result in listed:
        place: dict[str, Any] = {"artifactLocation": {"uri": quote(result.file)}}
        if result.line:
            place["region"] = {"startLine": result.line}
        yield {
            "ruleId": result.rule,
            "ruleIndex": rules.index(result.rule),
            "level": result.level,
            "message": {"text": result.message},
            "locations": [{"physicalLocation": place}],
            "partialFingerprints": {"haicap/v1": _fingerprint(result)},
        }


def _fingerprint(result: Result) -> str:
    """What it is, without its line: a finding stays the same one while the file around it changes."""
    return hashlib.sha256("\0".join((result.rule, result.file, result.subject, result.message)).encode()).hexdigest()
