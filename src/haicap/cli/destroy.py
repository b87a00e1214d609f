"""`haicap destroy`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from haicap.cli import ask, changes, options
from haicap.cli.run import apply_plan
from haicap.errors import Refused
from haicap.plan.safety import ensure_allowed
from haicap.stack.limits import overrides_of
from haicap.stack.planning import plan_destroy
from haicap.stack.record import record
from haicap.stack.workspace import Target


@click.command("destroy")
@options.province
@options.units
@options.yes
@options.as_of
@options.target
@options.ssh_key
@options.delete_mailboxes
@options.overrides
@options.full
@options.as_json
@click.pass_obj
def command(
    directory: Path,
    province: str | None,
    units: tuple[str, ...],
    wave: str | None,
    yes: bool,
    as_of: date,
    target: Target | None,
    ssh_key: Path | None,
    delete_mailboxes: bool,
    override: tuple[str, ...],
    reason: tuple[str, ...],
    full: bool,
    as_json: bool,
) -> int:
    """Take units away: their records, and their hosts' configuration, with the original files put back.

    Addresses stay locked until the unit leaves the inventory.

    \b
    Example:
      haicap destroy lam-dong --unit 24958
    """
    if not units and wave is None:
        raise click.UsageError("Which units? Give --unit CODE or --wave NAME.")
    ask.ensure_answerable(yes=yes, as_json=as_json)
    ws = ask.workspace(directory, province, target, ssh_key)
    codes = ask.selection(ws.inventory, units, wave) or frozenset()
    plan = plan_destroy(ws, as_of, codes, overrides=overrides_of(ws, override, reason), at_once=True)
    if not as_json:
        changes.show_plan(plan, ask.names_of(ws.inventory), full=full)
    ensure_allowed(plan.refusals)
    ask.ensure_kept(plan, delete_mailboxes=delete_mailboxes, delete_disks=False)
    if plan.changes and not ask.confirm("Destroy it?", yes=yes):
        raise Refused("Nothing was done.")
    if plan.changes:
        record(ws, "destroy", plan=plan.digest, units=sorted(codes))
    chosen = [f"--unit {code}" for code in sorted(codes)]
    again = " ".join(["haicap destroy", ws.slug, *chosen, *ask.overriding(plan)])
    return apply_plan(ws, plan, again, as_json=as_json)
