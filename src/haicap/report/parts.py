"""A change as parts to read: the lines of a text side by side, values before and after. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from unicodedata import normalize

from haicap.plan.model import Difference, Json, canonical
from haicap.report.leaves import is_somebody, is_text, leaves, place, value_text

CONTEXT = 2  # unchanged lines around a changed one

Row = tuple[str | None, str | None]  # a line before and after; both the same: it stays; None: there is none


@dataclass(frozen=True)
class Hunk:
    """Lines that stand together. `before` and `after` are the numbers of its first line on either side, from 1."""

    before: int
    after: int
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Text:
    """A text that changes, by its lines. `notes` say what lines can't."""

    place: str
    hunks: tuple[Hunk, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Values:
    """Values that change: what, before, after. Absence is empty text. `place` names what they are part of."""

    place: str
    rows: tuple[tuple[str, str, str], ...]


Part = Text | Values


def parts_of(diff: Sequence[Difference]) -> tuple[Part, ...]:
    """All of a change, in its order; single values that follow each other are one table."""
    parts: list[Part] = []
    for leaf in (leaf for difference in diff for leaf in leaves(difference)):
        part = _part(leaf)
        last = parts[-1] if parts else None
        if isinstance(part, Values) and isinstance(last, Values) and part.place == last.place == "":
            parts[-1] = Values("", last.rows + part.rows)
        else:
            parts.append(part)
    return tuple(parts)


def places_of(diff: Sequence[Difference]) -> tuple[str, ...]:
    """Where it changes, each once: files, records, services, people."""
    return tuple(dict.fromkeys(place(leaf.path) for difference in diff for leaf in leaves(difference)))


def _part(leaf: Difference) -> Part:
    before, after = leaf.before, leaf.after
    if is_somebody(leaf):
        return Values(_who(leaf), tuple(_fields(before or {}, after or {})))
    if is_text(before) or is_text(after):
        return _text(place(leaf.path), _plain(before), _plain(after))
    if isinstance(before, list) and isinstance(after, list):
        return Values(place(leaf.path), tuple(_items(before, after)))
    return Values("", ((place(leaf.path), *_alike(_plain(before), _plain(after))),))


def _who(leaf: Difference) -> str:
    known: Mapping[str, Json] = leaf.after or leaf.before or {}
    return ", ".join([leaf.path[1], *(str(known[part]) for part in ("name", "title", "position") if known.get(part))])


def _fields(before: Mapping[str, Json], after: Mapping[str, Json]) -> Iterator[tuple[str, str, str]]:
    for key in sorted({*before, *after}):
        if before.get(key) != after.get(key):
            yield (key, *_alike(_plain(before.get(key)), _plain(after.get(key))))


def _items(before: Sequence[Json], after: Sequence[Json]) -> Iterator[tuple[str, str, str]]:
    """What leaves a list and what joins it; of the same items in another order, all."""
    if sorted(map(canonical, before)) == sorted(map(canonical, after)):
        yield ("order", ", ".join(map(_plain, before)), ", ".join(map(_plain, after)))
        return
    yield from (("", _plain(item), "") for item in before if item not in after)
    yield from (("", "", _plain(item)) for item in after if item not in before)


def _plain(value: Json) -> str:
    return "" if value is None else value_text(value)


def _alike(before: str, after: str) -> tuple[str, str]:
    """Two texts that look the same but are not, are told apart by how their letters are composed."""
    if before == after or normalize("NFC", before) != normalize("NFC", after):
        return before, after
    return f"{before} ({_form(before)})", f"{after} ({_form(after)})"


def _form(text: str) -> str:
    return "composed letters" if text == normalize("NFC", text) else "letters and accents apart"


def _text(where: str, before: str, after: str) -> Text:
    old, new = before.splitlines(), after.splitlines()
    notes = []
    if old == new:
        notes.append("line endings differ" if before and after else "empty")
    if after and not after.endswith("\n"):
        notes.append("no end of line at its end")
    return Text(where, tuple(_hunks(old, new)), tuple(notes))


def _hunks(old: Sequence[str], new: Sequence[str]) -> Iterator[Hunk]:
    """Changed lines with their context. What both begin and end with is set aside first: most changes are small, and
    comparing is quadratic."""
    head = _same(old, new)
    tail = _same(old[head:][::-1], new[head:][::-1])
    cut = max(0, head - CONTEXT)
    a, b = old[cut : len(old) - max(0, tail - CONTEXT)], new[cut : len(new) - max(0, tail - CONTEXT)]
    if a == b:
        return
    if not a or not b:
        yield Hunk(1, 1, tuple(_pairs(a, b)))
        return
    for group in SequenceMatcher(None, a, b).get_grouped_opcodes(CONTEXT):
        rows = [row for _, i, j, k, m in group for row in _pairs(a[i:j], b[k:m])]
        yield Hunk(cut + group[0][1] + 1, cut + group[0][3] + 1, tuple(rows))


def _pairs(old: Sequence[str], new: Sequence[str]) -> Iterator[Row]:
    for at in range(max(len(old), len(new))):
        yield (old[at] if at < len(old) else None, new[at] if at < len(new) else None)


def _same(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines both begin with."""
    for at, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return at
    return min(len(one), len(other))
