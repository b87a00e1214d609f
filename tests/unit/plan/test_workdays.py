"""Viet Nam's calendar, on days that the government published."""

from __future__ import annotations

from datetime import date

import pytest

from haicap.plan.workdays import day_after, holiday, is_workday, next_workday, workdays_between


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2026, 1, 1), "New Year's Day"),
        (date(2026, 2, 17), "Lunar New Year"),
        (date(2025, 1, 29), "Lunar New Year"),
        (date(2025, 5, 2), "Day off (substituted from 04/26/2025)"),
        (date(2026, 4, 27), "Hung Kings' Commemoration Day (observed)"),
        (date(2025, 9, 2), "National Day"),
        (date(2025, 7, 1), ""),
        (date(2026, 9, 12), ""),
    ],
)
def test_holidays_by_sun_and_moon(day: date, name: str) -> None:
    assert holiday(day) == name


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2026, 9, 11), True),
        (date(2026, 9, 12), False),  # a Saturday
        (date(2025, 4, 26), True),  # a Saturday that was worked for 2 May
        (date(2025, 5, 2), False),
    ],
)
def test_days_on_which_offices_work(day: date, worked: bool) -> None:
    assert is_workday(day) is worked


def test_neither_the_first_nor_the_last_day_counts() -> None:
    monday = date(2026, 9, 7)
    assert workdays_between(monday, monday) == 0
    assert workdays_between(monday, date(2026, 9, 8)) == 0
    assert workdays_between(monday, date(2026, 9, 11)) == 3
    assert workdays_between(monday, date(2026, 9, 14)) == 4
    assert workdays_between(date(2026, 9, 14), monday) == 0
    assert day_after(monday, 4) == date(2026, 9, 12)
    assert next_workday(date(2026, 9, 11)) == date(2026, 9, 14)
