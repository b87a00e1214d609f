"""`haicap init`."""

from __future__ import annotations

from pathlib import Path

import click

from haicap.cli import options, screen
from haicap.inventory.scaffold import scaffold


@click.command("init")
@click.argument("province")
@options.as_json
@click.pass_obj
def command(directory: Path, province: str, as_json: bool) -> None:
    """Write a new inventory from the national data: real units, names and predecessors; synthetic addresses
    and people.

    PROVINCE is a province's name or code. Nothing that is there already is overwritten.

    \b
    Example:
      haicap init nghe-an
    """
    written = scaffold(directory, province)
    slug = written[0].parent.name
    if as_json:
        screen.put_json({"province": slug, "files": [path.relative_to(directory).as_posix() for path in written]})
        return
    for path in written:
        if path.parent.name != "staff":
            screen.put(path.relative_to(directory).as_posix())
    screen.put(
        f"inventories/{slug}/staff/ ({screen.count(sum(path.parent.name == 'staff' for path in written), 'file')})"
    )
    screen.say(f"Replace what is marked synthetic, then run `haicap check {slug}`.")
    screen.say(f"Who may approve what is applied, inventories/{slug}/approvers.yml can say: docs/approval.md.")
