"""`haicap drift`."""

from __future__ import annotations

from pathlib import Path

import click

from haicap.cli import ask, changes, options, screen
from haicap.cli.run import Steps
from haicap.stack.engine import find_drift
from haicap.stack.workspace import Target


@click.command("drift")
@options.province
@options.units
@options.target
@options.ssh_key
@options.as_json
@click.pass_obj
def command(
    directory: Path,
    province: str | None,
    units: tuple[str, ...],
    wave: str | None,
    target: Target | None,
    ssh_key: Path | None,
    as_json: bool,
) -> int:
    """Look at hosts and servers for what was changed by hand, and show it to the line. Nothing is changed there.

    Exit code 2 when something drifted; the next plan holds what puts it right.

    \b
    Example:
      haicap drift lam-dong --unit 24958
    """
    ws = ask.workspace(directory, province, target, ssh_key)
    codes, names = ask.selection(ws.inventory, units, wave), ask.names_of(ws.inventory)
    with Steps(names, 0, quiet=True, title="drift") as steps:
        found = find_drift(ws, codes, steps.on_event)
    if as_json:
        screen.put_json({"format": "haicap.drift/1", "province": ws.slug, "target": ws.target, "changes": found})
        return 2 if found else 0
    changes.show_drift(found, names)
    if not found:
        screen.put("No drift: nothing was changed by hand since the last look.")
        return 0
    screen.put(f"{screen.count(len(found), 'resource')} drifted")
    screen.say(f"`haicap apply {ws.slug}` puts it right.")
    return 2
