"""A cut-over as a plan: what its steps change at machines and names, as a document that can be approved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from haicap.errors import Refused
from haicap.lifecycle.cutover import StepName
from haicap.plan.file import ensure_same, read_plan
from haicap.plan.model import Change, Plan
from haicap.stack.approving import ensure_approved, ensure_in_time, needs_approval
from haicap.stack.cutover_hands import Hands
from haicap.stack.cutover_job import Job
from haicap.stack.making import made_from
from haicap.stack.workspace import Workspace


def plan_cutover(job: Job, hands: Hands, steps: Mapping[StepName, Sequence[Change]]) -> Plan:
    """The changes of all its steps, one after another. It is for `--approved`; no apply does it."""
    changes = tuple(change for step in job.steps for change in steps.get(step, ()))
    return replace(hands.plan(job.entry), selection=_selection(job), changes=changes)


def ensure_cutover_approved(
    workspace: Workspace, job: Job, now: Plan, approved: Path | None, today: date, clock: datetime, *, demanded: bool
) -> None:
    """Refused where a cut-over must be approved, or an approved one is named, and this is not that one.

    `now` is what would be approved now. One that was begun goes on with what it was begun with, though the state has
    moved by its own steps. To undo a freeze takes no approval: what stands then was there before.
    """
    undoes = job.direction == "back" and job.entry is not None and not job.entry.switched
    needs = needs_approval(workspace, demanded=demanded)
    if undoes or (approved is None and not needs):
        return
    if approved is None:
        raise Refused(
            f"Nothing was changed: a cut-over of {workspace.slug}, {workspace.target}, must be approved before.\n"
            f"`{job.command(job.direction)} --dry-run -o cutover.json` makes it a file, `haicap approve cutover.json` "
            f"approves it, `{job.command(job.direction)} --approved cutover.json` does it."
        )
    saved = read_plan(approved)
    if saved.plan.selection != _selection(job):
        raise Refused(f"{approved}: nothing was changed: it is not of `{job.command(job.direction)}`.")
    ensure_in_time(saved, clock)
    if needs:
        ensure_approved(workspace, saved, clock)
    if not _is_begun(job):
        if saved.as_of != today:
            raise Refused(f"{approved}: nothing was changed: it is for {saved.as_of}, and today is {today}.")
        ensure_same(saved, replace(now, made=made_from(workspace)))


def _selection(job: Job) -> dict[str, Sequence[str]]:
    return {"cutover": [job.pair.new.name, job.direction]}


def _is_begun(job: Job) -> bool:
    """Whether its first step was done: then one platform is read-only."""
    if job.entry is None:
        return False
    return job.direction == "forward" or job.entry.back is not None
