"""`haicap rebalance`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import click

from haicap.addressing.agreement import verify
from haicap.addressing.lockfile import write_locks
from haicap.addressing.rebalance import Rebalanced, plan_moves
from haicap.cli import ask, options, screen
from haicap.errors import FindingsError, HaicapError, format_findings
from haicap.stack.workspace import Workspace

# What moves can mend, so it does not keep from proposing some.
_MENDED = frozenset({"hypervisor-full", "hypervisor-gone", "no-room"})


@click.command("rebalance")
@options.province
@click.option("--without", metavar="HYPERVISOR", multiple=True, help="Leave this hypervisor empty; may be given again.")
@click.option("--write", is_flag=True, help="Lock the moves; without it, they are only shown.")
@options.as_json
@click.pass_obj
def command(directory: Path, province: str | None, without: tuple[str, ...], write: bool, as_json: bool) -> int:
    """Propose moves of machines: off hypervisors that shall be empty, are gone or have too little, and machines of one
    platform apart.

    The moves are as few as will do, and each says why. A machine is off while its disks are copied. Without --write
    nothing is changed, and the exit code is 2 if there are moves.

    \b
    Example:
      haicap rebalance lam-dong
      haicap rebalance lam-dong --without hv1
      haicap rebalance lam-dong --without hv1 --write
    """
    ws = Workspace.open(directory, ask.province_of(directory, province), "live")
    _ensure_known(ws, without)
    _ensure_locked(ws)
    found = plan_moves(ws.inventory, ws.locks.machines, without)
    homeless = [finding for finding in found.findings if finding.rule == "no-room"]
    written: tuple[Path, ...] = ()
    if write and not homeless:
        written = write_locks(ws.folder, replace(ws.locks, machines=found.machines))
    if as_json:
        _put_json(ws, found, written)
    else:
        _show(found)
        if homeless:
            raise FindingsError(found.findings, "Nothing was written: not every machine has a place to go to.")
        if found.findings:
            screen.say(format_findings(found.findings, "No move helps here."))
        _say_next(ws, found, without, written)
    return 1 if found.findings else 2 if found.moves and not write else 0


def _ensure_known(ws: Workspace, without: Collection[str]) -> None:
    known = sorted({hypervisor.name for hypervisor in ws.inventory.province.hypervisors})
    for name in without:
        if name not in known:
            hint = ask.near(name, known) if known else "province.yml names none."
            raise HaicapError(f'{ws.slug} has no hypervisor "{name}"; {hint}')


def _ensure_locked(ws: Workspace) -> None:
    """Moves are proposed for what is locked as the inventory has it."""
    findings = [finding for finding in verify(ws.inventory, ws.locks) if finding.rule not in _MENDED]
    if findings:
        raise FindingsError(findings, f"Run `haicap lock {ws.slug}` first.")


def _show(found: Rebalanced) -> None:
    if not found.moves:
        if not found.findings:
            screen.put("Nothing to move: every machine is where it should be.")
        return
    rows = [(move.machine, move.source, move.target, f"{move.disk_gib} GiB", move.reason) for move in found.moves]
    screen.table(("machine", "from", "to", "disks", "why"), rows)
    total = sum(move.disk_gib for move in found.moves)
    moves = screen.count(len(found.moves), "move")
    screen.put(f"{moves}, {total} GiB to copy. Each machine is off while its disks are copied.")


def _say_next(ws: Workspace, found: Rebalanced, without: Collection[str], written: Collection[Path]) -> None:
    there = {hypervisor.name for hypervisor in ws.inventory.province.hypervisors}
    for name in sorted({move.source for move in found.moves} - there):
        screen.say(
            f"{name} is not in the inventory, so nothing is copied from it; if it still runs, put it back first."
        )
    for path in written:
        screen.say(f"wrote {path.relative_to(ws.directory)}")
    if written:
        screen.say(f"Next: `haicap plan {ws.slug}` shows what an apply does; then the moves are made.")
    elif found.moves:
        words = " ".join(["haicap rebalance", ws.slug, *(f"--without {name}" for name in without), "--write"])
        screen.say(f"Nothing is changed yet. `{words}` locks these moves.")


def _put_json(ws: Workspace, found: Rebalanced, written: Collection[Path]) -> None:
    screen.put_json(
        {
            "format": "haicap.rebalance/1",
            "province": ws.slug,
            "moves": found.moves,
            "disk_gib": sum(move.disk_gib for move in found.moves),
            "findings": found.findings,
            "written": [path.relative_to(ws.directory) for path in written],
        }
    )
