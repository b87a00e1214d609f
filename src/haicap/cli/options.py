"""What several verbs take, each said once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import click

Verb = Callable[..., Any]


class Day(click.ParamType[date]):
    """A day, `2025-07-01`."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """A date of the calendar; the message shows how one is written."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f'"{value}" is not a day; write it as 2025-07-01.', param, ctx)


as_json = click.option("--json", "as_json", is_flag=True, help="The result for programs, on standard output.")
province = click.argument("province", required=False)
plan_file = click.argument("file", metavar="PLANFILE", type=click.Path(dir_okay=False, path_type=Path))
valid = click.option(
    "--valid",
    metavar="DAYS",
    type=click.IntRange(1, 365),
    default=14,
    show_default=True,
    help="How long the plan in FILE may be approved and applied.",
)
require_approval = click.option(
    "--require-approval",
    is_flag=True,
    help="Only what is approved, though the inventory doesn't ask for it; HAICAP_REQUIRE_APPROVAL=1 says so, too.",
)
as_of = click.option(
    "--as-of",
    metavar="DATE",
    type=Day(),
    default=date.today,
    help="What stands on that day; today, if not said.",
)
wave = click.option("--wave", metavar="NAME", help="Only the units of this wave.")
target = click.option(
    "--target", type=click.Choice(["lab", "live"]), help="Where it works; the lab while one is up, else live."
)
ssh_key = click.option(
    "--ssh-key",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The private key for live hosts; without it, the SSH agent's.",
)
yes = click.option("--yes", is_flag=True, help="Does not ask.")
delete_mailboxes = click.option(
    "--delete-mailboxes",
    is_flag=True,
    help="Allows the plan to delete the mailboxes that it names; without it, none is.",
)
full = click.option("--full", is_flag=True, help="All that is created, and long changes to their end.")

blast_radius = click.option(
    "--blast-radius", "blast", is_flag=True, help="Which units, people and services it touches, and by what way."
)


delete_disks = click.option(
    "--delete-disks", is_flag=True, help="Data disks that nothing uses any more are deleted for good, not kept."
)


def selection(verb: Verb) -> Verb:
    """`--unit`, `--wave` and `--platform`."""
    platform = click.option(
        "--platform",
        "platforms",
        metavar="NAME",
        multiple=True,
        help="Only this platform's machines (`all`: every one's); may be given again.",
    )
    return units(platform(verb))


def units(verb: Verb) -> Verb:
    """`--unit` and `--wave`."""
    unit = click.option(
        "--unit",
        "units",
        metavar="CODE",
        multiple=True,
        help="Only this unit, by code or name (`all`: every one); may be given again.",
    )
    return unit(wave(verb))
