"""A plan's file against what stands now: it is done whole, or what an apply that stopped has left of it."""

from __future__ import annotations

from dataclasses import replace

from haicap.audit.reading import last_move
from haicap.errors import Refused
from haicap.plan.file import SavedPlan, ensure_same
from haicap.plan.left import is_left_of
from haicap.plan.model import Plan
from haicap.stack.making import made_from
from haicap.stack.planning import make_plan, plan_destroy
from haicap.stack.record import log_of
from haicap.stack.workspace import Workspace


def left_of(workspace: Workspace, saved: SavedPlan) -> Plan:
    """What is to be done for a plan's file, and the limits that it does not keep today: all of it, or what is left.

    Refused when that is not what the file holds. A plan whose apply failed in part, was stopped or killed goes on only
    as long as nothing else was applied since, and nothing but the state has moved; one that was done wholly is over.
    """
    now = _made_now(workspace, saved)
    try:
        ensure_same(saved, now)
    except Refused:
        events = log_of(workspace).events()
        last = last_move(events)
        if last is None or last.fields.get("plan") != saved.plan.digest:
            raise
        if last.kind == "apply-ended" and not last.fields["failed"] and not last.fields["skipped"]:
            raise Refused(
                f"{saved.path}: this plan was applied before, all of it, at {last.at}: it is over.\n"
                f"See what is pending: `haicap plan {saved.plan.province}`."
            ) from None
        if not is_left_of(saved.plan, now):
            raise
    return now


def _made_now(workspace: Workspace, saved: SavedPlan) -> Plan:
    overrides = saved.plan.overrides
    if saved.destroy is None:
        now = make_plan(workspace, saved.as_of, saved.selection, overrides=overrides, at_once=True)
    else:
        now = plan_destroy(workspace, saved.as_of, saved.destroy, overrides=overrides, at_once=True)
    return replace(now, made=made_from(workspace))
