"""`haicap history`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from haicap.audit.event import Event
from haicap.audit.reading import of_unit
from haicap.cli import ask, options, screen
from haicap.errors import HaicapError
from haicap.inventory.national import units
from haicap.report.history import Life, life_of, life_of_gone
from haicap.stack.record import log_of
from haicap.stack.workspace import Target, Workspace


@click.command("history")
@click.argument("words", nargs=-1, required=True, metavar="UNIT [PROVINCE]")
@options.target
@options.as_json
@click.pass_obj
def command(directory: Path, words: tuple[str, ...], target: Target | None, as_json: bool) -> None:
    """The life of a unit, by code or name, from its predecessors on: the stages of its systems, and every plan,
    approval, apply, inspection and certificate that touches it, from the log.

    \b
    Example:
      haicap history 24958
      haicap history "Đức Trọng" lam-dong
    """
    if len(words) > 2:
        raise click.UsageError(f"Got unexpected extra argument ({words[2]}); it takes UNIT [PROVINCE].")
    ws = ask.workspace(directory, words[1] if len(words) == 2 else None, target)
    life = _life(ws, words[0], log_of(ws).events())
    if as_json:
        screen.put_json({"format": "haicap.history/1", "province": ws.slug, "target": ws.target, **vars(life)})
    else:
        _show(life)


def _life(ws: Workspace, text: str, events: Sequence[Event]) -> Life:
    """Of a unit of the inventory; or of a code that only the log knows: the unit was taken out since."""
    try:
        return life_of(ws.inventory, ask.find_unit(ws.inventory, text), events)
    except HaicapError:
        if not of_unit(events, text):
            raise
    names = {unit.code: unit.name for unit in units(ws.inventory.province.code)}
    return life_of_gone(text, names.get(text, ""), events)


def _show(life: Life) -> None:
    since = f", since {life.valid_from}" if life.valid_from else ", in the inventory no more"
    screen.put(f"{life.code}  {life.name}{since}", "bold")
    rows = ((one.code, one.name, one.place, one.share) for one in life.ancestors)
    if life.ancestors:
        screen.table(("code", "name", "where", "share"), rows, "\nCame from")
    moments = ((one.at.replace("T", " ").rstrip("Z"), one.what, one.result, one.who, one.text) for one in life.moments)
    screen.table(("when (UTC)", "what", "of this unit", "who", ""), moments, "\nWhat happened")
