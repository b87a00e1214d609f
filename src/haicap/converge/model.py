"""What goes into a run and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Mode = Literal["apply", "observe", "absent"]


@dataclass(frozen=True)
class HostJob:
    """One host and what it is to hold. `role` is a folder of roles/.

    `files` are absolute path -> whole text, `services` systemd unit -> "active", `packages` Debian's names.
    `name` is what results and messages call the host; `address` is where ssh finds it. `product` has rows that come
    before the role's own: {"rules": [...], "initial": [...]}.
    """

    name: str
    role: str
    address: str
    files: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)
    packages: Sequence[str] = ()
    product: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class HostResult:
    """One host's answer.

    actions   [{"path", "action": created | updated | removed | unchanged, "drifted": bool}]
    services  unit -> started, reloaded, restarted, enabled, stopped
    found     observe only: {"files": {path: text or None}, "services": {unit: state}}, secrets redacted
    error     why it is not ok, in words for a person; `task` is the Ansible task that said so
    """

    ok: bool
    unreachable: bool = False
    changed: bool = False
    actions: Sequence[Mapping[str, Any]] = ()
    services: Mapping[str, str] = field(default_factory=dict)
    found: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    error: str | None = None
    task: str | None = None
