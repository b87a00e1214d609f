"""`haicap destroy`."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import click

from haicap.cli import ask, changes, options, screen
from haicap.cli.remember import remember
from haicap.cli.run import apply_plan
from haicap.errors import Refused
from haicap.plan.model import Plan, dump
from haicap.plan.safety import ensure_allowed
from haicap.stack.approving import ensure_free
from haicap.stack.limits import overrides_of
from haicap.stack.making import make
from haicap.stack.planning import plan_destroy
from haicap.stack.record import applied_commit, record, record_plan
from haicap.stack.workspace import Target, Workspace


@click.command("destroy")
@options.province
@options.units
@click.option(
    "-o", "file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Only write it, for apply."
)
@options.valid
@options.yes
@options.as_of
@options.target
@options.ssh_key
@options.delete_mailboxes
@options.require_approval
@options.overrides
@options.full
@options.as_json
@click.pass_obj
def command(
    directory: Path,
    province: str | None,
    units: tuple[str, ...],
    wave: str | None,
    file: Path | None,
    valid: int,
    yes: bool,
    as_of: date,
    target: Target | None,
    ssh_key: Path | None,
    delete_mailboxes: bool,
    require_approval: bool,
    override: tuple[str, ...],
    reason: tuple[str, ...],
    full: bool,
    as_json: bool,
) -> int:
    """Take units away: their records, and their hosts' configuration, with the original files put back.

    Addresses stay locked until the unit leaves the inventory. With -o nothing is taken away: the plan is written, to be
    approved and applied (exit code 2).

    \b
    Example:
      haicap destroy lam-dong --unit 24958
      haicap destroy lam-dong --unit 24958 -o plan.json
    """
    if not units and wave is None:
        raise click.UsageError("Which units? Give --unit CODE or --wave NAME.")
    if file is None:
        ask.ensure_answerable(yes=yes, as_json=as_json)
    ws = ask.workspace(directory, province, target, ssh_key)
    codes = ask.selection(ws.inventory, units, wave) or frozenset()
    words = " ".join(["haicap destroy", ws.slug, *(f"--unit {code}" for code in sorted(codes))])
    if file is None:
        ensure_free(ws, words, demanded=require_approval)
    plan = plan_destroy(ws, as_of, codes, overrides=overrides_of(ws, override, reason), at_once=file is None)
    if file is not None:
        return _write(
            ws,
            replace(plan, made=make(ws, timedelta(days=valid), applied_commit(ws))),
            file,
            full=full,
            as_json=as_json,
        )
    if not as_json:
        changes.show_plan(plan, ask.names_of(ws.inventory), full=full)
    ensure_allowed(plan.refusals)
    ask.ensure_kept(plan, delete_mailboxes=delete_mailboxes, delete_disks=False)
    if plan.changes and not ask.confirm("Destroy it?", yes=yes):
        raise Refused("Nothing was done.")
    if plan.changes:
        record(ws, "destroy", plan=plan.digest, units=sorted(codes))
    return apply_plan(ws, plan, " ".join([words, *ask.overriding(plan)]), as_json=as_json)


def _write(ws: Workspace, plan: Plan, file: Path, *, full: bool, as_json: bool) -> int:
    """The plan as a file, and shown."""
    screen.write(file, dump(plan.to_json()))
    remember(lambda: record_plan(ws, plan, file))
    if as_json:
        screen.put_json(plan.to_json())
    else:
        changes.show_plan(plan, ask.names_of(ws.inventory), full=full)
    screen.say(ask.after_plan(ws, file, plan))
    return ask.code_of(plan)
