"""Viet Nam's calendar: public holidays, Tet by the moon, and Saturdays that are worked for a day off.

The days are the library's (`holidays`). Days that the government moves later in a year are known once the library has
them.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holidays import HolidayBase

_DAY = timedelta(days=1)


def holiday(day: date) -> str:
    """The name of the public holiday, or of the day off in place of one; empty on every other day, weekends too."""
    return _calendar().get(day) or ""


def is_workday(day: date) -> bool:
    """Whether offices work on that day."""
    return _calendar().is_working_day(day)


def workdays_between(first: date, last: date) -> int:
    """Whole working days after `first` and before `last`: neither of the two counts."""
    return sum(is_workday(first + _DAY * n) for n in range(1, max(0, (last - first).days)))


def day_after(first: date, workdays: int) -> date:
    """The first day with that many whole working days between it and `first`."""
    day, left = first + _DAY, workdays
    while left > 0:
        left -= is_workday(day)
        day += _DAY
    return day


def next_workday(day: date) -> date:
    """The first working day after that day."""
    day += _DAY
    while not is_workday(day):
        day += _DAY
    return day


@cache
def _calendar() -> HolidayBase:
    """Imported when it is asked: it takes longer than most plans."""
    from holidays.countries.vietnam import Vietnam

    return Vietnam(language="en_US")  # type: ignore[no-untyped-call]
