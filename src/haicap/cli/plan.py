"""`haicap plan`."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import click

from haicap.cli import ask, changes, options, screen
from haicap.cli.remember import remember
from haicap.errors import HaicapError
from haicap.plan.blast import blast_of
from haicap.plan.model import dump
from haicap.report.comparison import blast_lines
from haicap.stack.commits import find_commit
from haicap.stack.limits import overrides_of
from haicap.stack.making import make
from haicap.stack.planning import make_plan
from haicap.stack.record import applied_commit, record_plan
from haicap.stack.workspace import Target, Workspace
from haicap.stack.world import world_of


@click.command("plan")
@options.province
@click.option("-o", "file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write it for apply.")
@options.valid
@click.option("--since", metavar="COMMIT", help="Who wrote after it is an author; else after the last whole apply.")
@options.as_of
@options.selection
@options.delete_disks
@options.overrides
@options.target
@options.blast_radius
@options.full
@options.as_json
@click.pass_obj
def command(
    directory: Path,
    province: str | None,
    file: Path | None,
    valid: int,
    since: str | None,
    as_of: date,
    units: tuple[str, ...],
    wave: str | None,
    platforms: tuple[str, ...],
    delete_disks: bool,
    override: tuple[str, ...],
    reason: tuple[str, ...],
    target: Target | None,
    blast: bool,
    full: bool,
    as_json: bool,
) -> int:
    """What apply would do, to the line: made offline, from inventory, locks, date and recorded state.

    Exit code 2 when changes are pending, 0 when there is none, 3 when the plan does not keep the province's limits:
    apply will refuse it.

    \b
    Example:
      haicap plan lam-dong --wave pilot
      haicap plan lam-dong --as-of 2025-07-01 -o plan.json
    """
    if since is not None and file is None:
        raise click.UsageError("--since is for a file: name it with -o.")
    ws = ask.workspace(directory, province, target)
    chosen = ask.selected(ws.inventory, units, wave, platforms, delete_disks=delete_disks)
    made = make_plan(ws, as_of, chosen, overrides=overrides_of(ws, override, reason))
    if file is not None:
        applied = _commit(ws, since) if since is not None else applied_commit(ws)
        made = replace(made, made=make(ws, timedelta(days=valid), applied))
        screen.write(file, dump(made.to_json()))
        remember(lambda: record_plan(ws, made, file))
    touched = blast_of(made.changes, world_of(ws.inventory, ws.staff, ws.locks, as_of)) if blast else None
    if as_json:
        screen.put_json(made.to_json() | ({"blast": touched.to_json()} if touched else {}))
    else:
        changes.show_plan(made, ask.names_of(ws.inventory), full=full)
    if touched is not None and not as_json:
        changes.show_lines(blast_lines(touched, ask.names_of(ws.inventory)))
    if file is not None:
        screen.say(ask.after_plan(ws, file, made))
    return ask.code_of(made)


def _commit(ws: Workspace, text: str) -> str:
    if (found := find_commit(ws.directory, text)) is None:
        raise HaicapError(
            f'--since "{text}": git knows no such commit here. In a shallow clone, fetch the history first.'
        )
    return found
