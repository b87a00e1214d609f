"""A lab of one host a role, and a process that works from where Ansible would: the controller's network namespace."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from haicap import assets
from haicap.converge import HostJob, HostResult, Mode, run_hosts
from haicap.lab import Lab, LabHost, LabSpec
from haicap.lab.spec import ROLES as KNOWN
from haicap.reach.context import Connection

ROLES = {
    **{"gw1": "gateway", "hub1": "hub", "ns1": "dns", "mail1": "mail"},
    **{"hv1": "hypervisor", "pf1": "platform", "ref1": "reference"},
}
# A lab knows no platforms: their machines are hypervisors' there. To their roles a host is a host.
HOSTS = tuple(
    LabHost(name, role if role in KNOWN else "gateway", None, f"100.64.0.{at + 2}/30", f"100.64.0.{at + 1}")
    for at, (name, role) in zip(range(0, 4 * len(ROLES), 4), ROLES.items(), strict=True)
)
SPEC = LabSpec("roles", HOSTS, "100.127.0.2/30", "100.127.0.1")


@dataclass(frozen=True)
class Site:
    """The lab as its operators have it: `run` converges from the controller, `shell` looks into a host."""

    lab: Lab
    pool: ProcessPoolExecutor
    context: Connection

    def job(self, name: str) -> HostJob:
        """The job of a lab host by its role's scenario."""
        role = ROLES[name]
        address = next(host.address for host in HOSTS if host.name == name).split("/")[0]
        wanted = scenario(role)
        return HostJob(
            name, role, address, wanted["haicap_files"], wanted["haicap_services"], wanted["haicap_packages"]
        )

    def run(self, job: HostJob, mode: Mode = "apply", **connection: Any) -> HostResult:
        """One host's result."""
        used = replace(self.context, **connection)
        return self.pool.submit(run_hosts, [job], used, mode).result(120)[job.name]

    def call(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Call something in the controller's namespace."""
        return self.pool.submit(work, *arguments).result(300)

    def shell(self, host: str, command: str) -> int:
        """A command's exit code in a host."""
        return self.lab.run(host, ["sh", "-c", command])

    def text(self, host: str, path: str) -> str | None:
        """A file of a host, or None: as the host's own overlay has it."""
        file = self.lab.directory / "hosts" / host / "upper" / path.lstrip("/")
        return file.read_text() if file.is_file() else None


def scenario(role: str) -> dict[str, Any]:
    """The variables of a role's Molecule scenario."""
    path = assets.path("roles") / role / "molecule" / "default" / "vars.yml"
    return dict(yaml.safe_load(path.read_text()))


def context(lab: Lab) -> Connection:
    keys = {host.name: _host_key(lab.directory / "hosts" / host.name) for host in HOSTS}
    return Connection(key_file=lab.ssh_key, known_hosts=keys)


def _host_key(folder: Path) -> str:
    return (folder / "upper" / "etc/ssh/ssh_host_ed25519_key.pub").read_text().strip()
