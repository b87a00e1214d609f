"""Send a hypervisor its program and jobs, and read what it answers, each as it is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from haicap.plan.model import Json
from haicap.reach.context import Connection
from haicap.reach.jobs import Answers, OnAnswer, ask
from haicap.reach.remote import program

_PACKAGE = "haicap.machines.onhost"
# What others import comes first.
_MODULES = (
    *("names", "marks", "locks", "commands", "definition", "facts", "images", "disks", "guests"),
    *("change", "before", "live", "write", "read", "delete", "move", "leftover", "main"),
)
_SECONDS = 2 * 3600.0  # images by a slow line, and machines that are waited for


@dataclass(frozen=True)
class HypervisorHost:
    """A hypervisor: its name, and the address that SSH reaches it at."""

    name: str
    address: str


def call(
    host: HypervisorHost,
    connection: Connection,
    jobs: Iterable[Mapping[str, Json]],
    on_answer: OnAnswer | None = None,
    seconds: float = _SECONDS,
) -> Answers:
    """Have the hypervisor do jobs ({"key", "op", ...}, see `onhost.main`) beside each other, in `seconds` for all."""
    text = program(_PACKAGE, _MODULES, {"jobs": list(jobs)})
    return ask(host.name, host.address, connection, text, seconds=seconds, on_answer=on_answer)
