"""The steps of a cut-over and what is recorded of it; each refusal in its exact words."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from haicap.addressing.model import Cutover
from haicap.lifecycle.cutover import (
    STEPS,
    Direction,
    Phase,
    Table,
    back_until,
    differences,
    entry_after,
    frozen_since,
    phase_of,
    refusal,
    steps_left,
    takes,
)
from tests.unit.stack.cutover_world import DAY, make_pair

FROZEN = Cutover("2025-07-01T00:00:00Z")
SWITCHED = Cutover(FROZEN.frozen, "2025-07-01T00:10:00Z")
RETURNING = Cutover(FROZEN.frozen, SWITCHED.switched, "2025-07-03T08:00:00Z")
LATER = "2025-07-09T09:09:09Z"


@pytest.mark.parametrize(
    ("entry", "phase", "since"),
    [
        (None, "before", ""),
        (FROZEN, "frozen", FROZEN.frozen),
        (SWITCHED, "switched", ""),
        (RETURNING, "returning", "2025-07-03T08:00:00Z"),
    ],
)
def test_phases(entry: Cutover | None, phase: Phase, since: str) -> None:
    assert (phase_of(entry), frozen_since(entry)) == (phase, since)


@pytest.mark.parametrize(
    ("direction", "entry", "steps"),
    [
        ("forward", None, "ready freeze save carry switch prove keep"),
        ("forward", FROZEN, "freeze save carry switch prove keep"),
        ("forward", SWITCHED, "switch prove keep"),
        ("forward", RETURNING, "thaw prove keep"),
        ("back", None, "thaw keep"),
        ("back", FROZEN, "thaw keep"),
        ("back", SWITCHED, "ready freeze save carry switch prove keep"),
        ("back", RETURNING, "freeze save carry switch prove keep"),
    ],
)
def test_the_steps_that_are_left(direction: Direction, entry: Cutover | None, steps: str) -> None:
    assert " ".join(steps_left(entry, direction)) == steps
    assert set(steps.split()) <= STEPS.keys()


def test_what_is_recorded_on_the_way_and_a_moment_is_kept() -> None:
    assert entry_after("freeze", "forward", None, FROZEN.frozen) == FROZEN
    assert entry_after("freeze", "forward", FROZEN, LATER) == FROZEN
    assert entry_after("switch", "forward", FROZEN, "2025-07-01T00:10:00Z") == SWITCHED
    assert entry_after("switch", "forward", SWITCHED, LATER) == SWITCHED
    assert entry_after("thaw", "back", FROZEN, LATER) is None


def test_what_is_recorded_on_the_way_back() -> None:
    assert entry_after("freeze", "back", SWITCHED, "2025-07-03T08:00:00Z") == RETURNING
    assert entry_after("freeze", "back", RETURNING, LATER) == RETURNING
    assert entry_after("thaw", "forward", RETURNING, LATER) == SWITCHED
    assert entry_after("switch", "back", RETURNING, LATER) is None
    assert entry_after("save", "back", RETURNING, LATER) == RETURNING


def test_times_grow_with_the_data() -> None:
    assert takes("freeze", 500) == takes("freeze", 1)
    assert takes("carry", 10) - takes("carry", 9) == STEPS["carry"].seconds_per_gib


@pytest.mark.parametrize(
    ("changes", "entry", "direction", "day", "message"),
    [
        (
            {},
            None,
            "forward",
            date(2025, 6, 30),
            "procedures-old is to be frozen on 2025-07-01, and today is 2025-06-30. Run this on that day, or say "
            "--now.",
        ),
        (
            {"old_writes": False, "old_stage": "prepare"},
            None,
            "forward",
            DAY,
            "procedures-old takes no changes on 2025-07-01 (it is prepare): there is nothing to take over.",
        ),
        (
            {"new_stage": "prepare"},
            None,
            "forward",
            DAY,
            "procedures is prepare on 2025-07-01, and would take no changes after the switch. Its dates are in "
            "platforms.yml (prepare 2025-06-01, live 2025-07-01).",
        ),
        (
            {"old_stage": "retired"},
            SWITCHED,
            "back",
            DAY,
            "procedures-old is retired since 2025-12-31: there is nothing to go back to.",
        ),
        (
            {"successor": "procedures-2"},
            SWITCHED,
            "back",
            DAY,
            "procedures-2 has begun to take over from procedures. Take that back first: "
            "`haicap cutover procedures-2 --back`.",
        ),
        (
            {},
            SWITCHED,
            "back",
            date(2025, 7, 16),
            "procedures could be taken back until 2025-07-15, 14 days after the switch, and today is 2025-07-16. "
            "Who must, raises rollback_days in platforms.yml; it is reviewed there.",
        ),
    ],
)
def test_refusals(
    changes: dict[str, object], entry: Cutover | None, direction: Direction, day: date, message: str
) -> None:
    assert refusal(make_pair(**changes), entry, direction, day, now=False) == message


def test_the_planned_day_alone_gives_way() -> None:
    assert refusal(make_pair(), None, "forward", DAY - timedelta(1), now=True) == ""
    assert refusal(make_pair(), None, "forward", DAY, now=False) == ""
    assert refusal(make_pair(new_stage="prepare"), None, "forward", DAY - timedelta(1), now=True) != ""


def test_what_has_begun_is_never_refused() -> None:
    pair, late = make_pair(new_stage="retired", old_stage="retired", successor="x"), date(2030, 1, 1)
    begun: list[tuple[Cutover, Direction]] = [
        (FROZEN, "forward"),
        (FROZEN, "back"),
        (SWITCHED, "forward"),
        (RETURNING, "back"),
        (RETURNING, "forward"),
    ]
    assert [refusal(pair, entry, direction, late, now=False) for entry, direction in begun] == [""] * 5


def test_the_last_day_of_the_way_back() -> None:
    assert back_until(make_pair().new, SWITCHED) == date(2025, 7, 15)
    assert refusal(make_pair(), SWITCHED, "back", date(2025, 7, 15), now=False) == ""


def test_differences_table_by_table() -> None:
    had = {"a": Table(2, "x"), "b": Table(3, "y"), "c": Table(4, "z"), "same": Table(1, "s")}
    has = {"a": Table(1, "x"), "b": Table(3, "Y"), "d": Table(0, ""), "same": Table(1, "s")}
    assert differences("old-1", "new-1", had, has) == (
        "a: 2 rows in old-1, 1 in new-1",
        "b: 3 rows in both, and not the same",
        "c: only in old-1",
        "d: only in new-1",
    )
    assert differences("old-1", "new-1", had, dict(had)) == ()
