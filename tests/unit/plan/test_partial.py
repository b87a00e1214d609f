"""A plan against a design or another plan: only what is known of both is compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from haicap.plan.compare import compare
from haicap.plan.model import Action, Change, Difference
from haicap.plan.partial import plan_and_design, plan_and_plan


@dataclass(frozen=True)
class Thing:
    name: str
    inputs: dict[str, Any] = field(default_factory=dict)
    unit: str | None = None
    system: str = "hub"


def _change(name: str, action: Action, *diff: Difference) -> Change:
    return Change(None, "hub", name, action, "", diff)


def _file(before: str | None, after: str | None, name: str = "/a") -> Difference:
    return Difference(("files", name), before, after)


def test_what_the_plan_does_not_change_is_not_compared() -> None:
    design = {"hub1": Thing("hub1", {"files": {"/a": "2", "/b": "other"}}), "hub2": Thing("hub2", {"files": {}})}
    assert compare(*plan_and_design([_change("hub1", "update", _file("1", "2"))], design)).changes == ()


def test_a_design_that_says_otherwise_shows() -> None:
    design = {"hub1": Thing("hub1", {"files": {"/a": "3", "/b": "other"}})}
    [change] = compare(*plan_and_design([_change("hub1", "update", _file("1", "2"))], design)).changes
    assert (change.action, change.diff) == ("update", (_file("2", "3"),))


def test_what_a_plan_deletes_and_a_design_has_comes() -> None:
    design = {"hub1": Thing("hub1", {"files": {"/a": "1"}})}
    gone = _change("hub1", "delete", Difference(("files",), {"/a": "1"}, None))
    [change] = compare(*plan_and_design([gone], design)).changes
    assert change.action == "create"


def test_what_a_plan_creates_and_a_design_lacks_goes() -> None:
    made = _change("hub1", "create", Difference(("files",), None, {"/a": "1"}))
    [change] = compare(*plan_and_design([made], {})).changes
    assert change.action == "delete"


def test_the_same_plan_is_no_difference() -> None:
    plan = [_change("hub1", "update", _file("1", "2")), _change("hub2", "delete", _file("1", None))]
    assert compare(*plan_and_plan(plan, plan)).changes == ()


def test_what_only_one_plan_changes_is_for_the_other_as_it_was() -> None:
    first, second = [_change("hub1", "update", _file("1", "2"))], [_change("hub1", "update", _file("x", "y", "/b"))]
    [change] = compare(*plan_and_plan(first, second)).changes
    assert change.diff == (_file("2", "1"), _file("x", "y", "/b"))


def test_a_resource_of_one_plan_only() -> None:
    made = _change("hub1", "create", Difference(("files",), None, {"/a": "1"}))
    gone = _change("hub2", "delete", Difference(("files",), {"/a": "1"}, None))
    actions = {one.resource: one.action for one in compare(*plan_and_plan([made], [gone])).changes}
    assert actions == {"hub1": "delete", "hub2": "delete"}


def test_a_whole_value_beside_a_part_of_it() -> None:
    whole = [_change("hub1", "create", Difference(("files",), None, {"/a": "1", "/b": "2"}))]
    part = [_change("hub1", "update", _file("0", "1"))]
    [change] = compare(*plan_and_plan(whole, part)).changes
    assert change.diff == (_file("2", None, "/b"),)
    assert whole[0].diff[0].after == {"/a": "1", "/b": "2"}, "a plan's own values are never changed"
