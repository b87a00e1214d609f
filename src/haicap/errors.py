"""Errors meant for the person at the terminal: one message, no traceback."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class HaicapError(Exception):
    """Something a user can act on. The message says where, what, and the next step."""

    exit_code = 1


class Refused(HaicapError):
    """The work is possible, but unsafe, unapproved or stale (exit code 3)."""

    exit_code = 3


class Stopped(HaicapError):
    """Somebody pressed Ctrl-C."""

    exit_code = 130


@dataclass(frozen=True, order=True)
class Finding:
    """One thing wrong in what people wrote.

    `file` is relative to the folder that holds `inventories/`; `line` counts from 1 (0: the file as a whole).
    `subject` names what is wrong ('unit 24958 "Đức Trọng"'), `reason` why and the way out, `rule` the rule's name.
    """

    file: str
    line: int
    subject: str
    reason: str
    rule: str


class FindingsError(HaicapError):
    """All findings of one reading, printed together: a heading for each place, then its reasons."""

    def __init__(self, findings: Iterable[Finding], next_step: str) -> None:
        self.findings = tuple(sorted(set(findings)))
        self.next_step = next_step
        super().__init__(format_findings(self.findings, next_step))


def format_findings(findings: Iterable[Finding], next_step: str) -> str:
    """Render findings as `file:line  subject`, each reason indented below it, then the next step."""
    lines: list[str] = []
    heading: tuple[str, int, str] | None = None
    for finding in sorted(set(findings)):
        place = (finding.file, finding.line, finding.subject)
        if place != heading:
            where = f"{finding.file}:{finding.line}" if finding.line else finding.file
            lines.append(f"{where}  {finding.subject}".rstrip())
            heading = place
        lines.append(f"  {finding.reason}  [{finding.rule}]")
    return "\n".join([*lines, next_step])
