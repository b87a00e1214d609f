"""Send a mail server its program and jobs, and read what it answers. Nothing secret is sent, or comes back open."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from haicap.errors import HaicapError
from haicap.plan.model import Json
from haicap.reach.context import Connection, Outcome
from haicap.reach.fanout import as_root, run
from haicap.reach.remote import program

COMMAND = "python3 -I -"
_PACKAGE = "haicap.directory.onhost"
# What others import comes first.
_MODULES = ("tree", "passwords", "mailboxes", "accounts", "base", "backupkey", "drill", "main")
_SECONDS = 600.0


@dataclass(frozen=True)
class MailHost:
    """A mail server: its name, the address that SSH reaches it at, and the directory's suffix."""

    name: str
    address: str
    suffix: str


@dataclass(frozen=True)
class Answers:
    """What came of each job, by key; `error` is why those that are in neither were not done."""

    results: Mapping[str, Json]
    errors: Mapping[str, str] = field(default_factory=dict)
    error: str = ""

    def result(self, key: str) -> Json:
        """One job's result. HaicapError with why there is none."""
        if key not in self.results:
            raise HaicapError(self.errors.get(key) or self.error or "the mail server did not answer")
        return self.results[key]


def call(
    host: MailHost, connection: Connection, jobs: Iterable[Mapping[str, Json]], seconds: float = _SECONDS
) -> Answers:
    """Have the server do jobs ({"key", "op", ...}, see `onhost.main`), one after another, in `seconds` for all."""
    text = program(_PACKAGE, _MODULES, {"suffix": host.suffix, "jobs": list(jobs)})
    outcome = run(host.name, host.address, connection, as_root(COMMAND, connection), text, timeout=seconds)
    return read_answers(host.name, outcome)


def read_answers(name: str, outcome: Outcome) -> Answers:
    """What a server said, a line a job. A line without a key is about all of them."""
    results: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for line in outcome.stdout.splitlines():
        try:
            said = json.loads(line)
            key = said["key"]
        except (ValueError, KeyError, TypeError):
            continue
        if "error" in said:
            errors[key] = f"{name}: {said['error']}"
        else:
            results[key] = said["result"]
    return Answers(results, errors, errors.pop("", "") or _why(name, outcome))


def _why(name: str, outcome: Outcome) -> str:
    """Why a server stopped answering: SSH's error, or the last line of what its Python complained of."""
    if outcome.error:
        return outcome.error
    lines = [line.strip() for line in outcome.stderr.splitlines() if line.strip()]
    return f"{name}: {lines[-1]}" if lines else ""
