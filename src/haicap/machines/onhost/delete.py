"""A machine, taken away; what is gone already is no error."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from haicap.machines.onhost.guests import SHUTDOWN_SECONDS, Hypervisor, claim, stop, undefine
from haicap.machines.onhost.locks import HYPERVISOR, locked
from haicap.machines.onhost.names import Names, check_names


def delete(hypervisor: Hypervisor, gone: Mapping[str, Any], *, destroy: bool, patience: float) -> None:
    """Shut a machine down and take away its domain and its files; its data disks only to `destroy` them.

    ValueError when the domain of its name is not this machine.
    """
    check_names(gone["machine"], gone["disks"])
    names = Names(gone["machine"])
    with locked(f"machine-{names.machine}"):
        domain = hypervisor.find(names.machine)
        claim(domain, gone)
        if domain is not None:
            stop(domain, min(SHUTDOWN_SECONDS, patience))
        with locked(HYPERVISOR):
            files = _files(names, gone["disks"] if destroy else ())
            for path in files:
                _refuse_used(hypervisor, path, names.machine)
            for path in files:
                path.unlink(missing_ok=True)
            if domain is not None:
                undefine(domain)  # last: until then the name says whose the files are


def _files(names: Names, data: Mapping[str, Any] | tuple[()]) -> list[Path]:
    return [
        *(names.root, names.former_root, names.seed, names.former_seed, names.console),
        *(names.disk(name) for name in sorted(data)),
    ]


def _refuse_used(hypervisor: Hypervisor, path: Path, machine: str) -> None:
    others = [name for name in hypervisor.users_of(path) if name != machine]
    if others:
        raise ValueError(f"{path} is a disk of the domain {others[0]}, and stays; take it from there first")
