"""The one list of resources: a design's hosts and names, each a whole value. The planner and the engine use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from haicap.design import HostDesign, ProvinceDesign
from haicap.design.accounts import Account, AccountsDesign
from haicap.design.dns import DnsDesign
from haicap.design.machines import BRIDGE, MachineDesign, PlatformHost
from haicap.plan.model import Json
from haicap.render import cloud_init, render_host, render_platform

Kind = Literal["Host", "Records", "Directory", "Accounts", "Machine"]
PROVINCE_ZONES, DIRECTORY = "zones", "directory"


@dataclass(frozen=True)
class Resource:
    """`name` is the permanent natural key: a host's name, or `dns-24958`. `inputs` hold no unknown and no secret."""

    name: str
    kind: Kind
    unit: str | None
    system: str
    inputs: dict[str, Json]
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drawn:
    """A design with its resources by name."""

    design: ProvinceDesign
    resources: Mapping[str, Resource]

    def host(self, wanted: HostDesign) -> Resource | None:
        """The resource of a host that is designed just so here."""
        return self.resources[wanted.name] if self._hosts.get(wanted.name) == wanted else None

    @cached_property
    def _hosts(self) -> dict[str, HostDesign]:
        return {host.name: host for host in self.design.hosts}


def resources_of(design: ProvinceDesign, beside: Drawn | None = None) -> tuple[Resource, ...]:
    """Every resource of a province, those that others stand on first. What is the same in `beside`, another design, is
    taken from there and not rendered again."""
    hosts = ((beside.host(host) if beside is not None else None) or _host(host) for host in design.hosts)
    return (*hosts, *_machines(design), *_zones(design), *_mail(design))


def _machines(design: ProvinceDesign) -> Iterator[Resource]:
    """Machines of enrolled hypervisors, if somebody's key is put on them; and what stands inside enrolled machines."""
    hypervisors = {host.name: host for host in design.hypervisors}
    for platform in design.platforms:
        for machine in platform.machines:
            if machine.hypervisor in hypervisors and machine.authorized_keys:
                yield _machine(machine, hypervisors[machine.hypervisor], design.slug)
    yield from (_platform_host(host) for host in design.platform_hosts)


def _machine(machine: MachineDesign, hypervisor: HostDesign, province: str) -> Resource:
    inputs: dict[str, Json] = {
        "unit": "",
        "machine": machine.name,
        "platform": machine.platform,
        "province": province,
        "hypervisor": hypervisor.name,
        "address": hypervisor.address,
        "vcpus": machine.vcpus,
        "max_vcpus": machine.max_vcpus,
        "memory_mib": machine.memory_mib,
        "max_memory_mib": machine.max_memory_mib,
        "root_gib": machine.root_gib,
        "disks": dict(machine.disks),
        "image": machine.image.model_dump(),
        "network": {"bridge": BRIDGE, "mac": machine.mac, "address": machine.address},
        "cloud_init": cloud_init(machine),
        "state": "running",
        "autostart": True,
    }
    return Resource(f"vm-{machine.name}", "Machine", None, "machine", inputs, (hypervisor.name,))


def _platform_host(host: PlatformHost) -> Resource:
    rendered = render_platform(host)
    inputs: dict[str, Json] = {
        "host": host.name,
        "unit": "",
        "role": "platform" if host.product else host.role,
        "platform": host.platform,
        "address": host.address,
        "packages": list(rendered.packages),
        "services": dict(rendered.services),
        "files": dict(rendered.files),
    }
    if host.product is not None:
        role = host.product.role.model_dump(by_alias=True, exclude_none=True, mode="json")
        inputs["product"] = {"name": host.product.name, "rules": role["rules"], "initial": role["initial"]}
    return Resource(host.name, "Host", None, "machine", inputs, (f"vm-{host.name}",))


def _zones(design: ProvinceDesign) -> Iterator[Resource]:
    primary = next((h for h in design.name_servers if h.dns is not None and h.dns.kind == "primary"), None)
    if primary is None or design.zones is None or primary.dns is None:
        return
    servers = tuple(host.name for host in design.name_servers)
    shared = _records(PROVINCE_ZONES, None, primary, design.zones, servers)
    shared.inputs["transfer"] = {
        "catalog": f"{primary.dns.catalog}.",
        "primary": list(primary.dns.addresses),
        "secondaries": {
            host.name: host.address for host in design.name_servers if host.dns and host.dns.kind == "secondary"
        },
    }
    yield shared
    for unit in design.units:
        if unit.dns is not None:
            yield _records(f"dns-{unit.code}", unit.code, primary, unit.dns, (PROVINCE_ZONES,))


def _mail(design: ProvinceDesign) -> Iterator[Resource]:
    server, directory = design.mail_server, design.directory
    if server is None or directory is None:
        return
    place: dict[str, Json] = {"server": server.name, "address": server.address, "suffix": directory.suffix}
    wanted: dict[str, Json] = {
        "organization": directory.organization,
        "passwords": directory.passwords.model_dump(),
        "officers": list(directory.officers),
    }
    yield Resource(DIRECTORY, "Directory", None, "mail", {"unit": "", **place, **wanted}, (server.name,))
    for unit in design.units:
        if unit.accounts is not None:
            inputs = {"unit": unit.code, "name": unit.name, **place, **_accounts(unit.accounts)}
            yield Resource(f"mail-{unit.code}", "Accounts", unit.code, "mail", inputs, (DIRECTORY,))


def _accounts(accounts: AccountsDesign) -> dict[str, Json]:
    return {
        "officers": list(accounts.officers),
        "people": {number: _person(account, accounts) for number, account in sorted(accounts.accounts.items())},
        "groups": {
            role: {
                "title": group.title,
                "address": group.address,
                "aliases": dict(group.aliases),
                "members": sorted(group.members),
            }
            for role, group in sorted(accounts.groups.items())
        },
        "probes": {
            name: {
                "name": f"Probe {name}",
                "position": "",
                "address": probe.address,
                "stage": probe.stage,
                "aliases": dict.fromkeys(probe.aliases, ""),
                "quota_mib": 16,
            }
            for name, probe in sorted(accounts.probes.items())
        },
    }


def _person(account: Account, accounts: AccountsDesign) -> dict[str, Json]:
    """A person as the plan shows it. One whose mailbox is in another unit has only that told."""
    record: dict[str, Json] = {
        "name": account.name,
        "position": account.position,
        "address": account.address,
        "stage": account.stage,
    }
    if account.home != account.unit:
        return {**record, "home": account.home}
    return {
        **record,
        "aliases": dict(accounts.aliases.get(account.number, {})),
        "quota_mib": accounts.quotas[account.number],
    }


def _host(host: HostDesign) -> Resource:
    rendered = render_host(host)
    inputs: dict[str, Json] = {
        "host": host.name,
        "unit": host.unit or "",
        "role": host.role,
        "address": host.address,
        "packages": list(rendered.packages),
        "services": dict(rendered.services),
        "files": dict(rendered.files),
    }
    return Resource(host.name, "Host", host.unit, host.role, inputs)


def _records(name: str, unit: str | None, primary: HostDesign, dns: DnsDesign, depends_on: tuple[str, ...]) -> Resource:
    inputs: dict[str, Json] = {
        "unit": unit or "",
        "server": primary.name,
        "address": primary.address,
        "owned": list(dns.owned),
        "catalog": f"catalog.{primary.dns.domain}." if primary.dns else "",
        "zones": {
            zone: {key: {"ttl": records.ttl, "records": list(records.records)} for key, records in sorted(sets.items())}
            for zone, sets in sorted(dns.zones.items())
        },
    }
    return Resource(name, "Records", unit, "dns", inputs, depends_on)
