"""`haicap render`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import click

from haicap.cli import ask, options, screen
from haicap.design.province import HostDesign, design_province
from haicap.design.supposed import placeholder_keys
from haicap.errors import HaicapError
from haicap.render import render_host
from haicap.stack.workspace import Target, Workspace

_PLACEHOLDER = "(not enrolled yet)"


@click.command("render")
@click.argument("words", nargs=-1, metavar="[PROVINCE] UNIT|HOST")
@click.option(
    "-o",
    "folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the files below DIR/<host>.",
)
@click.option("--file", "wanted", metavar="PATH", help="Print this one file.")
@options.as_of
@options.target
@options.as_json
@click.pass_obj
def command(
    directory: Path,
    words: tuple[str, ...],
    folder: Path | None,
    wanted: str | None,
    as_of: date,
    target: Target | None,
    as_json: bool,
) -> None:
    """The exact files of a unit's gateway, or of a hub or name server, as they will stand on the host.

    \b
    Example:
      haicap render 24958
      haicap render 24958 --file /etc/nftables.conf
      haicap render hub1 -o build/files
    """
    slug, text = ask.split_words(directory, words, "[PROVINCE] UNIT|HOST")
    if text is None:
        raise click.UsageError("Which unit or host? Give a unit's code or name, or a host's name.")
    if folder is not None and wanted is not None:
        raise click.UsageError("-o and --file exclude each other: give one of them.")
    ws = ask.workspace(directory, slug, target)
    host = _host(ws, text, as_of)
    files = render_host(host).files
    if wanted is not None:
        files = {wanted: _one(files, wanted, host.name)}
    if as_json:
        screen.put_json({"format": "haicap.files/1", "host": host.name, "as_of": as_of, "files": files})
    elif wanted is not None:
        click.echo(files[wanted], nl=False)
    elif folder is not None:
        _write(folder / host.name, files)
    else:
        for path in files:
            screen.put(path)
    if any(_PLACEHOLDER in text for text in files.values()):
        screen.say(f"Not every host is enrolled: a key that is not known yet reads {_PLACEHOLDER}.")


def _host(ws: Workspace, text: str, as_of: date) -> HostDesign:
    locks = ws.agreed_locks()
    name = text if text in ask.hosts_of(ws.inventory) else ask.find_unit(ws.inventory, text).gateway
    design = design_province(ws.inventory, placeholder_keys(ws.inventory, locks), as_of)
    for host in design.hosts:
        if host.name == name:
            return host
    raise HaicapError(f"{name} has no file on {as_of}: none of its systems stands on that day. Try another --as-of.")


def _one(files: Mapping[str, str], path: str, host: str) -> str:
    if path not in files:
        raise HaicapError(f"{host} has no file {path}; {ask.near(path, list(files))}")
    return files[path]


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        place = folder / path.lstrip("/")
        screen.write(place, text)
        screen.put(str(place))
