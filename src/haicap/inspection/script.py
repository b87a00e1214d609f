"""The program that one host is sent, and what it says back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

from haicap.inspection.check import Check, Command, Lease, Output, Post
from haicap.reach import remote
from haicap.reach.context import Outcome

# It reads the program from its standard input, without site packages or environment. It gives way to everything else:
# probes that keep a small gateway from answering BFD in time would find the damage that they did.
COMMAND = "nice -n 19 python3 -IS -"


_MODULES = ("network", "post", "web", "onhost")


@dataclass(frozen=True)
class Secrets:
    """The passwords of probe mailboxes, by name, for the time of an inspection; `why` there are none."""

    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)
    why: str = ""


NO_SECRETS = Secrets()
_MISSING = "the host did not answer this probe"


def program(checks: Sequence[Check], leases: Sequence[Lease], seconds: float, secrets: Secrets = NO_SECRETS) -> str:
    """`onhost` with all commands of these checks, numbered in order, and at most `seconds` for all.

    A command that several checks have is done once. `leases` are those that the host's clients work from: one that no
    check asks for is taken all the same, unnumbered.
    """
    commands = _commands(checks)
    jobs = [{"id": number, **_job(command, secrets)} for number, command in enumerate(commands)]
    jobs += [{"id": None, **lease.job()} for lease in leases if lease not in commands]
    return remote.program("haicap.inspection", _MODULES, {"jobs": jobs, "seconds": seconds})


def _commands(checks: Sequence[Check]) -> list[Command]:
    return list(dict.fromkeys(command for check in checks for command in check.commands))


def _job(command: Command, secrets: Secrets) -> dict[str, Any]:
    if not isinstance(command, Post):
        return command.job()
    passwords = {name: secrets.passwords[name] for name in command.names if name in secrets.passwords}
    whole = passwords if len(passwords) == len(set(command.names)) else {}
    return {**command.job(), "passwords": whole, "why": secrets.why, "token": token_hex(8)}


def outputs_of(checks: Sequence[Check], outcome: Outcome) -> list[tuple[Output, ...]]:
    """The outputs of each check's commands. What the host did not say is an output with an error."""
    said = dict(answer for line in outcome.stdout.splitlines() if (answer := _parse(line)))
    error = Output(None, "", outcome.seconds, outcome.error or _complaint(outcome) or _MISSING)
    numbers = {command: number for number, command in enumerate(_commands(checks))}
    return [tuple(said.get(numbers[command], error) for command in check.commands) for check in checks]


def _parse(line: str) -> tuple[int, Output] | None:
    try:
        answer = json.loads(line)
        return answer["id"], Output(answer["status"], answer["out"], answer["seconds"], answer["error"])
    except (ValueError, KeyError, TypeError):
        return None


def _complaint(outcome: Outcome) -> str:
    lines = [line.strip() for line in outcome.stderr.splitlines() if line.strip()]
    return f"{_MISSING}: {lines[-1]}" if lines else ""
