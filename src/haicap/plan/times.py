"""Limits about the day on which a plan is done: holidays, freezes, outages that were announced in time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from haicap.inventory.safety import Announcement, Limits
from haicap.plan.model import Breach, Change
from haicap.plan.wording import few, overriding
from haicap.plan.workdays import day_after, holiday, next_workday, workdays_between


def freezes_on(day: date, limits: Limits) -> Iterator[Breach]:
    """The holiday or the freezes of that day."""
    if limits.holidays and (name := holiday(day)):
        after = f"Do it on {next_workday(day)}, the next working day"
        yield Breach("holidays", "refuse", f"{day} is a public holiday: {name}.", overriding(after, "holidays"))
    for freeze in limits.freeze:
        if freeze.first <= day <= freeze.until:
            told = f"Nothing is changed from {freeze.first} to {freeze.until}: {freeze.reason}."
            after = f"Do it from {freeze.until + timedelta(days=1)} on"
            yield Breach("freeze", "refuse", told, overriding(after, "freeze"))


def unannounced(day: date, changes: Iterable[Change], limits: Limits) -> Iterator[Breach]:
    """The changes that interrupt users on that day, and that nobody announced so many working days before.

    Decree 224/2026, article 13: a planned outage is announced at least 7 working days ahead.
    """
    if limits.notice_days == 0:
        return
    those = [one for one in limits.announced if one.day == day]
    timely = [one for one in those if workdays_between(one.published, day) >= limits.notice_days]
    silent = [change for change in changes if not any(_covers(one, change) for one in timely)]
    if not silent:
        return
    told = f"{len(silent)} changes interrupt users" if len(silent) > 1 else "1 change interrupts users"
    named = few([f"{change.resource} ({change.cost or change.action})" for change in silent])
    why = _late(those, timely, day) or f"no announcement for {day} covers them"
    ahead = f"Announce it {limits.notice_days} working days ahead, and enter it in `limits.announced` of province.yml"
    first = f"what is announced on {day} may be done from {day_after(day, limits.notice_days)} on"
    yield Breach("notice", "refuse", f"{told}: {named}; {why}.", overriding(f"{ahead} ({first})", "notice"))


def interrupts(change: Change) -> bool:
    """Whether users notice: what is replaced or deleted, and a machine that is off for a while."""
    return change.action in ("replace", "delete") or change.cost not in ("", "live")


def _covers(one: Announcement, change: Change) -> bool:
    return (not one.units or change.unit in one.units) and (not one.systems or change.system in one.systems)


def _late(those: Sequence[Announcement], timely: Sequence[Announcement], day: date) -> str:
    """Which announcement came too late."""
    late = [one for one in those if one not in timely]
    if not late:
        return ""
    days = workdays_between(late[0].published, day)
    return f"{late[0].reference} was published on {late[0].published}, {days} working days before"
