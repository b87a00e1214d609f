"""Changes as lines of text, to be read on a terminal or in a review. Pure: a plan is the only input, beside names."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from haicap.plan.model import PENDING, Action, Change, Difference, Json, Plan, canonical
from haicap.report.leaves import is_somebody, is_text, leaves, place, value_text

Kind = Literal["create", "update", "replace", "delete", "unchanged", "added", "gone", "place", "note"]
SIGNS: Mapping[Action, str] = {"create": "+", "update": "~", "replace": "±", "delete": "-", "unchanged": " "}
_DONE = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted", "unchanged": "unchanged"}
_CONTEXT = 1  # unchanged lines around a changed one
_LINES = 60  # of one change
_WHO = {"people": "people", "groups": "role mailboxes", "probes": "probes"}
_WAITING = 5  # hosts that are named one by one


@dataclass(frozen=True)
class Line:
    """One line, without its end. `kind` is what it says, for a colour."""

    text: str
    kind: Kind = "note"


def plan_lines(plan: Plan, names: Mapping[str, str], *, full: bool = False) -> Iterator[Line]:
    """A whole plan. `names` are the units' names by code; `full` spells out what is created."""
    yield Line(f"{plan.province}, {plan.target}, as of {plan.as_of}{_selected(plan)}")
    for change in plan.changes:
        yield Line("")
        yield from change_lines(change, names, full=full)
    if plan.waiting:
        yield Line("")
        yield from _waiting_lines(plan)
    if plan.breaches:
        yield Line("")
        yield from _breach_lines(plan)
    yield Line("")
    yield from _destroyed_lines(plan)
    yield Line(summary(plan))
    yield Line(plan.digest)


def summary(plan: Plan) -> str:
    """`Plan: 6 to create, 2 to update, ...`"""
    counts = plan.summary
    pending = ", ".join(f"{counts[action]} to {action}" for action in PENDING)
    return f"Plan: {pending}, {counts['unchanged']} unchanged"


def done_word(action: str) -> str:
    """`created` for `create`."""
    return _DONE.get(action, action)


def change_lines(
    change: Change, names: Mapping[str, str], *, full: bool = False, word: str | None = None
) -> Iterator[Line]:
    """One change: its head, and below it what changes to the line. If not `full`, a create or a delete in numbers, and
    of a long change its beginning. `word` stands in the head instead of the action."""
    name = names.get(change.unit or "", "")
    words = [
        f"{SIGNS[change.action]} {word or change.action} {change.resource}",
        *([name] if name else []),
        change.system,
    ]
    yield Line("  ".join(words), change.action)
    if change.cost:
        yield Line(f"    {change.cost}")
    if change.action in ("create", "delete") and not full:
        yield Line(f"    {_amount(change.diff)}")
        return
    if not change.diff:
        yield Line("    its last run did not end well: it is done again")
    found = (leaf for difference in change.diff for leaf in leaves(difference))
    lines = [line for leaf in found for line in _difference_lines(leaf)]
    shown = lines if full or len(lines) <= _LINES + 1 else lines[:_LINES]
    yield from shown
    if len(shown) < len(lines):
        yield Line(f"    ... and {len(lines) - len(shown)} more lines; `--full` shows them")


def _selected(plan: Plan) -> str:
    units = plan.selection.get("units") or plan.selection.get("destroy")
    platforms = plan.selection.get("platforms")
    told = f", {len(units)} of its units" if units else ""
    return f"{told}, platforms {', '.join(platforms)}" if platforms else told


def _destroyed_lines(plan: Plan) -> Iterator[Line]:
    """What goes for good is named one by one, however much it is."""
    if plan.destroys:
        yield Line(f"Deleted for good: {len(plan.destroys)}", "delete")
        yield from (Line(f"    {what}", "gone") for what in plan.destroys)
    if plan.keeps:
        yield Line(f"Kept, though nothing will use it: {len(plan.keeps)} (--delete-disks deletes it)")
        yield from (Line(f"    {what}") for what in plan.keeps)


def _breach_lines(plan: Plan) -> Iterator[Line]:
    """Each limit that is not kept: what it says, and the way on or why it may be."""
    reasons = {override.limit: override.reason for override in plan.overrides}
    yield Line(f"Limits that this plan does not keep: {len(plan.breaches)}")
    for breach in plan.breaches:
        if breach.limit in reasons:
            yield Line(f"  overridden  {breach.limit}: {breach.message}", "update")
            yield Line(f"    because: {reasons[breach.limit]}")
        elif breach.severity == "refuse":
            yield Line(f"  refused  {breach.limit}: {breach.message}", "delete")
            yield Line(f"    {breach.next_step}")
        else:
            yield Line(f"  warning  {breach.limit}: {breach.message}", "update")
            yield Line(f"    {breach.next_step}")


def _waiting_lines(plan: Plan) -> Iterator[Line]:
    shown = plan.waiting if len(plan.waiting) <= _WAITING + 1 else plan.waiting[:_WAITING]
    yield Line(f"{len(plan.waiting)} waiting, not in this plan:")
    for wait in shown:
        yield Line(f"    {wait.host}: {wait.reason}; `{wait.next_step}`")
    if len(shown) < len(plan.waiting):
        yield Line(f"    ... and {len(plan.waiting) - len(shown)} more; `haicap enrol {plan.province}`")


def _amount(diff: Sequence[Difference]) -> str:
    """`23 files, 12 services`: what a whole value holds."""
    found = [leaf for difference in diff for leaf in leaves(difference)]
    files = sum(leaf.path[0] == "files" for leaf in found)
    sets = [leaf for leaf in found if leaf.path[0] == "zones" and len(leaf.path) > 2]
    zones = len({leaf.path[1] for leaf in sets})
    parts = [_count(files, "file")] if files else []
    parts += [f"{_count(len(sets), 'record set')} in {_count(zones, 'zone')}"] if sets else []
    parts += [f"{number} {words}" for kind, words in _WHO.items() if (number := _entries(diff, kind))]
    return ", ".join(parts) or _count(len(found), "value")


def _entries(diff: Sequence[Difference], kind: str) -> int:
    """How many people, role mailboxes or probes come or go."""
    whole = [d.after or d.before or {} for d in diff if d.path == (kind,)]
    return sum(map(len, whole)) + sum(d.path[0] == kind and len(d.path) == 2 for d in diff)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _difference_lines(difference: Difference) -> Iterator[Line]:
    before, after = difference.before, difference.after
    if is_somebody(difference):
        yield from _somebody_lines(difference.path[1], before, after)
    elif is_text(before) or is_text(after):
        yield Line(f"    {place(difference.path)}", "place")
        yield from _text_lines(before or "", after or "")
    elif isinstance(before, list) and isinstance(after, list):
        yield Line(f"    {place(difference.path)}", "place")
        yield from (Line(f"      - {value_text(item)}", "gone") for item in before if item not in after)
        yield from (Line(f"      + {value_text(item)}", "added") for item in after if item not in before)
        if sorted(map(canonical, before)) == sorted(map(canonical, after)):
            yield Line("      (in another order)")
    else:
        yield Line(f"    {place(difference.path)}: {value_text(before)} -> {value_text(after)}", "place")


def _somebody_lines(key: str, before: Mapping[str, Json] | None, after: Mapping[str, Json] | None) -> Iterator[Line]:
    """A person or role mailbox: who it is, and what is different."""
    known = after or before or {}
    who = ", ".join(str(known[part]) for part in ("name", "title", "position") if known.get(part))
    if before is None or after is None:
        address = " ".join(str(known[part]) for part in ("address", "stage") if known.get(part))
        sign = "+" if before is None else "-"
        yield Line(f"    {sign} {key} {who}: {address}", "added" if before is None else "gone")
        return
    yield Line(f"    ~ {key} {who}", "place")
    for part in sorted({*before, *after}):
        had, has = before.get(part), after.get(part)
        if isinstance(had, Mapping) and isinstance(has, Mapping):
            yield from (Line(f"      - {_dated(item, had)}", "gone") for item in had if had[item] != has.get(item))
            yield from (Line(f"      + {_dated(item, has)}", "added") for item in has if has[item] != had.get(item))
        elif isinstance(had, list) and isinstance(has, list):
            yield from (Line(f"      - {part} {item}", "gone") for item in had if item not in has)
            yield from (Line(f"      + {part} {item}", "added") for item in has if item not in had)
        elif had != has:
            yield Line(f"      {part}: {value_text(had)} -> {value_text(has)}")


def _dated(address: str, aliases: Mapping[str, Json]) -> str:
    return f"{address} until {aliases[address]}" if aliases[address] else address


def _text_lines(before: str, after: str) -> Iterator[Line]:
    """The changed lines of a text, with the place of each."""
    compared = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=_CONTEXT)
    kinds: Mapping[str, Kind] = {"+": "added", "-": "gone"}
    body = list(compared)[2 if before and after else 3 :]  # without the file names; a whole text needs no place
    for line in body:
        yield Line(f"      {line}".rstrip(), kinds.get(line[0], "note"))
    if not body:
        yield Line("      (line endings)")
    elif after and not after.endswith("\n"):
        yield Line("      (no end of line at its end)")
