"""An apply stops when too many resources failed: what fails everywhere is not tried everywhere."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pulumi.automation.events import EngineEvent

from haicap.errors import Refused
from haicap.inventory.safety import Limits
from haicap.plan.model import Breach, Override
from haicap.stack import engine
from haicap.stack.limits import most_failures
from haicap.stack.workspace import Workspace
from tests.unit.plan.plans import change, gateways, plan_of

URN = "urn:pulumi:lam-dong::haicap-province::haicap:index:Host::"


def event(name: str, **kind: str) -> EngineEvent:
    """The engine tells that the update of a resource `failed` or is `done`."""
    step = SimpleNamespace(metadata=SimpleNamespace(urn=URN + name, op=SimpleNamespace(value="update")))
    fields: dict[str, Any] = dict.fromkeys(
        ("resource_pre_event", "res_outputs_event", "res_op_failed_event", "diagnostic_event")
    )
    fields["res_op_failed_event" if kind.get("is_") == "failed" else "res_outputs_event"] = step
    return cast(EngineEvent, SimpleNamespace(**fields))


def follower(most: int | None, halts: list[str]) -> engine._Follower:
    changes = {one.resource: one for one in gateways(5)}
    return engine._Follower(changes, lambda _event: None, most, lambda: halts.append("halt"))


def test_it_stops_at_the_limit_and_asks_once() -> None:
    halts: list[str] = []
    following = follower(3, halts)
    for number, expected in enumerate([0, 0, 1, 1, 1]):
        following.take(event(f"gw-{10000 + number}", is_="failed"))
        assert len(halts) == expected
    assert following.halted == "3 failed, which is as many as limits.failures allows"


def test_what_was_done_does_not_count_and_a_resource_fails_once() -> None:
    halts: list[str] = []
    following = follower(2, halts)
    following.take(event("gw-10000", is_="done"))
    for _again in range(3):
        following.take(event("gw-10001", is_="failed"))
    assert (halts, following.halted) == ([], "")


@pytest.mark.parametrize(("limit", "most"), [("failures", None), ("units", 25)])
def test_the_limit_can_be_overridden(limit: str, most: int | None) -> None:
    province = SimpleNamespace(limits=Limits())
    workspace = cast(Workspace, SimpleNamespace(inventory=SimpleNamespace(province=province)))
    plan = plan_of([change("gw-24958")])
    overridden = replace(plan, overrides=(Override(limit, "a lab of broken hosts"),))
    assert most_failures(workspace, overridden) == most


def test_a_plan_that_does_not_keep_its_limits_never_reaches_the_engine() -> None:
    plan = plan_of([change("gw-24958")])
    held = replace(plan, breaches=(Breach("units", "refuse", "61 units.", "In parts."),))
    with pytest.raises(Refused, match="units: 61 units"):
        engine.apply(cast(Workspace, None), held, lambda _event: None)
