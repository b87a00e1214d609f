"""`haicap schema`."""

from __future__ import annotations

from pathlib import Path

import click

from haicap.cli import options, screen
from haicap.errors import HaicapError
from haicap.inventory.schema import json_schemas, schema_text, write_schemas


@click.command("schema")
@click.argument(
    "kind",
    required=False,
    type=click.Choice(["province", "units", "platforms", "approvers", "staff"]),
    metavar="[province|units|platforms|approvers|staff]",
)
@click.option("--write", "folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), help="Into files.")
@options.as_json
def command(kind: str | None, folder: Path | None, as_json: bool) -> None:
    """The JSON Schema of one of the inventory's files; of all, by file name, if none is named.

    \b
    Example:
      haicap schema units
      haicap schema --write schema
    """
    if folder is not None:
        try:
            written = write_schemas(folder)
        except OSError as error:
            raise HaicapError(f"{folder}: {error.strerror}.") from error
        if as_json:
            screen.put_json({"files": written})
        else:
            for path in written:
                screen.put(str(path))
        return
    schemas = json_schemas()
    click.echo(schema_text(schemas[f"{kind}.schema.json"] if kind else schemas), nl=False)
