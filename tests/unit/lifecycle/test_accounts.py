"""The edges of an account's stages, each on its date."""

from datetime import date, timedelta

import pytest

from haicap.inventory.base import Dates
from haicap.inventory.model import Mail
from haicap.lifecycle.accounts import Stay, account_edges, account_stage

A, B = "00001@2025-07-01", "00002@2025-07-01"
DATES = {A: Dates(prepare=date(2025, 6, 1), live=date(2025, 7, 1)), B: Dates(live=date(2025, 7, 1))}
DAYS = Mail(forward_days=100, frozen_days=10, archived_days=20)


def day(text: str) -> date:
    return date.fromisoformat(text)


def stay(unit: str, since: str, until: str | None = None) -> Stay:
    return Stay(day(since), unit, day(until) if until else None)


def edges(*stays: Stay, unit: str = A, dates: dict[str, Dates] = DATES, days: Mail = DAYS) -> list[tuple[str, str]]:
    found = account_edges(unit, stays, dates, days)
    for first, stage in found:
        assert account_stage(unit, stays, dates, days, first) == stage
    for (_, stage), (following, _) in zip([(date.min, "prepare"), *found], found, strict=False):
        assert account_stage(unit, stays, dates, days, following - timedelta(1)) == stage
    return [(first.isoformat(), stage) for first, stage in found]


LEFT = [("2025-07-01", "live"), ("2026-01-01", "frozen"), ("2026-01-11", "archived"), ("2026-01-31", "retired")]


def test_who_stays_is_live() -> None:
    assert edges(stay(A, "2025-07-01")) == [("2025-07-01", "live")]


def test_who_leaves() -> None:
    assert edges(stay(A, "2025-07-01", "2025-12-31")) == LEFT


def test_who_moves() -> None:
    stays = stay(A, "2025-07-01"), stay(B, "2026-01-01")
    assert edges(*stays) == [("2025-07-01", "live"), ("2026-01-01", "moved"), ("2026-04-11", "retired")]
    assert edges(*stays, unit=B) == [("2026-01-01", "live")]


def test_the_day_of_the_move_may_be_written_in_both() -> None:
    stays = stay(A, "2025-07-01", "2026-01-01"), stay(B, "2026-01-01")
    assert edges(*stays)[1] == ("2026-01-02", "moved")


def test_who_begins_elsewhere_while_frozen_or_archived() -> None:
    left = stay(A, "2025-07-01", "2025-12-31")
    assert edges(left, stay(B, "2026-01-05")) == [*LEFT[:2], ("2026-01-05", "moved"), ("2026-04-15", "retired")]
    assert edges(left, stay(B, "2026-01-30")) == [*LEFT[:3], ("2026-01-30", "moved"), ("2026-05-10", "retired")]


def test_a_tombstone_stays_one() -> None:
    assert edges(stay(A, "2025-07-01", "2025-12-31"), stay(B, "2026-01-31")) == LEFT


@pytest.mark.parametrize("since", ["2026-01-05", "2026-01-20", "2030-01-01"])
def test_who_comes_back_is_live_again(since: str) -> None:
    before = [edge for edge in LEFT if edge[0] < since]
    assert edges(stay(A, "2025-07-01", "2025-12-31"), stay(A, since)) == [*before, (since, "live")]


def test_who_moves_there_and_back() -> None:
    stays = stay(A, "2025-07-01"), stay(B, "2026-01-01"), stay(A, "2026-02-01")
    assert edges(*stays) == [("2025-07-01", "live"), ("2026-01-01", "moved"), ("2026-02-01", "live")]
    assert edges(*stays, unit=B) == [("2026-01-01", "live"), ("2026-02-01", "moved"), ("2026-05-12", "retired")]


def test_nothing_forwards_to_an_account_that_receives_no_more() -> None:
    stays = stay(A, "2025-07-01"), stay(B, "2026-01-01", "2026-01-15")
    assert edges(*stays)[2] == ("2026-01-26", "retired")
    assert edges(*stays, unit=B)[2] == ("2026-01-26", "archived")


def test_days_of_zero_leave_stages_out() -> None:
    none = Mail(forward_days=0, frozen_days=0, archived_days=0)
    assert edges(stay(A, "2025-07-01", "2025-12-31"), days=none) == [("2025-07-01", "live"), ("2026-01-01", "retired")]
    moved = stay(A, "2025-07-01"), stay(B, "2026-01-01")
    assert edges(*moved, days=none)[-1] == ("2026-01-01", "retired")
    forward = Mail(forward_days=1, frozen_days=0, archived_days=0)
    assert edges(*moved, days=forward)[1:] == [("2026-01-01", "moved"), ("2026-01-02", "retired")]


def test_the_unit_s_dates() -> None:
    long = stay(A, "2020-01-01")
    assert edges(long)[0] == ("2025-07-01", "live")
    assert edges(long, dates={}) == edges(long, dates={A: Dates(prepare=day("2025-01-01"))}) == []
    over = {A: Dates(live=day("2025-07-01"), frozen=day("2026-01-01"), retired=day("2027-01-01"))}
    assert edges(long, dates=over) == LEFT
    assert edges(long, dates={A: Dates(live=day("2025-07-01"), retired=day("2026-01-01"))}) == LEFT
    assert edges(stay(A, "2025-01-01", "2025-06-30")) == []


def test_the_old_account_is_live_until_mail_in_the_new_unit_is() -> None:
    dates = {A: DATES[A], B: Dates(live=day("2026-02-01"))}
    assert edges(stay(A, "2025-07-01"), stay(B, "2026-01-01"), dates=dates)[1] == ("2026-02-01", "moved")
    assert edges(stay(A, "2025-07-01"), stay(B, "2026-01-01"), dates={A: DATES[A]}) == [("2025-07-01", "live")]


def test_the_end_of_days() -> None:
    for until in ("9999-12-29", "9999-12-30", "9999-12-31"):
        assert edges(stay(A, "2025-07-01", until))[0] == ("2025-07-01", "live")
