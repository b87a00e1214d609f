"""`haicap show`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import click

from haicap.cli import ask, options, screen
from haicap.design.accounts import accounts_of
from haicap.design.province import ProvinceDesign, design_province
from haicap.design.supposed import placeholder_keys
from haicap.inventory.model import Unit
from haicap.report.design import Section, stages_text, unit_sections
from haicap.stack.workspace import Target, Workspace


@click.command("show")
@click.argument("words", nargs=-1, metavar="[PROVINCE] [UNIT]")
@options.as_of
@options.wave
@options.target
@options.as_json
@click.pass_obj
def command(
    directory: Path, words: tuple[str, ...], as_of: date, wave: str | None, target: Target | None, as_json: bool
) -> None:
    """A province's units, or with UNIT (its code or its name) one unit's whole design.

    Works before anything is enrolled.

    \b
    Example:
      haicap show lam-dong --wave pilot
      haicap show 24958 --as-of 2025-06-01
    """
    slug, text = ask.split_words(directory, words, "[PROVINCE] [UNIT]")
    ws = ask.workspace(directory, slug, target)
    if text is not None and wave is not None:
        raise click.UsageError("--wave is for a province's units, not for one unit.")
    locks = ws.agreed_locks()
    unit = ask.find_unit(ws.inventory, text) if text is not None else None
    codes = ask.selection(ws.inventory, (), wave)
    design = design_province(ws.inventory, placeholder_keys(ws.inventory, locks), as_of)
    if unit is not None:
        _show_unit(ws, design, unit, as_json)
    else:
        _show_units(ws, design, codes, as_json)


def _show_unit(ws: Workspace, design: ProvinceDesign, unit: Unit, as_json: bool) -> None:
    designed = next(one for one in design.units if one.code == unit.code)
    keys = ws.locks.keys.get(unit.gateway)
    everybody = accounts_of(ws.inventory, ws.people.staff, ws.people.mailboxes, design.as_of)
    people = [account for account in everybody if account.unit == unit.code]
    if as_json:
        value = {"format": "haicap.unit/1", "province": ws.slug, "as_of": design.as_of, "enrolled": keys is not None}
        screen.put_json(
            {**value, "unit": unit.model_dump(mode="json", by_alias=True), "design": designed, "people": people}
        )
        return
    for number, section in enumerate(unit_sections(unit, designed, keys, people)):
        if number:
            screen.put("")
        _put(section)


def _put(section: Section) -> None:
    screen.table(section.columns, section.rows, section.title)


def _show_units(ws: Workspace, design: ProvinceDesign, codes: frozenset[str] | None, as_json: bool) -> None:
    units = {unit.code: unit for unit in ws.inventory.units if codes is None or unit.code in codes}
    rows = [
        {
            "code": one.code,
            "name": one.name,
            "zone": one.zone,
            "block": one.member.block,
            "gateway": units[one.code].gateway,
            "uplink": one.member.uplink,
            "staff": units[one.code].staff,
            "wave": units[one.code].wave,
            "stages": dict(one.stages),
            "enrolled": units[one.code].gateway in ws.locks.keys,
        }
        for one in design.units
        if one.code in units
    ]
    if as_json:
        screen.put_json({"format": "haicap.units/1", "province": ws.slug, "as_of": design.as_of, "units": rows})
        return
    columns = ("code", "name", "zone", "block", "uplink", "staff", "stage", "gateway")
    screen.table(columns, [_cells(row) for row in rows])
    enrolled = sum(bool(row["enrolled"]) for row in rows)
    screen.put(f"\n{screen.count(len(rows), 'unit')} on {design.as_of}, {enrolled} enrolled")


def _cells(row: Mapping[str, object]) -> list[str]:
    stages = row["stages"]
    assert isinstance(stages, dict)  # noqa: S101 - made above
    enrolled = "enrolled" if row["enrolled"] else "not enrolled"
    plain = [str(row[key]) for key in ("code", "name", "zone", "block", "uplink", "staff")]
    return [*plain, stages_text(stages), enrolled]
