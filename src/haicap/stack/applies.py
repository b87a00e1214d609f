"""What came of an apply, as the province's log has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from haicap.audit import Event
from haicap.canonical import Json
from haicap.plan.applied import AppliedResult
from haicap.plan.model import Plan
from haicap.stack.record import SHARED


def result_in(events: Iterable[Event], plan: Plan) -> AppliedResult | None:
    """The last apply of a plan that ended, with what was done of it before; None when none did. Why a change failed is
    not in the log."""
    begun: dict[int, str] = {}
    found: AppliedResult | None = None
    for event in events:
        if event.kind == "apply-begun":
            begun[event.seq] = event.at
        if event.kind == "apply-ended" and event.fields.get("plan") == plan.digest:
            found = _result(event, begun[event.fields["begun"]], plan)
    return found


def _result(event: Event, begun: str, plan: Plan) -> AppliedResult:
    fields: Mapping[str, Json] = event.fields
    before: Mapping[str, int] = fields.get("before", {})
    units = {unit: {"done": 0, "failed": 0, **fields["units"].get(unit, {})} for unit in {**before, **fields["units"]}}
    return AppliedResult(
        province=plan.province,
        target=plan.target,
        plan=plan.digest,
        by=str(event.who.get("principal", "")),
        begun=begun,
        ended=event.at,
        done=fields["done"] + sum(before.values()),
        failed=fields["failed"],
        skipped=fields["skipped"],
        stopped=fields["stopped"],
        units={
            unit: {"done": counts["done"] + before.get(unit, 0), "failed": counts["failed"]}
            for unit, counts in sorted(units.items())
            if unit != SHARED
        },
    )
