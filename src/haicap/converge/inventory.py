"""Ansible's dynamic inventory: what `haicap inventory --list` prints, for whoever drives Ansible by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class InventoryHost:
    """A host as Ansible sees it. `wave` is the roll-out's name, `variables` the unit's own ("haicap_unit", ...)."""

    name: str
    role: str
    address: str
    user: str = "root"
    port: int = 22
    wave: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)


def ansible_inventory(hosts: Iterable[InventoryHost]) -> dict[str, Any]:
    """The `--list` form: a group for each role and each wave, and `_meta.hostvars`, which is `--host` by name."""
    known = sorted(hosts, key=lambda host: host.name)
    groups: dict[str, list[str]] = {}
    for host in known:
        groups.setdefault(host.role, []).append(host.name)
        if host.wave:
            groups.setdefault(f"wave_{_group_name(host.wave)}", []).append(host.name)
    return {
        "_meta": {"hostvars": {host.name: _variables(host) for host in known}},
        "all": {"children": [*sorted(groups), "ungrouped"]},
        **{group: {"hosts": groups[group]} for group in sorted(groups)},
    }


def _variables(host: InventoryHost) -> dict[str, Any]:
    return {
        **host.variables,
        "ansible_host": host.address,
        "ansible_user": host.user,
        "ansible_port": host.port,
        "ansible_python_interpreter": "/usr/bin/python3",
    }


def _group_name(name: str) -> str:
    """Ansible's groups are named like variables."""
    return re.sub(r"\W", "_", name, flags=re.ASCII)
