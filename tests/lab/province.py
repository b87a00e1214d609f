"""A small province on real hosts: two units, two hubs, two name servers; applied, its names served.

What works from the controller's network namespace (ssh, Ansible) runs in a process of its own, which entered it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from ipaddress import ip_interface
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import httpx

from haicap.addressing.model import Keys, Locks
from haicap.addressing.planner import plan_locks
from haicap.converge import HostJob, HostResult, run_hosts
from haicap.design import ProvinceDesign, design_province
from haicap.design.dns import RecordSet
from haicap.inspection.model import Inspection
from haicap.inspection.run import inspect
from haicap.inventory.loader import load
from haicap.inventory.model import Inventory
from haicap.lab import Lab, LabHost, LabSpec
from haicap.reach.context import Connection
from haicap.reach.enrol import Enrolment, enrol
from haicap.reach.fanout import run
from haicap.reach.forward import forward
from haicap.render import render_host

HERE = Path(__file__).parent / "twin"
AS_OF = date(2025, 12, 1)


@dataclass(frozen=True)
class Province:
    """The lab, what shall stand in it, and a process in the controller's namespace."""

    lab: Lab
    pool: ProcessPoolExecutor
    connection: Connection
    locks: Locks
    design: ProvinceDesign

    def call(self, work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Call something in the controller's namespace."""
        return self.pool.submit(work, *arguments, **named).result(600)

    def inspect(self, design: ProvinceDesign | None = None, **options: Any) -> Inspection:
        """An inspection of the province, or of another design of it."""
        found: Inspection = self.call(inspect, design or self.design, self.connection, **options)
        return found

    def shell(self, host: str, command: str) -> int:
        """A command's exit code in a host."""
        return self.lab.run(host, ["sh", "-c", command])

    def client(self, host: str, segment: str, *argv: str) -> subprocess.Popen[str]:
        """Start a program in the client of a gateway's segment."""
        pid = next(status.pid for status in self.lab.ps() if status.name == host)
        host_side = ["nsenter", f"--target={pid}", "--mount", "--net", "--pid", "--root", "--wdns=/root"]
        inside = ["nsenter", f"--net=/run/netns/client-{segment}", *argv]
        return subprocess.Popen([*host_side, *inside], stdout=subprocess.PIPE, text=True)


def inventory() -> Inventory:
    """The inventory of `twin/`."""
    return load(HERE, "twin")


def new_locks(of: Inventory) -> Locks:
    """Addresses and names, and no keys yet."""
    return plan_locks(of, Locks(), AS_OF).locks


def lab_spec(of: Inventory, locks: Locks) -> LabSpec:
    """A host for every gateway, hub and name server, on the line that the locks give it."""
    province = of.province
    named = [(unit.gateway, "gateway", unit.code, unit.identity) for unit in of.units]
    named += [(hub.name, "hub", None, hub.name) for hub in province.hubs]
    named += [(server.name, "dns", None, server.name) for server in province.name_servers]
    hosts = []
    for name, role, code, identity in named:
        uplink = locks.members[identity].uplink
        hosts.append(LabHost(name, role, code, uplink, str(ip_interface(uplink).network[1])))
    operators = province.ssh.operators[0]
    return LabSpec(of.slug, tuple(hosts), f"{operators[2]}/{operators.prefixlen}", str(operators[1]))


def build(lab: Lab) -> Province:
    """Boot, enrol, apply, and fill the name servers."""
    of = inventory()
    spec = lab_spec(of, new_locks(of))
    lab.up(spec)
    pool = ProcessPoolExecutor(1, get_context("spawn"), initializer=lab.enter)
    targets = {host.name: host.address.partition("/")[0] for host in spec.hosts}
    connection = Connection(key_file=lab.ssh_key)
    enrolled: dict[str, Enrolment] = pool.submit(enrol, targets, connection, {}).result(120)
    assert {name: one.error for name, one in enrolled.items() if one.error} == {}
    keys: dict[str, Keys] = {name: one.keys for name, one in enrolled.items() if one.keys}
    locks = replace(new_locks(of), keys=keys)
    connection = replace(connection, known_hosts={name: one.ssh for name, one in keys.items()})
    province = Province(lab, pool, connection, locks, design_province(of, locks, AS_OF))
    assert {name: result.error for name, result in province.call(apply, province.design, connection).items()} == (
        dict.fromkeys(targets)
    )
    province.call(serve_names, province.design, connection)
    return province


def apply(design: ProvinceDesign, connection: Connection) -> dict[str, HostResult]:
    """Converge every host of a design."""
    context = Connection(key_file=connection.key_file, known_hosts=connection.known_hosts)
    jobs = []
    for host in design.hosts:
        made = render_host(host)
        jobs.append(HostJob(host.name, host.role, host.address, made.files, made.services, made.packages))
    return run_hosts(jobs, context, "apply")


def serve_names(design: ProvinceDesign, connection: Connection) -> None:
    """Write the designed zones to the primary, and have the secondary fetch them."""
    zones: dict[str, dict[str, RecordSet]] = {}
    for dns in [design.zones, *(unit.dns for unit in design.units)]:
        for zone, sets in (dns.zones if dns else {}).items():
            zones.setdefault(zone, {}).update(sets)
    for server in design.name_servers:
        key = run(server.name, server.address, connection, "cat /etc/powerdns/api-key").stdout.strip()
        with forward(server.address, server.name, connection, 8081) as port:
            base = f"http://127.0.0.1:{port}/api/v1/servers/localhost"
            with httpx.Client(base_url=base, headers={"X-API-Key": key}, trust_env=False, timeout=30) as api:
                for zone, sets in zones.items():
                    _serve(api, zone, sets, server.dns.primary if server.dns else None)


def _serve(api: httpx.Client, zone: str, sets: dict[str, RecordSet], primary: tuple[str, str] | None) -> None:
    if primary is not None:
        api.post("/zones", json={"name": zone, "kind": "Slave", "masters": [primary[0]]}).raise_for_status()
        api.put(f"/zones/{zone}/axfr-retrieve").raise_for_status()
        return
    rrsets = []
    for key, records in sets.items():
        name, _, kind = key.rpartition(" ")
        contents = [{"content": content, "disabled": False} for content in records.records]
        rrsets.append({"name": name, "type": kind, "ttl": records.ttl, "records": contents})
    api.post("/zones", json={"name": zone, "kind": "Master", "nameservers": [], "rrsets": rrsets}).raise_for_status()
