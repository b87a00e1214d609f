"""What is needed to reach hosts, and what a host answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_BEHIND = 4


@dataclass(frozen=True)
class Connection:
    """How hosts are reached.

    `known_hosts` maps a host's name to its host key ("ssh-ed25519 AAAA..."): a host without one, or with another key,
    is not spoken to. `key_file` None means the ssh agent. `connect_timeout` is in seconds. `jumps` are
    hosts that are reached through another: that one's name and address.
    """

    user: str = "root"
    port: int = 22
    key_file: Path | None = None
    known_hosts: Mapping[str, str] = field(default_factory=dict)
    connect_timeout: int = 10
    jumps: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def limit(self, name: str) -> int:
        """Seconds to connect to a host: more for one behind another, where there may be an emulated processor."""
        return self.connect_timeout * (_BEHIND if name in self.jumps else 1)


@dataclass(frozen=True)
class Outcome:
    """One command on one host. `status` is its exit code, None when it did not run to its end: `error` says why.

    `seconds` count from the start of the connection. The error is one line for a person, and names the host.
    """

    status: int | None
    stdout: str = ""
    stderr: str = ""
    error: str | None = None
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether the command ran to its end and returned 0."""
        return self.error is None and self.status == 0
