"""`haicap diff`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from haicap.cli import ask, changes, options, screen
from haicap.cli.sides import Context, place_of
from haicap.errors import HaicapError
from haicap.plan.model import dump
from haicap.report.comparison import blast_lines, comparison_lines
from haicap.report.forms import written
from haicap.report.reading import of_diff
from haicap.report.visible import all_visible
from haicap.stack.comparing import Compared, compare_places, limit


@click.command("diff")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@options.province
@click.option(
    "-o",
    "file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it: .json, or a report's form (.html, .md, .csv, ...).",
)
@click.option("--unit", "units", metavar="CODE", multiple=True, help="Only this unit's changes; may be given again.")
@click.option("--system", "systems", metavar="NAME", multiple=True, help="Only this system's; may be given again.")
@options.blast_radius
@options.as_of
@options.full
@options.as_json
@click.pass_obj
def command(
    directory: Path,
    first: str,
    second: str,
    province: str | None,
    file: Path | None,
    units: tuple[str, ...],
    systems: tuple[str, ...],
    blast: bool,
    as_of: date,
    full: bool,
    as_json: bool,
) -> int:
    """What is different between A and B: dates, git commits, plan files, inventories or provinces, in any mix.

    `A@2025-07-01` is an inventory or a commit on a date. What has two meanings needs one of date: git: file: province:
    before it. Nothing is written, and nothing needs to be locked or enrolled. Exit code 2 when something is different.

    \b
    Example:
      haicap diff 2025-06-01 2025-07-01 lam-dong
      haicap diff main HEAD lam-dong --blast-radius
      haicap diff lam-dong@2025-07-01 plan.json --unit 24958
    """
    context = Context(directory, province, as_of)
    found = compare_places(place_of(first, context), place_of(second, context))
    found = limit(found, _codes(found, units), _systems(found, systems), blast=blast)
    if file is not None:
        document = found.to_json()
        json_file = file.suffix.lower() == ".json"
        screen.write(file, dump(document) if json_file else written(of_diff(all_visible(document)), file, file))
        screen.say(f"wrote {file}")
    if as_json:
        screen.put_json(found.to_json())
    else:
        _show(found, full=full)
    return 2 if found.found.changes or found.found.moves else 0


def _show(compared: Compared, *, full: bool) -> None:
    before, after = compared.before, compared.after
    names = _names(compared)
    supposed = list(dict.fromkeys([*before.supposed, *after.supposed]))
    labels = before.place.label, after.place.label
    changes.show_lines(comparison_lines(compared.found, labels, names, supposed, full=full))
    if compared.blast is not None:
        changes.show_lines(blast_lines(compared.blast, names))


def _names(found: Compared) -> dict[str, str]:
    """The units' names by code, of both sides."""
    return {code: facts["name"] for side in (found.before, found.after) for code, facts in side.units.items()}


def _codes(found: Compared, units: tuple[str, ...]) -> frozenset[str]:
    """The codes that `--unit` means, of units of either side: a code, or a name."""
    names = _names(found)
    return frozenset(code for text in units if text != "all" for code in _code(text, names))


def _code(text: str, names: dict[str, str]) -> list[str]:
    codes = [
        code for code, name in names.items() if text in (code, f"gw-{code}") or screen.nfc(name) == screen.nfc(text)
    ]
    if not codes:
        raise HaicapError(f'Neither side has a unit "{text}"; {ask.near(text, [*names, *names.values()])}')
    return codes


def _systems(found: Compared, systems: tuple[str, ...]) -> frozenset[str]:
    known = sorted({one.system for one in found.found.changes})
    for name in systems:
        if known and name not in (*known, *_SYSTEMS):
            raise HaicapError(f'Nothing of the system "{name}" is different; {ask.near(name, known)}')
    return frozenset(systems)


_SYSTEMS = ("gateway", "hub", "dns", "mail", "hypervisor", "machine")
