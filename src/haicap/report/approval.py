"""What somebody must know of a plan before approving it: short, and without hiding what takes away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from haicap.inventory.approvers import Approvers
from haicap.plan.model import PENDING, Plan
from haicap.plan.verdict import missing
from haicap.report.text import Line, change_lines, plan_lines, summary


def approval_lines(plan: Plan, *, full: bool = False) -> Iterator[Line]:
    """How it came about, how much of what, each delete and replace, limits, digest; `full`: every change before it."""
    names = {code: str(facts["name"]) for code, facts in plan.units.items()}
    if full:
        yield from plan_lines(plan, names, full=True)
        yield Line("")
    made = plan.made
    yield Line(f"{plan.province}, {plan.target}, as of {plan.as_of}, {len(names)} unit{'' if len(names) == 1 else 's'}")
    yield Line(f"made {made.at} by {made.by}, holds until {made.expires}")
    if made.commit:
        yield Line(f"commit {made.commit} by {', '.join(made.authors)}")
    yield from _amounts(plan)
    for change in plan.changes:
        if change.action in ("delete", "replace"):
            yield from change_lines(change, names)
    yield from (Line(f"Deleted for good: {what}", "gone") for what in plan.destroys)
    yield from _limits(plan)
    yield Line(summary(plan))
    yield Line(plan.digest)


def _amounts(plan: Plan) -> Iterator[Line]:
    """`dns: 3 to create, 1 to delete`"""
    counts = Counter((change.system, change.action) for change in plan.changes)
    for system in sorted({change.system for change in plan.changes}):
        told = [f"{counts[system, action]} to {action}" for action in PENDING if counts[system, action]]
        yield Line(f"  {system}: {', '.join(told)}")


def _limits(plan: Plan) -> Iterator[Line]:
    overridden = {one.limit: one.reason for one in plan.overrides}
    for breach in plan.breaches:
        yield Line(f"limit {breach.limit}: {breach.message}", "replace")
        if breach.limit in overridden:
            yield Line(f"    overridden: {overridden[breach.limit]}")


def rule_lines(plan: Plan, approvers: Approvers, approved_by: Sequence[str]) -> Iterator[Line]:
    """Each rule that the plan must meet, and how many more it takes."""
    for rule, lacks in missing(plan, approvers, approved_by):
        roles = f" with {' or '.join(rule.roles)}" if rule.roles else ""
        told = f"{lacks} more must approve" if lacks else "met"
        yield Line(f"rule {rule.name}: {rule.count}{roles}; {told}", "note" if lacks else "create")
