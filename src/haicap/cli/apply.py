"""`haicap apply`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click

from haicap.cli import ask, changes, options, screen
from haicap.cli.run import apply_plan
from haicap.errors import Refused
from haicap.inventory.loader import find_provinces
from haicap.inventory.naming import slug as make_slug
from haicap.plan.file import read_plan
from haicap.plan.model import Plan
from haicap.plan.safety import ensure_allowed
from haicap.stack.approving import clock, ensure_approved, ensure_free, ensure_in_time, needs_approval
from haicap.stack.limits import overrides_of
from haicap.stack.planning import make_plan
from haicap.stack.saved import left_of
from haicap.stack.workspace import Target, Workspace


@click.command("apply")
@click.argument("words", nargs=-1, metavar="[PROVINCE] [PLANFILE]")
@options.yes
@options.as_of
@options.selection
@options.target
@options.ssh_key
@options.delete_mailboxes
@options.delete_disks
@options.require_approval
@options.overrides
@click.option(
    "-o", "result", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="The result, for certify."
)
@options.full
@options.as_json
@click.pass_context
def command(
    ctx: click.Context,
    words: tuple[str, ...],
    yes: bool,
    as_of: date,
    units: tuple[str, ...],
    wave: str | None,
    platforms: tuple[str, ...],
    target: Target | None,
    ssh_key: Path | None,
    delete_mailboxes: bool,
    delete_disks: bool,
    require_approval: bool,
    override: tuple[str, ...],
    reason: tuple[str, ...],
    result: Path | None,
    full: bool,
    as_json: bool,
) -> int:
    """Do a plan: the one in PLANFILE exactly, or one that is made, shown and asked about.

    A plan in a file that is altered, expired, no longer what would be planned, or not approved where the inventory asks
    for it, is refused (exit code 3), and so is one that does not keep the province's limits on the day on which it is
    done. Stopped half way, it goes on when run again; that of a file as long as nothing else was applied since.

    \b
    Example:
      haicap apply lam-dong --wave pilot
      haicap apply plan.json -o applied.json
    """
    slug, file = _split(ctx.obj, words)
    if file is not None:
        _refuse_choices(ctx)
        ws, plan, left, approved_by = _planned(ctx.obj, slug, file, target, ssh_key, demanded=require_approval)
        ask.ensure_kept(left, delete_mailboxes=delete_mailboxes, delete_disks=delete_disks)
        screen.say(f"{file}: {plan.digest}")
        return apply_plan(ws, plan, f"haicap apply {file}", approved_by, left, as_json=as_json, file=result)
    ask.ensure_answerable(yes=yes, as_json=as_json)
    ws = ask.workspace(ctx.obj, slug, target, ssh_key)
    ensure_free(ws, f"haicap plan {ws.slug}", demanded=require_approval)
    chosen = ask.selected(ws.inventory, units, wave, platforms, delete_disks=delete_disks)
    plan = make_plan(ws, as_of, chosen, overrides=overrides_of(ws, override, reason), at_once=True)
    if not as_json:
        changes.show_plan(plan, ask.names_of(ws.inventory), full=full)
    ensure_allowed(plan.refusals)
    ask.ensure_kept(plan, delete_mailboxes=delete_mailboxes, delete_disks=delete_disks)
    if plan.changes and not ask.confirm("Apply it?", yes=yes):
        raise Refused("Nothing was done.")
    again = [_again(ws.slug, units, wave, platforms), *ask.overriding(plan)]
    return apply_plan(ws, plan, " ".join(again), as_json=as_json, file=result)


def _planned(
    directory: Path, slug: str | None, file: Path, target: Target | None, ssh_key: Path | None, *, demanded: bool
) -> tuple[Workspace, Plan, Plan, tuple[str, ...]]:
    """The plan that a file holds, what of it is left to do, and who has approved it.

    Refused unless it is what would be planned, holds now, keeps its limits then and now, and is approved where that is
    asked for.
    """
    saved, now = read_plan(file), clock()
    ensure_in_time(saved, now)
    ensure_allowed(saved.plan.refusals, f"{file}: ")
    then: Target = "lab" if saved.plan.target == "lab" else "live"
    ws = ask.workspace(directory, slug or saved.plan.province, target or then, ssh_key)
    if "cutover" in saved.plan.selection:
        raise Refused(f"{file}: this is a cut-over, not a plan for apply: `haicap cutover --help` says how it is done.")
    approved_by = ensure_approved(ws, saved, now) if needs_approval(ws, demanded=demanded) else ()
    left = left_of(ws, saved)
    ensure_allowed(left.refusals, f"{file}: ")
    return ws, saved.plan, left, approved_by


def _split(directory: Path, words: Sequence[str]) -> tuple[str | None, Path | None]:
    """PROVINCE and PLANFILE. One word is a province if there is one of that name, or if it can't be a file."""
    if len(words) > 2:
        raise click.UsageError(f"Got unexpected extra argument ({words[2]}); it takes [PROVINCE] [PLANFILE].")
    if not words:
        return None, None
    first, last = words[0], words[-1]
    known = make_slug(first) in find_provinces(directory)
    if len(words) == 1 and (known or not (last.endswith(".json") or Path(last).is_file())):
        return first, None
    file = Path(last)
    if not file.is_file():
        raise click.UsageError(f"There is no plan file {last}; `haicap plan -o {last}` writes one.")
    return (first if len(words) == 2 else None), file


_CHOICES = {
    "units": "--unit",
    "wave": "--wave",
    "platforms": "--platform",
    "as_of": "--as-of",
    "override": "--override",
    "reason": "--reason",
}


def _refuse_choices(ctx: click.Context) -> None:
    """A plan file says what, and on which date; nothing on the command line may say otherwise."""
    for name, option in _CHOICES.items():
        if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{option} has no place beside a plan file: the plan says it.")


def _again(slug: str, units: Sequence[str], wave: str | None, platforms: Sequence[str]) -> str:
    chosen = [f"--unit {unit}" for unit in units] + ([f"--wave {wave}"] if wave else [])
    chosen += [f"--platform {name}" for name in platforms]
    return " ".join(["haicap apply", slug, *chosen])
