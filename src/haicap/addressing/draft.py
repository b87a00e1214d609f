"""What one planning run collects: entries for people, and findings."""

from __future__ import annotations

from dataclasses import dataclass, field

from haicap.errors import Finding
from haicap.inventory.model import Unit

Entry = tuple[str, str]  # subject ('unit 24958 "Đức Trọng"'), detail ('segment "guest" 10.64.2.0/26')


@dataclass
class Draft:
    """Entries by what happens to them, and findings about `file`."""

    file: str
    added: list[Entry] = field(default_factory=list)
    removed: list[Entry] = field(default_factory=list)
    grown: list[Entry] = field(default_factory=list)
    moved: list[Entry] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    fresh: set[str] = field(default_factory=set)  # subjects that are new as a whole: their parts are not told apart

    def find(self, subject: str, reason: str, rule: str) -> None:
        """Note something that only people can put right."""
        self.findings.append(Finding(self.file, 0, subject, reason, rule))


def unit_subject(unit: Unit) -> str:
    """How a unit is named to people: `unit 24958 "Đức Trọng"`."""
    return f'unit {unit.code} "{unit.name}"'


def machine_subject(name: str) -> str:
    """How a machine is named to people: `machine "procedures-1"`."""
    return f'machine "{name}"'


def lines(entries: list[Entry]) -> tuple[str, ...]:
    """Entries as people read them, in a stable order."""
    return tuple(f"{subject}: {detail}" for subject, detail in sorted(entries))
