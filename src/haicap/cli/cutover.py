"""`haicap cutover`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import click

from haicap.cli import ask, options, screen
from haicap.cli.changes import show_lines
from haicap.cli.run import Steps
from haicap.errors import HaicapError, Refused
from haicap.inspection.model import Probe
from haicap.inventory.loader import find_provinces
from haicap.lifecycle.cutover import Direction, phase_of
from haicap.plan.file import read_plan
from haicap.plan.model import Override, Plan, dump
from haicap.plan.safety import ensure_allowed
from haicap.report.cutover import Changes, step_lines, step_rows
from haicap.stack.approving import clock
from haicap.stack.cutover import Report, changes_of, run_cutover
from haicap.stack.cutover_hands import Outside
from haicap.stack.cutover_job import Job, find_job
from haicap.stack.cutover_plan import ensure_cutover_approved, plan_cutover
from haicap.stack.engine import OnEvent
from haicap.stack.holder import hold_cutover
from haicap.stack.limits import cutover_breaches, overrides_of
from haicap.stack.making import make
from haicap.stack.record import applied_commit, recorded
from haicap.stack.workspace import Target, Workspace

_EXPLAINED = 20  # probes


@click.command("cutover")
@click.argument("platform")
@options.province
@click.option("--back", is_flag=True, help="The other way: the old platform is used again, with all data since.")
@click.option(
    "--dry-run", is_flag=True, help="Only shows the steps: times, what each does and needs, what users notice."
)
@click.option("--now", is_flag=True, help="Before the day on which the old platform is to be frozen.")
@click.option(
    "-o",
    "file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="With --dry-run: writes it, to be approved.",
)
@options.valid
@options.as_of
@click.option(
    "--approved",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Exactly what --dry-run -o wrote, and as many have approved as the inventory asks for.",
)
@options.require_approval
@options.overrides
@options.units
@options.target
@options.ssh_key
@options.yes
@options.as_json
@click.pass_context
def command(
    ctx: click.Context,
    platform: str,
    province: str | None,
    back: bool,
    dry_run: bool,
    now: bool,
    file: Path | None,
    valid: int,
    as_of: date,
    approved: Path | None,
    require_approval: bool,
    override: tuple[str, ...],
    reason: tuple[str, ...],
    units: tuple[str, ...],
    wave: str | None,
    target: Target | None,
    ssh_key: Path | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Move to PLATFORM from the one that it replaces: freeze, carry the data, compare it, switch, prove.

    A run that was ended anywhere goes on when the command is run again. --unit and --wave say from where the proof is
    made; without them, from all units that are enrolled. Exit code 2 when the proof fails, 3 when it is refused.

    \b
    Example:
      haicap cutover procedures lam-dong --dry-run
      haicap cutover procedures lam-dong --wave pilot
      haicap cutover procedures lam-dong --dry-run --as-of 2025-07-01 -o cutover.json
      haicap cutover procedures lam-dong --back
    """
    _ensure_only(ctx, dry_run=dry_run)
    if not dry_run:
        ask.ensure_answerable(yes=yes, as_json=as_json)
    ws = ask.workspace(ctx.obj, province, target, ssh_key)
    name = _platform(ws, platform)
    codes = ask.selection(ws.inventory, units, wave)
    direction: Direction = "back" if back else "forward"
    overrides = overrides_of(ws, override, reason)
    if dry_run:
        job = find_job(ws, name, direction, as_of, now=True)
        plan, changes = _planned(ws, job, as_of, overrides, at_once=False)
        if file is not None:
            _write(ws, job, plan, as_of, timedelta(days=valid), file)
        code = _dry_run(ws, job, plan, changes, as_json=as_json)
        _warn(job, now or as_json)
        return code
    with hold_cutover(ws):
        job = find_job(ws, name, direction, date.today(), now=now)
        given = overrides if approved is None else read_plan(approved).plan.overrides
        plan, _ = _planned(ws, job, date.today(), given, at_once=True)
        ensure_allowed(plan.refusals)
        ensure_cutover_approved(ws, job, plan, approved, date.today(), clock(), demanded=require_approval)
        if not as_json:
            show_lines(step_lines(job, {}))
        if not ask.confirm(f"Go {'back' if back else 'on'} with it?", yes=yes):
            raise Refused("Nothing was changed.")
        ws.enter()
        hands = Outside(ws, job, date.today(), partial(_follow, ws), screen.say, codes)
        overridden = [vars(one) for one in given]
        with recorded(ws, "cutover", platform=name, direction=direction, overrides=overridden) as result:
            report = run_cutover(job, hands, screen.say)
            result["ok"] = report.ok
    _report(ws, job, report, as_json)
    return 0 if report.ok else 2


def _ensure_only(ctx: click.Context, *, dry_run: bool) -> None:
    """Some options are for the dry run alone."""
    for name, option in (("file", "-o"), ("as_of", "--as-of")):
        if not dry_run and ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{option} goes with --dry-run: a cut-over is done on the day on which it is run.")


def _platform(ws: Workspace, text: str) -> str:
    known = [platform.name for platform in ws.inventory.platforms]
    if text in known:
        return text
    if text in find_provinces(ws.directory):
        raise click.UsageError("Which platform? It takes PLATFORM [PROVINCE].")
    hint = ask.near(text, known) if known else "it has none: platforms.yml says which."
    raise HaicapError(f'{ws.slug} has no platform "{text}"; {hint}')


@contextmanager
def _follow(ws: Workspace, plan: Plan) -> Iterator[OnEvent]:
    with Steps(ask.names_of(ws.inventory), len(plan.changes)) as steps:
        yield steps.on_event


def _planned(
    ws: Workspace, job: Job, day: date, overrides: tuple[Override, ...], *, at_once: bool
) -> tuple[Plan, Changes]:
    """It as a plan that says which limits it does not keep, and what each step changes; made offline."""
    hands = Outside(ws, job, day, partial(_follow, ws), screen.say)
    changes = changes_of(job, hands)
    plan = plan_cutover(job, hands, changes)
    return replace(plan, overrides=overrides, breaches=cutover_breaches(ws, job, at_once=at_once)), changes


def _write(ws: Workspace, job: Job, plan: Plan, as_of: date, valid: timedelta, file: Path) -> None:
    """The plan as a file, to be approved."""
    screen.write(file, dump(replace(plan, made=make(ws, valid, applied_commit(ws))).to_json()))
    screen.say(f"wrote {file}; `{job.command(job.direction)} --approved {file}` does it on {as_of}.")


def _dry_run(ws: Workspace, job: Job, plan: Plan, changes: Changes, *, as_json: bool) -> int:
    """The steps."""
    if as_json:
        screen.put_json({**_head(ws, job), "steps": step_rows(job, changes), "refusals": plan.refusals})
        return 0
    show_lines(step_lines(job, changes))
    for breach in plan.refusals:
        screen.put(f"It will be refused: {breach.limit}: {breach.message}\n    {breach.next_step}", "yellow")
    return 0


def _warn(job: Job, now: bool) -> None:
    planned = job.pair.old.dates.frozen
    if planned is not None and date.today() < planned and job.direction == "forward" and job.entry is None and not now:
        screen.put(f"It is planned for {planned}; until then it is refused without --now.")


def _report(ws: Workspace, job: Job, report: Report, as_json: bool) -> None:
    if as_json:
        screen.put_json({**_head(ws, job), **_json(report)})
        return
    bad = [probe for probe in report.inspection.probes if probe.status != "passed"] if report.inspection else []
    for probe in bad[:_EXPLAINED]:
        _explain(probe)
    if len(bad) > _EXPLAINED:
        screen.put(f"... and {len(bad) - _EXPLAINED} more; `haicap inspect {ws.slug}` shows them")
    screen.put(f"{job.target.platform} is in use.", "green")
    if report.read_only_seconds is not None:
        screen.put(f"Nothing took changes for {report.read_only_seconds:.0f} s.")
    for line in report.steps[-1].told:
        screen.put(line)
    if ws.target == "live":
        screen.say(f"Commit {ws.cutovers_file.relative_to(ws.directory)} now: whoever applies without it undoes this.")


def _explain(probe: Probe) -> None:
    where = probe.unit or probe.host
    screen.put(f"✗ {where}  {probe.probe}, from {probe.host}: {probe.status}", "bold red")
    screen.put(f"    expected  {probe.expected}\n    observed  {probe.observed}")


def _head(ws: Workspace, job: Job) -> dict[str, Any]:
    return {
        "format": "haicap.cutover/1",
        "province": ws.slug,
        "target": ws.target,
        "platform": job.pair.new.name,
        "replaces": job.pair.old.name,
        "direction": job.direction,
        "phase": phase_of(job.entry),
    }


def _json(report: Report) -> dict[str, Any]:
    return {
        "steps": report.steps,
        "now": phase_of(report.entry),
        "cutover": report.entry,
        "read_only_seconds": report.read_only_seconds,
        "tables": report.tables,
        "inspection": report.inspection.summary if report.inspection else None,
        "failed": [probe for probe in report.inspection.probes if probe.status != "passed"]
        if report.inspection
        else [],
        "back_until": report.back_until,
    }
