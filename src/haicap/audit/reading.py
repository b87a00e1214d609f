"""Facts from a log's events, in the order in which they were written. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from haicap.audit.event import Event
from haicap.canonical import Json


def last_inspections(events: Iterable[Event]) -> dict[str, tuple[str, str]]:
    """By unit code: how its last inspection came out (`passed`, `failed`, `unreachable`), and when.

    One that looked at some systems only says that a unit failed, never that it passed.
    """
    found: dict[str, tuple[str, str]] = {}
    for event in events:
        if event.kind == "inspection":
            whole = not event.fields.get("systems")
            units = _mapping(event.fields.get("units"))
            found |= {unit: (str(result), event.at) for unit, result in units.items() if whole or result != "passed"}
    return found


def last_applies(events: Iterable[Event]) -> dict[str, str]:
    """By unit code: when an apply that did something to it last ended."""
    found: dict[str, str] = {}
    for event in events:
        if event.kind == "apply-ended":
            found |= dict.fromkeys(_mapping(event.fields.get("units")), event.at)
    return found


def last_plan(events: Iterable[Event]) -> str:
    """The digest of the plan that was applied last, wholly or in part; empty when none was."""
    plans = [str(event.fields.get("plan", "")) for event in events if event.kind == "apply-ended"]
    return plans[-1] if plans else ""


def last_commit(events: Iterable[Event]) -> str:
    """The commit that was applied wholly last; empty when none was."""
    commits, found = dict[Json, str](), ""
    for event in events:
        if event.kind == "apply-begun":
            commits[event.seq] = str(event.fields.get("commit", ""))
        if event.kind == "apply-ended" and not event.fields["failed"] and not event.fields["skipped"]:
            found = commits.get(event.fields["begun"], "") or found
    return found


def last_move(events: Iterable[Event]) -> Event | None:
    """The last event that moved what stands: an apply's begin, its end, or a cut-over; None when there was none."""
    moves = [event for event in events if event.kind in ("apply-begun", "apply-ended", "cutover")]
    return moves[-1] if moves else None


def unended(events: Sequence[Event]) -> tuple[Event, ...]:
    """The applies that began and never ended: their process was killed, or goes on."""
    ended = {event.fields.get("begun") for event in events if event.kind == "apply-ended"}
    return tuple(event for event in events if event.kind == "apply-begun" and event.seq not in ended)


def of_unit(events: Sequence[Event], code: str) -> tuple[Event, ...]:
    """The events that touch a unit: that name it, and the approvals and certificates of plans that do."""
    plans = {event.fields.get("plan") for event in events if code in _units(event)} - {None, ""}
    followers = ("approval", "certificate")
    return tuple(
        event
        for event in events
        if code in _units(event)
        or (event.kind in followers and not _units(event) and event.fields.get("plan") in plans)
    )


def result_for(event: Event, code: str) -> Json:
    """What an event says of one unit: a text, a number, counts; None when it says nothing of its own."""
    return _mapping(event.fields.get("units")).get(code)


def _units(event: Event) -> frozenset[str]:
    return frozenset(_codes(event))


def _codes(event: Event) -> Iterator[str]:
    units = event.fields.get("units")
    if isinstance(units, list | dict):
        yield from (str(code) for code in units)
    if unit := event.fields.get("unit"):
        yield str(unit)


def _mapping(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}
