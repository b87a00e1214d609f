"""What is left of a plan: nothing that it does not hold, and nothing that stands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from haicap.plan.left import done_before, is_left_of
from haicap.plan.model import Change, Made, Plan

BASIS = {"inventory": "1", "locks": "2", "state": "3"}
CREATED = Change("24829", "gateway", "gw-24829", "create", "sha256:a")
REPLACED = Change(None, "machine", "axis1", "replace", "sha256:b", destroys=("axis1-data",))
UPDATED = Change("24958", "dns", "dns-24958", "update", "sha256:c")
GONE = Change("24958", "dns", "old", "delete", "sha256:d")
PLAN = Plan(
    "lam-dong",
    "live",
    "2025-07-01",
    {"units": ["24829", "24958"]},
    BASIS,
    (CREATED, REPLACED, UPDATED, GONE),
    made=Made("2025-07-01T00:00:00Z", "a@b.vn", "2025-07-02T00:00:00Z", "c0ffee", ("x@y.vn",), {"haicap": "1"}),
)


def left(*changes: Change, **what: object) -> Plan:
    """A plan that is made later, on another state."""
    made = Made(commit="c0ffee", tools={"haicap": "1"})
    return replace(PLAN, **{"changes": changes, "basis": {**BASIS, "state": "4"}, "made": made, **what})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        (),
        (UPDATED,),
        (CREATED, REPLACED, UPDATED, GONE),
        (replace(CREATED, action="update"),),
        (replace(REPLACED, action="create", destroys=()), replace(REPLACED, resource="axis1", action="update")),
    ],
)
def test_a_part_of_it_is_left(changes):
    assert is_left_of(PLAN, left(*changes))


@pytest.mark.parametrize(
    "change",
    [
        replace(UPDATED, digest="sha256:e"),
        replace(UPDATED, resource="dns-24829"),
        replace(UPDATED, action="delete"),
        replace(UPDATED, action="replace"),
        replace(CREATED, action="replace"),
        replace(GONE, action="create"),
        replace(REPLACED, destroys=("axis1-data", "axis1-more")),
    ],
)
def test_what_was_not_planned_is_not_left_of_it(change):
    assert not is_left_of(PLAN, left(CREATED, change))


@pytest.mark.parametrize(
    "moved",
    [
        {"province": "nghe-an"},
        {"target": "lab"},
        {"as_of": "2025-07-02"},
        {"selection": {}},
        {"basis": {**BASIS, "locks": "9"}},
        {"basis": {**BASIS, "approvers": "9"}},
        {"made": Made(commit="c0ffee+", tools={"haicap": "1"})},
        {"made": Made(commit="c0ffee", tools={"haicap": "2"})},
    ],
)
def test_nothing_is_left_of_it_where_more_than_the_state_has_moved(moved):
    assert not is_left_of(PLAN, left(UPDATED, **moved))


def test_units_of_a_destroy_that_are_gone_are_not_missed():
    plan = replace(PLAN, selection={"destroy": ["24829", "24958"]}, changes=(GONE,))
    assert is_left_of(plan, replace(left(GONE), selection={"destroy": ["24958"]}))


def test_what_is_not_left_was_done():
    assert done_before(PLAN, left(replace(CREATED, action="update"), GONE)) == (REPLACED, UPDATED)
    assert done_before(PLAN, PLAN) == ()
