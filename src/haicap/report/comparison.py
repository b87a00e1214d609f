"""A comparison as lines of text. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from haicap.plan.blast import Blast, count
from haicap.plan.compare import Comparison, Move
from haicap.plan.model import PENDING, Change
from haicap.report.text import Line, change_lines

_WAYS = 12  # of a blast's ways that are shown


def comparison_lines(
    found: Comparison, labels: tuple[str, str], names: Mapping[str, str], supposed: Sequence[str], *, full: bool = False
) -> Iterator[Line]:
    """A whole comparison. `names` are the units' names by code; `full` spells out what is created."""
    yield Line(f"{labels[0]} -> {labels[1]}")
    yield from (Line(f"Supposed: {what}") for what in supposed)
    if found.moves:
        yield Line("")
        yield Line("The same, elsewhere:")
        yield from (Line(f"    {move_text(move, names)}", "place") for move in found.moves)
    for change in found.changes:
        yield Line("")
        former = found.formerly.get(change.resource, change.resource)
        word = f"{change.action} {former} by" if former != change.resource else None
        yield from change_lines(change, names, full=full, word=word)
    yield Line("")
    if len(found.changes) > 1:
        yield from _by_system(found.changes)
    counts = found.summary
    told = ", ".join(f"{counts[action]} {_WORDS[action]}" for action in PENDING)
    yield Line(f"Diff: {told}, {counts['unchanged']} the same")


_WORDS = {"create": "come", "update": "differ", "replace": "are replaced", "delete": "go"}


def move_text(move: Move, names: Mapping[str, str]) -> str:
    """`unit "Đức Trọng": 24958 -> 24999 (the same name and predecessors)`."""
    ends = [
        f'{end} "{names[end]}"' if move.kind == "person" and end in names else end for end in (move.before, move.after)
    ]
    return f"{move.kind} {move.what}: {ends[0]} -> {ends[1]} ({move.because})"


def _by_system(changes: Sequence[Change]) -> Iterator[Line]:
    counts = Counter((change.system, change.action) for change in changes)
    for system in dict.fromkeys(change.system for change in changes):
        told = [f"{counts[system, action]} {_WORDS[action]}" for action in PENDING if counts[system, action]]
        yield Line(f"{system}: {', '.join(told)}")


def blast_lines(blast: Blast, names: Mapping[str, str]) -> Iterator[Line]:
    """Whom changes touch: the numbers, the services, and the ways that lead there."""
    counts = (
        count(len(blast.units), "unit"),
        count(blast.people, "person", "people"),
        count(len(blast.services), "service"),
    )
    yield Line(f"Touches {', '.join(counts)}")
    shown = blast.via if len(blast.via) <= _WAYS + 1 else blast.via[:_WAYS]
    yield from (Line(f"    {_named(way, names)}") for way in shown)
    if len(shown) < len(blast.via):
        yield Line(f"    ... and {len(blast.via) - len(shown)} more ways; `--json` has them all")


def _named(way: str, names: Mapping[str, str]) -> str:
    """A way with the name of the unit that a step ends with."""
    return " -> ".join(
        f'{step} "{names[step[-5:]]}"' if step[-6:-5] == " " and step[-5:] in names else step
        for step in way.split(" -> ")
    )
