"""A check is commands and a reading: pure on both ends, so that a probe is tested on captured output.

A command is data; `onhost` does it on the host, and its output comes back as an `Output` each, in order.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from haicap.inspection.model import Probe, Status, System

_CANNOT_RUN = (126, 127)  # a shell's words for "may not be executed" and "is not there"


@dataclass(frozen=True)
class Shell:
    """A shell command, at most `seconds` long."""

    text: str
    seconds: float = 10.0

    def job(self) -> dict[str, Any]:
        """What `onhost` reads."""
        return {"kind": "shell", "text": self.text, "seconds": self.seconds}


@dataclass(frozen=True)
class Lease:
    """A DHCP lease in a namespace, held while the other commands run. Output: udhcpc's ip, mask, router, dns."""

    netns: str
    seconds: float = 5.0

    def job(self) -> dict[str, Any]:
        """What `onhost` reads."""
        return {"kind": "lease", "netns": self.netns, "seconds": self.seconds}


@dataclass(frozen=True)
class Target:
    """An address to reach by `tcp` on a port, or by `icmp` (port 0). `@client-guest`: the address leased there."""

    protocol: str
    address: str
    port: int = 0


@dataclass(frozen=True)
class Dial:
    """Targets reached from a namespace (None: from the host itself). Output: a JSON list of words, one a target:
    open, refused (a host answered), reply (to a ping), silence, no address, or the network's own words."""

    netns: str | None
    targets: tuple[Target, ...]
    seconds: float = 2.2

    def job(self) -> dict[str, Any]:
        """What `onhost` reads."""
        targets = [[target.protocol, target.address, target.port] for target in self.targets]
        return {"kind": "dial", "netns": self.netns, "targets": targets, "seconds": self.seconds}


@dataclass(frozen=True)
class Ask:
    """DNS questions, (name, type number) each, to one server over UDP. Output: a JSON list of base64 or null."""

    server: str
    questions: tuple[tuple[str, int], ...]
    netns: str | None = None
    recurse: bool = False
    seconds: float = 8.0

    def job(self) -> dict[str, Any]:
        """What `onhost` reads."""
        asked = [list(question) for question in self.questions]
        given = {"netns": self.netns, "server": self.server, "recurse": self.recurse, "questions": asked}
        return {"kind": "ask", **given, "seconds": self.seconds}


@dataclass(frozen=True)
class Post:
    """Mail from a client's namespace, see `post`. The passwords of the named probe mailboxes are put in when it is sent
    to the host, and are nowhere else. `authority` is PEM; the first recipient is the official address, `other` is
    somebody else's, and `guess` is whose password is guessed."""

    netns: str
    server: str
    address: str
    authority: str
    sender: str
    sender_name: str
    frozen: str
    frozen_name: str
    guess: str
    guess_name: str
    other: str
    recipients: tuple[str, ...]
    recipient_name: str
    seconds: float = 15.0

    @property
    def names(self) -> tuple[str, ...]:
        """The mailboxes whose passwords it needs."""
        return self.sender_name, self.frozen_name, self.guess_name, self.recipient_name

    def job(self) -> dict[str, Any]:
        """What `onhost` reads."""
        return {"kind": "post", **asdict(self)}


@dataclass(frozen=True)
class Fetch:
    """A page over HTTPS from a client's namespace: `path` of `name` at an address, see `web`. `authority` is PEM."""

    netns: str
    address: str
    name: str
    path: str
    authority: str
    seconds: float = 8.0

    def job(self) -> dict[str, Any]:
        """What `onhost` reads."""
        return {"kind": "fetch", **asdict(self)}


Command = Shell | Lease | Dial | Ask | Post | Fetch


@dataclass(frozen=True)
class Output:
    """What one command said. `error`: why it did not run; then nothing else counts."""

    status: int | None
    text: str
    seconds: float = 0.0
    error: str | None = None


@dataclass(frozen=True)
class Result:
    """What a reading finds."""

    passed: bool
    observed: str


class UnreadableError(Exception):
    """An output that says nothing about what was asked; the message says what it was."""


@dataclass(frozen=True)
class Check:
    """One promise and how to look at it. `settles`: it may take some seconds to come true after an apply."""

    unit: str | None
    host: str
    system: System
    probe: str
    expected: str
    commands: tuple[Command, ...]
    read: Callable[[Sequence[Output]], Result]
    settles: bool = False


def judge(check: Check, outputs: Sequence[Output]) -> Probe:
    """The probe of a check whose commands all were answered for. What could not run is never passed."""
    seconds = max((output.seconds for output in outputs), default=0.0)
    for output in outputs:
        if output.error is not None:
            return probe_of(check, "unreachable", output.error, seconds)
        if output.status in _CANNOT_RUN:
            return probe_of(check, "unreachable", one_line(output.text) or "the command could not run", seconds)
    try:
        result = check.read(outputs)
    except UnreadableError as error:
        return probe_of(check, "unreachable", str(error), seconds)
    except (LookupError, TypeError, ValueError, AttributeError) as error:  # what came has another shape than expected
        return probe_of(check, "unreachable", f"the answer cannot be read: {type(error).__name__} {error}", seconds)
    return probe_of(check, "passed" if result.passed else "failed", result.observed, seconds)


def probe_of(check: Check, status: Status, observed: str, seconds: float = 0.0) -> Probe:
    """A check's probe with a status of its own."""
    return Probe(check.unit, check.host, check.system, check.probe, status, check.expected, observed, seconds)


def verdict(wrong: Sequence[str], right: str) -> Result:
    """Passed with `right` when nothing is wrong, else failed with what is wrong: the first few of it."""
    if not wrong:
        return Result(True, right)
    more = f"; and {len(wrong) - 5} more" if len(wrong) > 5 else ""
    return Result(False, "; ".join(wrong[:5]) + more)


def differences(expected: set[str], found: set[str]) -> list[str]:
    """`x is missing`, `y is too much`: in order."""
    missing = [f"{name} is missing" for name in sorted(expected - found)]
    return missing + [f"{name} should not be there" for name in sorted(found - expected)]


def one_line(text: str) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def variables(text: str) -> Mapping[str, str]:
    """`name=value` lines as a mapping."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def documents(text: str) -> list[Any]:
    """The JSON documents that a text holds, one after another. UnreadableError when it is anything else."""
    decoder, found, at = json.JSONDecoder(), list[Any](), 0
    try:
        while at < len(text):
            if text[at].isspace():
                at += 1
                continue
            value, at = decoder.raw_decode(text, at)
            found.append(value)
    except ValueError:
        raise UnreadableError(one_line(text)[:200]) from None
    return found


def document(text: str) -> Any:
    """The one JSON document that a text holds. UnreadableError when it is anything else."""
    found = documents(text)
    if len(found) != 1:
        raise UnreadableError(one_line(text)[:200] or "the command said nothing")
    return found[0]
