"""Markdown for a comment on a pull or merge request. Pure.

Whatever came from a file stands in code (or is letters only), so that it is no link, mention, image, HTML or table: a
comment is written by CI, and read by who has rights that its author has not.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence

from haicap.report.model import GRAVE, Item, Report
from haicap.report.parts import Hunk, Part, Text, parts_of
from haicap.report.words import WORDS, english

LIMIT = 65_000  # characters: GitHub's comments hold 65,536; what CI puts around it needs some too
_LINES = 200  # of one change
_WIDTH = 500  # of one line
_UNITS = 20  # in a table that is not folded
_SPARE = 400  # for the note at the end
_STATES = {"refuse": "refuse", "warn": "warn"}
_CUT = "**{} more lines of this part have no room here.**"
_SIGNS = {"create": "+", "update": "~", "replace": "±", "delete": "-", "failed": "✗", "unreachable": "?", "passed": "✓"}
_LETTERS = re.compile(
    r"(?!(?i:gh-|[0-9a-f]{7}))[^\W_]+(?:(?:, |[ ’-])[^\W_]+)*"
)  # letters alone make no mark of Markdown, but a commit's do


def to_markdown(report: Report, limit: int = LIMIT) -> str:
    """Summary, breaches, deletes and replaces, then details folded, as many as `limit` characters hold. A note at the
    end says how many are left out."""
    room = limit - _SPARE
    blocks: list[str] = []
    for block in _head(report):
        kept = _cut(block, room - 2)
        blocks += [kept] if kept else []
        room -= len(kept) + 2
    told = 0
    for item in _ordered(report):
        block = _details(report, item)
        if len(block) + 2 > room:
            break
        blocks.append(block)
        room -= len(block) + 2
        told += 1
    left = len(report.items) - told
    if left:
        blocks.append(
            f"**{left} of {len(report.items)} are not shown in detail: this comment has no room for them.** "
            "The HTML report holds all: `haicap report FILE -o report.html`."
        )
    return "\n\n".join(blocks) + "\n"


def _ordered(report: Report) -> Iterator[Item]:
    yield from report.grave
    yield from (item for item in report.items if item.action not in GRAVE)


def _head(report: Report) -> Iterator[str]:
    yield f"### {english(report.kind)}: {_inline(report.subject)}" if report.subject else f"### {english(report.kind)}"
    if report.verdict is not None:
        reasons = "".join(f"\n- {_code(reason)}" for reason in report.reasons)
        yield f"**{english('verdict-passed' if report.verdict else 'verdict-failed')}**\n{reasons}".rstrip()
        yield english("not-verified")
    if report.actions:
        yield _summary(report)
    yield from _limits(report)
    yield from _losses(report)
    yield from _named(report)
    if report.waiting:
        waiting = [(one.host, one.reason, one.next_step) for one in report.waiting]
        yield _folded(f"{len(waiting)} {english('waiting')}", _table(("host", "reason", "next-step"), waiting))
    if report.actions and report.by_unit:
        units = [
            (code, report.name_of(code) if code else english("shared"), *map(str, counts.values()))
            for code, counts in report.by_unit.items()
        ]
        counted = _table(("code", "name", *report.actions), units)
        yield counted if len(units) <= _UNITS else _folded(f"{len(units)} {english('units')}", counted)
    for table in report.tables:
        if table.rows:
            yield _folded_html(_title(table.title), _table(table.columns, table.rows))
    if report.facts:
        facts = [(english(key), value) for key, value in report.facts]
        yield _folded(english("made"), _table(("what", "value"), facts))


def _summary(report: Report) -> str:
    rows = [(system, *map(str, counts.values())) for system, counts in report.systems.items()]
    total = ("**all**", *(f"**{count}**" for count in report.counts.values()))
    table = _table(("system", *report.actions), rows)
    lines = [table, "| " + " | ".join(total) + " |"] if rows else [english("nothing")]
    if report.unchanged:
        lines.append(f"\n{report.unchanged} {english('unchanged')}")
    return "\n".join(lines)


def _limits(report: Report) -> Iterator[str]:
    if not report.breaches:
        return
    lines = [f"#### {english('breaches')}", ""]
    for breach in report.breaches:
        reason = report.reason_for(breach)
        state = english("overridden" if reason is not None else _STATES.get(breach.severity, "warn"))
        way = f"{english('reason')}: {_code(reason)}" if reason is not None else _code(breach.next_step)
        lines.append(f"- **{state}** {_inline(breach.limit)}: {_code(breach.message)} {way}")
    yield "\n".join(lines)


def _losses(report: Report) -> Iterator[str]:
    for title, what in (("destroys", report.destroys), ("keeps", report.keeps)):
        if what:
            yield "\n".join([f"#### {english(title)}: {len(what)}", "", *(f"- {_code(one)}" for one in what)])


def _named(report: Report) -> Iterator[str]:
    """Deletes, replaces and failures, each by its name."""
    for action in GRAVE:
        found = [item for item in report.items if item.action == action]
        if found:
            names = "\n".join(f"- {_inline(item.what)}{_of(report, item)}" for item in found)
            yield f"#### {english(action)}: {len(found)}\n\n{names}"


def _of(report: Report, item: Item) -> str:
    name = report.name_of(item.unit)
    return f" ({_inline(name)})" if name else ""


def _details(report: Report, item: Item) -> str:
    words = [item.system, item.unit, report.name_of(item.unit), item.cost]
    about = " ".join(_tagged(word) for word in words if word)
    summary = f"{_SIGNS.get(item.action, '')} {english(item.action)} {_tagged(item.what)} {about}"
    lines = [line[:_WIDTH] + ("…" if len(line) > _WIDTH else "") for line in _part_lines(parts_of(item.diff), report)]
    if len(lines) > _LINES:
        lines = [*lines[:_LINES], f"... and {len(lines) - _LINES} more lines"]
    return _folded_html(summary, _fenced("\n".join(lines)))


def _part_lines(parts: Sequence[Part], report: Report) -> Iterator[str]:
    for part in parts:
        if part.place:
            yield f"# {part.place}"
        if isinstance(part, Text):
            for hunk in part.hunks:
                yield f"@@ -{hunk.before} +{hunk.after} @@"
                yield from _hunk_lines(hunk)
            yield from (f"  ({note})" for note in part.notes)
        else:
            for what, before, after in part.rows:
                label = f"{what}: " if what else ""
                yield from (f"- {label}{line}" for line in before.splitlines())
                yield from (f"+ {label}{line}" for line in after.splitlines())
    if report.kind == "inspection":
        yield f"  (- {report.sides[0]}, + {report.sides[1]})"


def _hunk_lines(hunk: Hunk) -> Iterator[str]:
    """As a unified difference has them: what goes before what comes, where lines differ in a row."""
    gone: list[str] = []
    came: list[str] = []
    for old, new in hunk.rows:
        if old != new:
            gone += [old] if old is not None else []
            came += [new] if new is not None else []
            continue
        yield from _turned(gone, came)
        gone, came = [], []
        yield f" {old}"
    yield from _turned(gone, came)


def _turned(gone: Sequence[str], came: Sequence[str]) -> Iterator[str]:
    yield from (f"-{line}" for line in gone)
    yield from (f"+{line}" for line in came)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = [f"| {' | '.join(_cell(english(column)) for column in columns)} |", f"|{'---|' * len(columns)}"]
    return "\n".join([*head, *(f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows)])


def _cell(text: str) -> str:
    """In a table a pipe ends a cell, even inside code."""
    return _inline(text).replace("|", "\\|") if text else " "


def _inline(text: str) -> str:
    return text if _LETTERS.fullmatch(text) else _code(text)


def _code(text: str) -> str:
    """Code on one line: nothing in it is read as Markdown. Its fence is longer than any in it."""
    flat = " ".join(text.split()) or " "
    fence = "`" * (1 + max(map(len, re.findall("`+", flat)), default=0))
    spare = " " if flat[0] == "`" or flat[-1] == "`" else ""
    return f"{fence}{spare}{flat}{spare}{fence}"


def _tagged(text: str) -> str:
    """The same inside HTML, where Markdown is not read but mentions are, unless they are code."""
    return f"<code>{html.escape(' '.join(text.split()))}</code>"


def _fenced(text: str) -> str:
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}diff\n{text}\n{fence}"


def _title(key: str) -> str:
    """A title of ours is words; one that a document brought is code."""
    return english(key) if key in WORDS else _tagged(key)


def _folded(summary: str, body: str) -> str:
    return _folded_html(html.escape(summary), body)


def _folded_html(summary: str, body: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"


def _cut(block: str, room: int) -> str:
    """A block that is longer than what is left ends at a line's end, and says so; nothing where not even that fits."""
    if len(block) <= room:
        return block
    closing = "\n\n</details>" if block.startswith("<details>") else ""
    lines, kept = block.split("\n"), 0
    room -= len(closing) + len(_CUT) + 10
    while kept < len(lines) and len(lines[kept]) < room:
        room -= len(lines[kept]) + 1
        kept += 1
    text = "\n".join(lines[:kept]).rstrip()
    return f"{text}{closing}\n\n{_CUT.format(len(lines) - kept)}" if text else ""
