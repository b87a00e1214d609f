"""A machine that goes from this hypervisor to another, or comes from one.

The mark says where it stands. Where it comes from, "to hv2": it is off, and keeps everything until the other side
answers. Where it comes to, "from hv1": it is claimed, and its files are copies that may be written over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from haicap.machines.onhost import before, disks
from haicap.machines.onhost.commands import MIB
from haicap.machines.onhost.definition import Setting, define, place_disks
from haicap.machines.onhost.delete import delete
from haicap.machines.onhost.guests import (
    SHUTDOWN_SECONDS,
    Hypervisor,
    claim,
    set_mark,
    snapshot_of,
    start,
    stop,
    undefine,
    wait_for_ssh,
)
from haicap.machines.onhost.images import ensure_image
from haicap.machines.onhost.locks import HYPERVISOR, locked
from haicap.machines.onhost.marks import Mark, birth_of
from haicap.machines.onhost.names import Names, check_names

Inputs = Mapping[str, Any]
_FROM, _TO = "from ", "to "


def expect(hypervisor: Hypervisor, wanted: Inputs, moved: Sequence[str], source: str) -> bool:
    """Make ready for a machine of another hypervisor, with its data disks `moved`; True when it has arrived already.

    ValueError when its name, or that of one of its disks, is taken here.
    """
    check_names(wanted["machine"], wanted["disks"])
    names = Names(wanted["machine"])
    with locked(f"machine-{names.machine}"):
        with locked(HYPERVISOR):
            hypervisor.ensure_pool()
            mark = claim(hypervisor.find(names.machine), wanted)
            if mark is not None:
                if not mark.moving.startswith(_FROM):
                    return True
            else:
                _refuse_files(names, moved)
                _claim_name(hypervisor, wanted, names, source)
        ensure_image(wanted["image"])
    return False


def export(hypervisor: Hypervisor, gone: Inputs, wanted: Inputs, patience: float) -> list[dict[str, Any]]:
    """Shut the machine down for good here, and tell its files: name, bytes, sha256. They stay until `forget`.

    The root disk is among them unless it is to be made anew. ValueError when the machine is not here.
    """
    names = Names(gone["machine"])
    with locked(f"machine-{names.machine}"):
        domain = hypervisor.find(names.machine)
        mark = claim(domain, gone)
        if mark is None:
            raise ValueError(
                f"{names.machine} is not here, so it can't be moved. If it is lost, take it away with "
                "`haicap destroy`; then apply makes a new one"
            )
        mark = _finish_change(hypervisor, domain, mark, names, gone, patience)
        with locked(HYPERVISOR):
            domain = hypervisor.find(names.machine)
            domain.setAutostart(0)
            set_mark(domain, replace(mark, moving=f"{_TO}{wanted['hypervisor']}"))
        stop(domain, min(SHUTDOWN_SECONDS, patience))
        paths = [names.disk(name) for name in sorted(set(gone["disks"]) & set(wanted["disks"]))]
        if mark.birth == birth_of(wanted) and names.root.exists():
            paths.insert(0, names.root)
        return [_described(path) for path in paths]


def receive(hypervisor: Hypervisor, wanted: Inputs, files: Sequence[Mapping[str, Any]]) -> list[str]:
    """Take over what has come whole, as `<name>.arriving`; the names of what is still to come.

    OSError when there is no space for that. A file that came otherwise than it was sent has to come again.
    """
    names = Names(wanted["machine"])
    with locked(f"machine-{names.machine}"):
        mark = claim(hypervisor.find(names.machine), wanted)
        if mark is None or not mark.moving.startswith(_FROM):
            raise ValueError(f"{names.machine} is not expected here; apply again")
        missing = [file for file in files if not _take_over(names.pool / Path(file["name"]).name, file)]
        needed = sum(file["bytes"] for file in missing)
        free = disks.free_bytes(names.pool)
        if needed > free:
            raise OSError(
                f"no space for {names.machine}: its disks need {-(-needed // MIB)} MiB, and {free // MIB} MiB are free "
                f"in {names.pool}. Make room there, then apply again"
            )
        return [file["name"] for file in missing]


def withdraw(hypervisor: Hypervisor, wanted: Inputs, source: str, patience: float) -> None:
    """The machine did not come up here: it is off, and its files are copies again."""
    names = Names(wanted["machine"])
    with locked(f"machine-{names.machine}"):
        domain = hypervisor.find(names.machine)
        mark = claim(domain, wanted)
        if mark is not None:
            domain.setAutostart(0)
            stop(domain, min(SHUTDOWN_SECONDS, patience))
            set_mark(domain, replace(mark, moving=f"{_FROM}{source}", answered=""))


def resume(hypervisor: Hypervisor, gone: Inputs, patience: float) -> bool:
    """The machine stays here after all: start it again; whether it answers."""
    names = Names(gone["machine"])
    with locked(f"machine-{names.machine}"):
        domain = hypervisor.find(names.machine)
        mark = claim(domain, gone)
        if mark is None:
            raise ValueError(f"{names.machine} is not here any more")
        with locked(HYPERVISOR):
            set_mark(domain, replace(mark, moving=""))
            domain.setAutostart(int(gone["autostart"]))
            start(domain)
        return wait_for_ssh(domain, str(gone["network"]["address"]), patience)


def discard(hypervisor: Hypervisor, wanted: Inputs, moved: Sequence[str]) -> None:
    """Take away what came of a machine that stays where it was: its domain, root disk and the data disks `moved`."""
    names = Names(wanted["machine"])
    with locked(f"machine-{names.machine}"):
        domain = hypervisor.find(names.machine)
        mark = claim(domain, wanted)
        if mark is None:
            return
        if not mark.moving.startswith(_FROM) or domain.isActive():
            raise ValueError(f"{names.machine} stands here, and is no copy")
        with locked(HYPERVISOR):
            for path in (names.root, names.seed, *map(names.disk, moved)):
                path.unlink(missing_ok=True)
                _arriving(path).unlink(missing_ok=True)
            undefine(domain)


def forget(hypervisor: Hypervisor, gone: Inputs, moved: Sequence[str], patience: float) -> None:
    """The machine answers elsewhere: take it away here, with the data disks that went with it.

    ValueError when it runs here too, or was not moved.
    """
    domain = hypervisor.find(gone["machine"])
    mark = claim(domain, gone)
    if mark is None:
        return  # it was forgotten before: the domain goes last
    if domain.isActive() or not mark.moving.startswith(_TO):
        raise ValueError(
            f"{gone['machine']} was started here again, after it moved: it runs on two hypervisors. "
            "See which one has what counts, and shut the other down"
        )
    delete(hypervisor, {**gone, "disks": list(moved)}, destroy=True, patience=patience)


def _claim_name(hypervisor: Hypervisor, wanted: Inputs, names: Names, source: str) -> None:
    """A domain that is off, so that nobody else takes the name while the disks come."""
    mark = Mark(wanted["province"], names.machine, wanted["platform"], birth_of(wanted), moving=f"{_FROM}{source}")
    setting = Setting(place_disks(wanted["disks"], {}), hypervisor.accelerated)
    hypervisor.define(define(wanted, names, mark, setting))


def _refuse_files(names: Names, data: Sequence[str]) -> None:
    """Copies may take the place of nothing."""
    for path in (names.root, *map(names.disk, data)):
        if path.exists():
            raise ValueError(f"{path} is here already, of an earlier machine of that name: delete it, or rename it")


def _finish_change(
    hypervisor: Hypervisor, domain: Any, mark: Mark, names: Names, gone: Inputs, patience: float
) -> Mark:
    """A machine moves as it answered last: let go of what was kept for a change, or put it back."""
    if snapshot_of(domain) is None:
        return mark
    if mark.answered or wait_for_ssh(domain, str(gone["network"]["address"]), 10):
        before.drop_former(domain, names)
        return mark
    stop(domain, min(SHUTDOWN_SECONDS, patience))
    former = before.former_mark(domain)
    before.put_former_back(hypervisor, domain, names)
    return former or mark


def _described(path: Path) -> dict[str, Any]:
    return {"name": path.name, "bytes": path.stat().st_size, "sha256": _sum_of(path)}


def _take_over(path: Path, file: Mapping[str, Any]) -> bool:
    """Whether a file is here, as it was sent; what is here otherwise goes."""
    if _is_same(path, file):
        return True
    path.unlink(missing_ok=True)
    arriving = _arriving(path)
    if not _is_same(arriving, file):
        arriving.unlink(missing_ok=True)
        return False
    arriving.replace(path)
    return True


def _is_same(path: Path, file: Mapping[str, Any]) -> bool:
    return path.exists() and path.stat().st_size == file["bytes"] and _sum_of(path) == file["sha256"]


def _arriving(path: Path) -> Path:
    return path.with_name(f"{path.name}.arriving")


def _sum_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
