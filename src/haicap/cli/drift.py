"""`haicap drift`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from haicap.cli import ask, changes, options, screen
from haicap.cli.run import Steps
from haicap.stack.engine import Drift, find_drift
from haicap.stack.workspace import Target


@click.command("drift")
@options.province
@options.selection
@options.target
@options.ssh_key
@options.as_json
@click.pass_obj
def command(
    directory: Path,
    province: str | None,
    units: tuple[str, ...],
    wave: str | None,
    platforms: tuple[str, ...],
    target: Target | None,
    ssh_key: Path | None,
    as_json: bool,
) -> int:
    """Look at hosts and servers for what was changed by hand, and show it to the line. Nothing is changed there.

    Exit code 2 when something drifted; the next plan holds what puts it right. Exit code 1 when something could not be
    looked at; the others are shown all the same.

    \b
    Example:
      haicap drift lam-dong --unit 24958
    """
    ws = ask.workspace(directory, province, target, ssh_key)
    chosen, names = ask.selected(ws.inventory, units, wave, platforms), ask.names_of(ws.inventory)
    with Steps(names, 0, quiet=True, title="drift") as steps:
        found = find_drift(ws, chosen, steps.on_event)
    if as_json:
        told = {"format": "haicap.drift/1", "province": ws.slug, "target": ws.target}
        screen.put_json({**told, "changes": found.changes, "failures": found.failures})
    else:
        _show(ws.slug, found, names)
    return 1 if found.failures else 2 if found.changes else 0


def _show(slug: str, found: Drift, names: Mapping[str, str]) -> None:
    changes.show_drift(found.changes, names)
    if found.changes:
        screen.put(f"{screen.count(len(found.changes), 'resource')} drifted")
        screen.say(f"`haicap apply {slug}` puts it right.")
    elif not found.failures:
        screen.put("No drift: everything stands as it was last applied.")
    for failure in found.failures:
        screen.say(f"{failure.resource} {failure.system}: {failure.cause}")
    if found.failures:
        count = screen.count(len(found.failures), "resource")
        screen.say(f"{count} could not be looked at: see to that, then run `haicap drift {slug}` again.")
