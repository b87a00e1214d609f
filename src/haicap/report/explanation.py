"""An explanation as lines of text. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from haicap.inventory.scalars import shown
from haicap.report.text import Line, change_lines
from haicap.stack.explaining import Explanation
from haicap.stack.lines import Line as Origin

_SHOWN = 12  # of resources that are named
_LINES = 6  # of those that were changed last


def explanation_lines(found: Explanation, names: Mapping[str, str], *, full: bool = False) -> Iterator[Line]:
    """What changes, why, by which dates, from which lines, and what it stands on."""
    change = found.change
    if change.action == "unchanged":
        name = names.get(change.unit or "", "")
        yield Line("  ".join([change.resource, *([name] if name else []), change.system]))
    else:
        yield from change_lines(change, names, full=full)
    yield Line("")
    yield from (Line(f"Because {reason}.") for reason in found.because)
    yield from (Line(f"    {told}") for told in found.dates)
    if found.lines:
        yield Line("")
        yield Line("From")
        yield from (line for origin in found.lines for line in _origin_lines(origin))
    yield from _named("Stands on", found.stands_on)
    yield from _named("Carries", found.carries)
    if found.touches:
        yield Line(f"Touches {' -> '.join(found.touches)}")


def _origin_lines(origin: Origin) -> Iterator[Line]:
    yield Line(f"    {origin.file}:{origin.line}  {origin.what}", "place")
    yield Line(f"        {shown(origin.text)}")
    if (commit := origin.commit) is not None:
        yield Line(f"        {commit.id[:9]} {commit.date} {shown(commit.author)}: {shown(commit.subject)}")
    elif origin.newest:
        yield Line("        not committed:")
    yield from (Line(f"          {part.line}: {shown(part.text)}") for part in origin.newest[:_LINES])
    if (more := len(origin.newest) - _LINES) > 0:
        yield Line(f"          {more} more")


def _named(title: str, resources: Sequence[str]) -> Iterator[Line]:
    if resources:
        more = len(resources) - _SHOWN
        shown = [*resources[:_SHOWN], *([f"{more} more"] if more > 0 else [])]
        yield Line(f"{title} {', '.join(shown)}")
