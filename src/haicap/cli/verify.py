"""`haicap verify`. What checks a kind of document is imported for that kind only: a stranger has a file and keys, and
waits for no inventory and no engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from haicap.cli import options, screen
from haicap.errors import HaicapError
from haicap.plan.check import Check
from haicap.plan.moment import MOMENT, moment

_PENDING, _REFUSED = 2, 3
_FILE = click.Path(dir_okay=False, path_type=Path)


@dataclass(frozen=True)
class Asked:
    """What is to be verified, by what, and as if it were when. `directory` holds `inventories/`."""

    file: Path
    directory: Path
    approvers: Path | None
    keys: Path | None
    at: datetime


@dataclass(frozen=True)
class Answer:
    """Whether a document is genuine; `faults` is what it says itself that went wrong."""

    checks: tuple[Check, ...]
    faults: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every check holds."""
        return all(check.ok for check in self.checks)

    @property
    def exit_code(self) -> int:
        """3 for what is not to be relied on, 2 for what is, and tells of failures."""
        return (_PENDING if self.faults else 0) if self.ok else _REFUSED


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
@click.argument("file", metavar="FILE", type=_FILE)
@click.option(
    "--approvers",
    metavar="FILE",
    type=_FILE,
    help="The approvers.yml to hold it against; without it, that of a plan's province.",
)
@click.option(
    "--keys", metavar="FILE", type=_FILE, help="For a certificate: public keys, as `haicap keys` writes them."
)
@click.option("--at", metavar="TIME", type=_Moment(), help="As if it were then, in UTC; now, if not said.")
@options.as_json
@click.pass_obj
def command(
    directory: Path, file: Path, approvers: Path | None, keys: Path | None, at: datetime | None, as_json: bool
) -> int:
    """Check what was signed, offline: a plan with its approvals, or a certificate with public keys alone.

    Exit code 3 when anything is wrong; each line says what, and why not. Exit code 2 for a certificate that is genuine,
    and says that something failed.

    \b
    Example:
      haicap verify plan.json
      haicap verify plan.json --approvers approvers.yml --at 2025-07-01T09:00:00Z
      haicap verify certificate.json --keys keys
    """
    asked = Asked(file, directory, approvers, keys, at or datetime.now(UTC).replace(microsecond=0))
    kind = _kind(file) if keys is None else "certificate"
    verify: Callable[[Asked], Answer] = import_module(f"haicap.cli.verify_{kind}").verify
    answer = verify(asked)
    if as_json:
        told = {"format": "haicap.verified/1", "file": file, "kind": kind, "at": asked.at.strftime(MOMENT)}
        screen.put_json({**told, "ok": answer.ok, "checks": answer.checks, "faults": answer.faults})
        return answer.exit_code
    for check in answer.checks:
        mark, style = ("✓", "green") if check.ok else ("✗", "red")
        screen.put(f"{mark} {check.name:10} {check.text}", style)
    screen.say(f"{file}: {_told(answer)}")
    return answer.exit_code


def _told(answer: Answer) -> str:
    if not answer.ok:
        return "refused."
    return f"genuine, and it says: not passed. {'; '.join(answer.faults)}." if answer.faults else "every check passed."


def _kind(file: Path) -> str:
    """What a file is. What can't be told is held to be a plan, and refused as none."""
    try:
        document = json.loads(file.read_bytes())
    except OSError as error:
        raise HaicapError(f"{file}: {error.strerror}.") from error
    except (ValueError, RecursionError):
        document = None
    is_envelope = isinstance(document, Mapping) and not document.keys().isdisjoint(("payload", "signatures"))
    return "certificate" if is_envelope else "plan"
