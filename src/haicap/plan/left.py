"""What is left of a plan whose apply stopped half way. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from haicap.plan.model import Action, Change, Json, Plan

# What may be left to do where a change was begun: never more than was planned.
_LEFT: Mapping[Action, frozenset[Action]] = {
    "create": frozenset({"create", "update"}),
    "update": frozenset({"update"}),
    "replace": frozenset({"replace", "create", "update"}),
    "delete": frozenset({"delete"}),
}


def is_left_of(plan: Plan, now: Plan) -> bool:
    """Whether a plan that is made now does nothing that `plan` does not hold.

    Of what both were made from only the state may have moved, and each change must lead to what was planned.
    """
    planned = {change.resource: change for change in plan.changes}
    return _origin(plan) == _origin(now) and all(_is_left(planned.get(one.resource), one) for one in now.changes)


def done_before(plan: Plan, left: Plan) -> tuple[Change, ...]:
    """The changes of a plan that are not left."""
    names = {change.resource for change in left.changes}
    return tuple(change for change in plan.changes if change.resource not in names)


def _is_left(planned: Change | None, now: Change) -> bool:
    return (
        planned is not None
        and now.action in _LEFT[planned.action]
        and now.digest == planned.digest
        and set(now.destroys) <= set(planned.destroys)
    )


def _origin(plan: Plan) -> list[Json]:
    selection = {key: sorted(values) for key, values in plan.selection.items() if key != "destroy"}
    basis = {name: digest for name, digest in plan.basis.items() if name != "state"}
    return [plan.province, plan.target, plan.as_of, selection, basis, plan.made.commit, dict(plan.made.tools)]
