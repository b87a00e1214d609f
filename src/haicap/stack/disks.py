"""Data disks that no machine has any more, asked of the hypervisors that have them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from haicap.errors import HaicapError
from haicap.machines.call import HypervisorHost, call
from haicap.plan.model import Json
from haicap.reach.context import Connection
from haicap.stack.workspace import Workspace


@dataclass(frozen=True)
class LeftDisk:
    """A data disk that was left. `name` is its file's, `machine` whose it was, `bytes` what it takes up."""

    hypervisor: str
    name: str
    machine: str
    bytes: int


@dataclass(frozen=True)
class Found:
    """What hypervisors told; `errors` are those that could not be asked, by name."""

    disks: tuple[LeftDisk, ...]
    errors: dict[str, str]


def find_left_disks(workspace: Workspace) -> Found:
    """Ask every hypervisor that is enrolled. HaicapError when there is none."""
    hosts = _hypervisors(workspace)
    known: list[Json] = sorted(workspace.locks.machines)
    connection = workspace.connection()
    workspace.enter()
    with ThreadPoolExecutor(len(hosts)) as threads:
        answers = list(threads.map(lambda host: _ask(host, connection, {"op": "leftover", "known": known}), hosts))
    disks = [
        LeftDisk(host.name, disk["name"], disk["machine"], disk["bytes"])
        for host, (found, _) in zip(hosts, answers, strict=True)
        for disk in (found or {}).get("disks", ())
    ]
    errors = {host.name: error for host, (_, error) in zip(hosts, answers, strict=True) if error}
    return Found(tuple(disks), errors)


def delete_left_disk(workspace: Workspace, disk: LeftDisk) -> None:
    """Delete a disk for good. HaicapError when a machine has it, or the hypervisor can't be reached."""
    host = next(host for host in _hypervisors(workspace) if host.name == disk.hypervisor)
    connection = workspace.connection()
    workspace.enter()
    _, error = _ask(host, connection, {"op": "delete-disk", "name": disk.name})
    if error:
        raise HaicapError(error)


def _hypervisors(workspace: Workspace) -> Sequence[HypervisorHost]:
    keys, addresses = workspace.locks.keys, workspace.addresses()
    named = [hypervisor.name for hypervisor in workspace.inventory.province.hypervisors if hypervisor.name in keys]
    if not named:
        raise HaicapError(f"No hypervisor of {workspace.slug} is enrolled yet: `haicap enrol {workspace.slug}`.")
    return [HypervisorHost(name, addresses[name]) for name in named]


def _ask(host: HypervisorHost, connection: Connection, job: dict[str, Json]) -> tuple[Json, str]:
    """What the hypervisor answers, or why it does not."""
    try:
        return call(host, connection, [{"key": "disks", **job}]).result("disks"), ""
    except HaicapError as error:
        return None, str(error)
