"""What rules are made of: a rule yields remarks; the runner puts the rule's name, its function's own, on each."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple, ParamSpec

from haicap.errors import Finding
from haicap.inventory.limits import MAX_FINDINGS
from haicap.inventory.marks import Marks
from haicap.inventory.model import Unit
from haicap.inventory.platforms import Platform
from haicap.inventory.scalars import shown

P = ParamSpec("P")


class Remark(NamedTuple):
    """Something a rule found: where (file, line), about whom, and why with the way out."""

    place: tuple[str, int]
    subject: str
    reason: str


def run(rules: Iterable[Callable[P, Iterator[Remark]]], *args: P.args, **kwargs: P.kwargs) -> list[Finding]:
    """Hold each rule against its input, in order. `duplicate_code` is the rule `duplicate-code`."""
    findings: list[Finding] = []
    for rule in rules:
        name = rule.__name__.replace("_", "-")
        remarks = list(islice(rule(*args, **kwargs), MAX_FINDINGS))
        findings += (Finding(*remark.place, remark.subject, remark.reason, name) for remark in remarks)
        if len(remarks) == MAX_FINDINGS:
            reason = f"rule {name} has {MAX_FINDINGS} findings; there may be more"
            findings.append(Finding(remarks[-1].place[0], 0, "", reason, "limit-findings"))
    return findings


def on_unit(marks: Marks, index: int, unit: Unit, path: tuple[str | int, ...], reason: str) -> Remark:
    """A remark on a unit; `path` leads from the unit to the line."""
    return Remark(marks.unit(index, *path), title(unit), reason)


def on_province(marks: Marks, path: tuple[str | int, ...], reason: str) -> Remark:
    """A remark on province.yml; `path` leads from the file's top to the line."""
    return Remark(marks.province(*path), "", reason)


def on_platform(marks: Marks, index: int, platform: Platform, path: tuple[str | int, ...], reason: str) -> Remark:
    """A remark on a platform; `path` leads from the platform to the line."""
    return Remark(marks.platform(index, *path), platform_title(platform), reason)


def title(unit: Unit) -> str:
    """`unit 24958 "Đức Trọng"`"""
    return f'unit {unit.code} "{shown(unit.name)}"'


def platform_title(platform: Platform) -> str:
    """`platform procedures "Hệ thống một cửa"`"""
    return f'platform {platform.name} "{shown(platform.title)}"'


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """`; did you mean staff?`, or the choices when none is near."""
    known = sorted(choices)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else f"; known: {', '.join(known) or 'none'}"


class Repeat(NamedTuple):
    """A value's later place, and its first."""

    value: str
    later: int
    first: int


def repeats(values: Iterable[tuple[int, str]]) -> Iterator[Repeat]:
    """Values that come again, as (value, place, first place)."""
    first: dict[str, int] = {}
    for place, value in values:
        if value in first:
            yield Repeat(value, place, first[value])
        else:
            first[value] = place
