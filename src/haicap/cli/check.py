"""`haicap check`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from haicap.cli import ask, options, screen
from haicap.errors import FindingsError
from haicap.inventory.loader import FOLDER, find_provinces
from haicap.inventory.staff_loader import load_with_staff
from haicap.report.sarif import of_findings, to_sarif
from haicap.stack.policies import load_policies


@click.command("check")
@options.province
@click.option(
    "--sarif",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Its findings for code scanning, which shows them at their lines.",
)
@options.as_json
@click.pass_obj
def command(directory: Path, province: str | None, sarif: Path | None, as_json: bool) -> int:
    """Validate the inventory, its platforms, staff files and policies; without PROVINCE, every one that there is.

    Shows all findings at once, each with file, line and the way out. Exit code 1 if there is one.

    \b
    Example:
      haicap check lam-dong
      haicap check lam-dong --json
      haicap check --sarif build/findings.sarif
    """
    several = province is None and len(find_provinces(directory)) > 1
    slugs = find_provinces(directory) if several else [ask.province_of(directory, province)]
    checked = [_check(directory, slug, tell=not as_json) for slug in slugs]
    if sarif is not None:
        screen.write(sarif, to_sarif(of_findings(one for found in checked for one in found["findings"])))
    if as_json:
        screen.put_json({"format": "haicap.check/1", "provinces": checked})
    return int(any(found["findings"] for found in checked))


def _check(directory: Path, slug: str, *, tell: bool) -> dict[str, Any]:
    broken = _broken_policies(directory, slug)
    try:
        inventory, _ = load_with_staff(directory, slug)
        if broken is not None:
            raise broken
    except FindingsError as error:
        more = broken.findings if broken is not None else ()
        every = FindingsError((*error.findings, *more), error.next_step)
        if tell:
            screen.say(str(every))
            screen.put(f"{slug}: {screen.count(len(every.findings), 'finding')}")
        return {"province": slug, "units": None, "platforms": None, "findings": every.findings}
    units, platforms = len(inventory.units), len(inventory.platforms)
    if tell:
        parts = [screen.count(units, "unit"), *([screen.count(platforms, "platform")] if platforms else [])]
        screen.put(f"{slug}: {', '.join(parts)}, no finding")
    return {"province": slug, "units": units, "platforms": platforms, "findings": ()}


def _broken_policies(directory: Path, slug: str) -> FindingsError | None:
    """What is wrong with the province's policies: they are loaded, and held against nothing."""
    try:
        load_policies(directory / FOLDER / slug, directory)
    except FindingsError as error:
        return error
    return None
