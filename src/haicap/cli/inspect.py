"""`haicap inspect`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click
from rich.text import Text

from haicap import __version__
from haicap.cli import ask, options, screen
from haicap.cli.progress import Counter
from haicap.cli.remember import remember
from haicap.errors import HaicapError, Refused
from haicap.inspection.inspected import Inspected
from haicap.inspection.model import SYSTEMS, Inspection, Probe
from haicap.inspection.run import inspect
from haicap.plan.file import read_plan
from haicap.plan.model import Plan, dump
from haicap.plan.moment import now
from haicap.plan.selection import Selection
from haicap.stack.making import principal
from haicap.stack.record_inspection import record_inspection
from haicap.stack.workspace import Target, Workspace

_MARKS = {"passed": ("✓", "green"), "failed": ("✗", "bold red"), "unreachable": ("?", "bold yellow")}

_EXPLAINED = 20  # probes


@click.command("inspect")
@options.province
@options.selection
@click.option("--junit", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="A report for CI.")
@click.option(
    "--system", "systems", multiple=True, type=click.Choice(SYSTEMS), help="Only these probes; may be given again."
)
@click.option(
    "-o",
    "file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it for certify and report.",
)
@click.option(
    "--plan",
    "plan_file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The plan that was applied before: what stands on its date is probed, and the inspection names it.",
)
@click.option("--full", is_flag=True, help="What every probe saw, those that passed too.")
@options.as_of
@options.target
@options.ssh_key
@options.as_json
@click.pass_context
def command(
    ctx: click.Context,
    province: str | None,
    units: tuple[str, ...],
    wave: str | None,
    platforms: tuple[str, ...],
    junit: Path | None,
    systems: tuple[str, ...],
    file: Path | None,
    plan_file: Path | None,
    full: bool,
    as_of: date,
    target: Target | None,
    ssh_key: Path | None,
    as_json: bool,
) -> int:
    """Probe from where the users are, and show a board: a line a unit.

    Without --unit and --wave: all that is enrolled, hubs and name servers too. Exit code 2 when a probe failed, or a
    host can't be reached.

    \b
    Example:
      haicap inspect lam-dong --wave pilot
      haicap inspect lam-dong --unit 24958 --system mail --full
      haicap inspect lam-dong --unit 24958 --junit build/inspection.xml
      haicap inspect lam-dong --wave pilot --plan plan.json -o inspection.json
    """
    ws = ask.workspace(ctx.obj, province, target, ssh_key)
    chosen = ask.selected(ws.inventory, units, wave, platforms)
    plan = _plan(ws, plan_file)
    if plan is not None and ctx.get_parameter_source("as_of") is not click.core.ParameterSource.COMMANDLINE:
        as_of = date.fromisoformat(plan.as_of)
    at = now()
    found = _inspect(ws, chosen, systems, as_of)
    inspected = Inspected(
        province=ws.slug,
        target=ws.target,
        as_of=as_of.isoformat(),
        at=at,
        by=principal(ws),
        tools={"haicap": __version__},
        plan=plan.digest if plan is not None else "",
        selection=chosen.to_json() | ({"systems": sorted(systems)} if systems else {}),
        found=found,
    )
    remember(lambda: record_inspection(ws, inspected))
    if file is not None:
        screen.write(file, dump(inspected.to_json()))
    if junit is not None:
        screen.write(junit, found.to_junit())
    if as_json:
        screen.put_json(inspected.to_json())
    else:
        _show(ws, found, full)
    return 0 if found.ok else 2


def _plan(ws: Workspace, file: Path | None) -> Plan | None:
    """The plan in a file. Refused when it is another province's or target's."""
    if file is None:
        return None
    plan = read_plan(file).plan
    if (plan.province, plan.target) != (ws.slug, ws.target):
        raise Refused(f"{file}: this plan is for {plan.province}, {plan.target}, not for {ws.slug}, {ws.target}.")
    return plan


def _inspect(ws: Workspace, chosen: Selection, systems: tuple[str, ...], as_of: date) -> Inspection:
    design, codes = ws.design(as_of), chosen.units
    standing = {unit.code for unit in design.units if unit.gateway is not None}
    absent = sorted((codes or frozenset()) - standing)
    if not design.hosts or (codes and not codes & standing):
        raise HaicapError(f"Nothing stands there to inspect on {as_of}: `haicap enrol {ws.slug}` comes first.")
    if absent:
        screen.say(f"Not inspected, nothing stands there: {', '.join(screen.few(absent))}.")
    connection, addresses = ws.connection(), ws.addresses()
    ws.enter()
    with Counter("inspect", 0) as counter:
        return inspect(
            design,
            connection,
            units=codes,
            platforms=chosen.platforms,
            systems=systems,
            addresses=addresses,
            on_done=lambda probe: counter.step(f"{probe.host} {probe.system}"),
        )


def _show(ws: Workspace, found: Inspection, full: bool) -> None:
    systems = list(dict.fromkeys(probe.system for probe in found.probes))
    names, rows = ask.names_of(ws.inventory), dict[str, list[Probe]]()
    for probe in found.probes:
        rows.setdefault(probe.unit or probe.host, []).append(probe)
    board: list[tuple[str | Text, ...]] = [
        (key, names.get(key, ""), *(_cell([p for p in probes if p.system == system]) for system in systems))
        for key, probes in rows.items()
    ]
    screen.table(("code", "name", *systems), board)
    bad = [probe for probe in found.probes if probe.status != "passed"]
    for probe in found.probes if full else bad[:_EXPLAINED]:
        _explain(probe, names)
    if len(bad) > _EXPLAINED and not full:
        screen.put(f"\n... and {len(bad) - _EXPLAINED} more; --json and --junit hold them all")
    counts = found.summary
    screen.put(f"\n{counts['passed']} passed, {counts['failed']} failed, {counts['unreachable']} unreachable")


def _cell(probes: Sequence[Probe]) -> Text:
    """A mark for each probe of one system."""
    cell = Text()
    for probe in probes:
        cell.append(*_MARKS[probe.status])
    return cell


def _explain(probe: Probe, names: dict[str, str]) -> None:
    mark, style = _MARKS[probe.status]
    where = f"{probe.unit} {names.get(probe.unit, '')}" if probe.unit else probe.host
    screen.put(f"\n{mark} {where}  {probe.system} {probe.probe}, from {probe.host}", style)
    screen.put(f"    expected  {_indented(probe.expected)}")
    screen.put(f"    observed  {_indented(probe.observed)}")


def _indented(text: str) -> str:
    return text.strip().replace("\n", "\n" + " " * 14)
