"""What is on a hypervisor and belongs to no machine of the inventory."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from haicap.machines.onhost.facts import paths_in
from haicap.machines.onhost.guests import Hypervisor, definition_of, running_definition
from haicap.machines.onhost.locks import HYPERVISOR, locked
from haicap.machines.onhost.marks import read_mark
from haicap.machines.onhost.names import POOL, data_disks, owner_of


def leftover(hypervisor: Hypervisor, known: Iterable[str]) -> dict[str, Any]:
    """Data disks that no domain has: {"name", "machine", "bytes"} (what they take up); and machines of ours that are
    not `known`: {"machine", "province", "platform"}."""
    with locked(HYPERVISOR):
        domains = hypervisor.domains()
        used = {path for domain in domains for path in paths_in(definition_of(domain))}
        used |= {path for domain in domains if (text := running_definition(domain)) for path in paths_in(text)}
        marks = [mark for domain in domains if (mark := read_mark(definition_of(domain)))]
    machines = [*known, *(mark.name for mark in marks)]
    names = data_disks(path.name for path in POOL.iterdir()) if POOL.is_dir() else []
    return {
        "disks": [
            {"name": name, "machine": owner_of(name, machines), "bytes": (POOL / name).stat().st_blocks * 512}
            for name in names
            if str(POOL / name) not in used
        ],
        "machines": [
            {"machine": mark.name, "province": mark.province, "platform": mark.platform}
            for mark in sorted(marks, key=lambda mark: mark.name)
            if mark.name not in set(known)
        ],
    }


def delete_disk(hypervisor: Hypervisor, name: str) -> None:
    """Delete a data disk that no domain has; one that is gone is no error. ValueError for anything else."""
    path = POOL / Path(name).name
    if path.name != name or not data_disks([name]):
        raise ValueError(f'"{name}" is no data disk of {POOL}')
    with locked(HYPERVISOR):
        if users := hypervisor.users_of(path):
            raise ValueError(f"{name} is a disk of the domain {users[0]}, and stays; take it from there first")
        path.unlink(missing_ok=True)
