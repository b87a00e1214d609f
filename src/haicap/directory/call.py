"""Send a mail server its program and jobs, and read what it answers. Nothing secret is sent, or comes back open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from haicap.plan.model import Json
from haicap.reach.context import Connection
from haicap.reach.jobs import Answers, ask
from haicap.reach.remote import program

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


def call(
    host: MailHost, connection: Connection, jobs: Iterable[Mapping[str, Json]], seconds: float = _SECONDS
) -> Answers:
    """Have the server do jobs ({"key", "op", ...}, see `onhost.main`), one after another, in `seconds` for all."""
    text = program(_PACKAGE, _MODULES, {"suffix": host.suffix, "jobs": list(jobs)})
    return ask(host.name, host.address, connection, text, seconds=seconds)
