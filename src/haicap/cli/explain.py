"""`haicap explain`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from haicap.cli import ask, changes, options, screen
from haicap.inventory.loader import find_provinces
from haicap.inventory.naming import slug as make_slug
from haicap.plan.file import read_plan
from haicap.plan.model import Plan
from haicap.report.explanation import explanation_lines
from haicap.stack.explaining import FORMAT, explain
from haicap.stack.planning import make_plan
from haicap.stack.workspace import Target, Workspace


@click.command("explain")
@click.argument("change")
@click.argument("where", required=False, metavar="[PLANFILE|PROVINCE]")
@options.as_of
@options.target
@options.full
@options.as_json
@click.pass_context
def command(
    ctx: click.Context,
    change: str,
    where: str | None,
    as_of: date,
    target: Target | None,
    full: bool,
    as_json: bool,
) -> None:
    """Why a change is planned: which lines of which file, which rule, which date, and who wrote it.

    CHANGE is a resource as a plan names it: gw-24958, dns-24958, zones, mail-24958, vm-procedures-1. After a colon it
    is one value of it: a file's path, a record's name, a staff number. What does not change is explained, too.

    \b
    Example:
      haicap explain gw-24958 lam-dong
      haicap explain gw-24958:/etc/nftables.conf plan.json
      haicap explain mail-24829:68-24829-004 --as-of 2025-07-01
    """
    name, _, path = change.partition(":")
    ws, plan = _planned(ctx, where, as_of, target)
    found = explain(ws, plan, name, path or None)
    if as_json:
        screen.put_json({"format": FORMAT, "province": ws.slug, "as_of": plan.as_of, **found.to_json()})
    else:
        changes.show_lines(explanation_lines(found, ask.names_of(ws.inventory), full=full))


def _planned(ctx: click.Context, where: str | None, as_of: date, target: Target | None) -> tuple[Workspace, Plan]:
    """The plan that is explained: the one in a file, or the one that would be made."""
    directory: Path = ctx.obj
    if where is None or make_slug(where) in find_provinces(directory) or not Path(where).is_file():
        ws = ask.workspace(directory, where, target)
        return ws, make_plan(ws, as_of)
    if ctx.get_parameter_source("as_of") is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("--as-of has no place beside a plan file: the plan says it.")
    plan = read_plan(Path(where)).plan
    then: Target = "lab" if plan.target == "lab" else "live"
    return ask.workspace(directory, plan.province, target or then), plan
