"""Facts for those who decide by the log."""

from __future__ import annotations

from typing import Any

from haicap.audit.event import Event
from haicap.audit.reading import last_applies, last_inspections, last_plan, of_unit, unended


def log(*events: tuple[str, dict[str, Any]]) -> tuple[Event, ...]:
    return tuple(
        Event(seq, f"2025-07-0{seq}T00:00:00.000Z", kind, {}, {}, fields, "", "")
        for seq, (kind, fields) in enumerate(events, 1)
    )


def test_the_last_inspection_of_each_unit_counts() -> None:
    events = log(
        ("inspection", {"units": {"24958": "failed", "24829": "passed"}}),
        ("inspection", {"units": {"24958": "passed"}}),
    )
    assert last_inspections(events) == {
        "24958": ("passed", "2025-07-02T00:00:00.000Z"),
        "24829": ("passed", "2025-07-01T00:00:00.000Z"),
    }


def test_who_looked_at_one_system_only_has_not_passed_a_unit() -> None:
    events = log(
        ("inspection", {"units": {"24958": "failed", "24829": "passed"}, "systems": []}),
        ("inspection", {"units": {"24958": "passed", "24829": "failed"}, "systems": ["dns"]}),
    )
    assert {unit: result for unit, (result, _) in last_inspections(events).items()} == {
        "24958": "failed",
        "24829": "failed",
    }


def test_applies_and_what_was_applied_last() -> None:
    events = log(
        ("apply-begun", {"plan": "a"}),
        ("apply-ended", {"plan": "a", "begun": 1, "units": {"24958": {"done": 1, "failed": 0}}}),
        ("apply-begun", {"plan": "b"}),
    )
    assert last_applies(events) == {"24958": "2025-07-02T00:00:00.000Z"}
    assert (last_plan(events), last_plan(())) == ("a", "")
    assert [event.seq for event in unended(events)] == [3]


def test_a_unit_s_events_are_with_the_approvals_of_its_plans() -> None:
    events = log(
        ("plan", {"plan": "a", "units": {"24958": 1}}),
        ("plan", {"plan": "b", "units": {"24829": 1}}),
        ("approval", {"plan": "a"}),
        ("approval", {"plan": "b"}),
        ("certificate", {"plan": "a", "units": ["24829"]}),
        ("staff-reset", {"unit": "24958"}),
        ("cutover", {"platform": "records"}),
    )
    assert [event.seq for event in of_unit(events, "24958")] == [1, 3, 6]
