"""Promises of the limits: less is never worse, what is overridden is no refusal, and notice is really given."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from haicap.inventory.safety import Announcement, Count, Freeze, Limits
from haicap.plan.model import Change, Override
from haicap.plan.safety import SYSTEMS, Facts, breaches_of
from haicap.plan.workdays import day_after, is_workday, workdays_between
from tests.unit.plan.plans import plan_of

DAYS = st.dates(date(2025, 1, 1), date(2027, 12, 31))
COUNTS = st.builds(Count, at_most=st.integers(0, 6), percent=st.integers(0, 100))
CHANGES = st.lists(
    st.builds(
        Change,
        unit=st.sampled_from([None, *(f"1000{n}" for n in range(9))]),
        system=st.sampled_from(SYSTEMS),
        resource=st.sampled_from(["hub1", "zones", "gw-10001", "vm-app-1"]),
        action=st.sampled_from(["create", "update", "replace", "delete"]),
        digest=st.just(""),
        cost=st.sampled_from(["", "live", "reboot (root_gib)"]),
    ),
    max_size=20,
)


@st.composite
def limits(draw: st.DrawFn) -> Limits:
    """Limits of a province; waves are left out, since who is proven is not a matter of how much is changed."""
    start = draw(DAYS)
    freeze = Freeze.model_validate({"from": start, "until": start + timedelta(draw(st.integers(0, 60))), "reason": "x"})
    given_: dict[str, Any] = {name: draw(COUNTS) for name in ("deletes", "replaces", "entries")}
    announced = (Announcement(day=draw(DAYS), published=draw(DAYS), reference="x"),)
    protected = draw(st.sampled_from([(), ("gw-*",), ("zones", "vm-*")]))
    return Limits(
        **given_, units=draw(st.integers(0, 8)), freeze=(freeze,), announced=announced, protected=protected, waves=False
    )


FACTS = st.builds(
    Facts, day=DAYS, recorded=st.dictionaries(st.sampled_from(SYSTEMS), st.integers(0, 40)), shared=st.just(("hub1",))
)


@settings(deadline=None)  # the first one waits for the calendar
@given(changes=CHANGES, chosen=st.data(), limits=limits(), facts=FACTS)
def test_a_part_of_a_plan_keeps_what_the_whole_keeps(
    changes: list[Change], chosen: st.DataObject, limits: Limits, facts: Facts
) -> None:
    part = [change for change in changes if chosen.draw(st.booleans())]
    whole = {one.limit for one in breaches_of(plan_of(changes), limits, facts)}
    assert {one.limit for one in breaches_of(plan_of(part), limits, facts)} <= whole


@settings(deadline=None)
@given(changes=CHANGES, limits=limits(), facts=FACTS)
def test_what_is_overridden_is_no_refusal_and_another_plan(changes: list[Change], limits: Limits, facts: Facts) -> None:
    plan = plan_of(changes)
    held = replace(plan, breaches=breaches_of(plan, limits, facts))
    overrides = tuple(
        Override(name, "a reason that was given") for name in sorted({one.limit for one in held.refusals})
    )
    allowed = replace(held, overrides=overrides)
    assert allowed.refusals == ()
    assert (allowed.digest == held.digest) == (not held.refusals)
    assert all(f"--override {one.limit} " in one.next_step for one in held.breaches)


@settings(deadline=None)
@given(first=DAYS, number=st.integers(0, 40))
def test_the_earliest_day_is_the_first_that_gives_notice(first: date, number: int) -> None:
    day = day_after(first, number)
    assert workdays_between(first, day) == number
    assert number == 0 or workdays_between(first, day - timedelta(1)) == number - 1


@settings(deadline=None)
@given(days=st.lists(DAYS, min_size=3, max_size=3, unique=True))
def test_working_days_add_up(days: list[date]) -> None:
    first, middle, last = sorted(days)
    parts = workdays_between(first, middle) + is_workday(middle) + workdays_between(middle, last)
    assert workdays_between(first, last) == parts
