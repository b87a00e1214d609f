"""`haicap verify`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from haicap.cli import options, screen
from haicap.errors import HaicapError
from haicap.inventory.approvers_loader import load_approvers
from haicap.plan.approval import MOMENT, moment
from haicap.plan.file import read_plan
from haicap.plan.verdict import Check
from haicap.stack.approving import clock, find_approvers, verdict_of

_REFUSED = 3


@dataclass(frozen=True)
class Asked:
    """What is to be verified, by what, and as if it were when. `directory` holds `inventories/`."""

    file: Path
    directory: Path
    approvers: Path | None
    at: datetime


class _Moment(click.ParamType[datetime]):
    """A moment in UTC, `2025-07-01T00:00:00Z`."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The message shows how one is written."""
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        try:
            return moment(value)
        except ValueError:
            self.fail(f'"{value}" is not a moment; write it in UTC, as 2025-07-01T00:00:00Z.', param, ctx)


@click.command("verify")
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--approvers",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The approvers.yml to hold it against; without it, that of the plan's province.",
)
@click.option("--at", metavar="TIME", type=_Moment(), help="As if it were then, in UTC; now, if not said.")
@options.as_json
@click.pass_obj
def command(directory: Path, file: Path, approvers: Path | None, at: datetime | None, as_json: bool) -> int:
    """Check a plan and its approvals, offline: digests, times, limits, each signature and each rule.

    Exit code 3 when anything is wrong; each line says what, and why not.

    \b
    Example:
      haicap verify plan.json
      haicap verify plan.json --approvers approvers.yml --at 2025-07-01T09:00:00Z
    """
    asked = Asked(file, directory, approvers, at or clock())
    kind, verify = _kind(file)
    checks = verify(asked)
    ok = all(check.ok for check in checks)
    if as_json:
        told = {"format": "haicap.verified/1", "file": file, "kind": kind, "at": asked.at.strftime(MOMENT), "ok": ok}
        screen.put_json({**told, "checks": checks})
        return 0 if ok else _REFUSED
    for check in checks:
        mark, style = ("✓", "green") if check.ok else ("✗", "red")
        screen.put(f"{mark} {check.name:10} {check.text}", style)
    screen.say(f"{file}: every check passed." if ok else f"{file}: refused.")
    return 0 if ok else _REFUSED


def verify_plan(asked: Asked) -> tuple[Check, ...]:
    """Every check of a plan: of itself first; what was altered is judged no further."""
    try:
        saved = read_plan(asked.file)
    except HaicapError as error:
        return (Check("digest", False, str(error).removeprefix(f"{asked.file}: ")),)
    whole = Check("digest", True, saved.plan.digest)
    try:
        approvers = (
            load_approvers(asked.approvers)
            if asked.approvers is not None
            else find_approvers(asked.directory, saved.plan.province)
        )
    except HaicapError as error:
        return whole, Check("approvers", False, f"{error}\n--approvers names one to hold it against.")
    return whole, *verdict_of(saved, approvers, asked.at).checks


Verify = Callable[[Asked], tuple[Check, ...]]


def _kind(file: Path) -> tuple[str, Verify]:
    """What a file is, and what checks it. What can't be told is held to be a plan, and refused as none."""
    try:
        document = json.loads(file.read_bytes())
    except OSError as error:
        raise HaicapError(f"{file}: {error.strerror}.") from error
    except (ValueError, RecursionError):
        document = None
    for kind, (is_one, verify) in _VERIFIERS.items():
        if isinstance(document, Mapping) and is_one(document):
            return kind, verify
    return "plan", verify_plan


# To add a kind of document: how it is recognised, and what checks it.
_VERIFIERS: Mapping[str, tuple[Callable[[Mapping[str, Any]], bool], Verify]] = {
    "plan": (lambda document: str(document.get("format", "")).startswith("haicap.plan/"), verify_plan),
}
