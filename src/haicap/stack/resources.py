"""The one list of resources: a design's hosts and names, each a whole value. The planner and the engine use it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from haicap.design import HostDesign, ProvinceDesign
from haicap.design.dns import DnsDesign
from haicap.plan.model import Json
from haicap.render import render_host

Kind = Literal["Host", "Records"]
PROVINCE_ZONES = "zones"


@dataclass(frozen=True)
class Resource:
    """`name` is the permanent natural key: a host's name, or `dns-24958`. `inputs` hold no unknown and no secret."""

    name: str
    kind: Kind
    unit: str | None
    system: str
    inputs: dict[str, Json]
    depends_on: tuple[str, ...] = ()


def resources_of(design: ProvinceDesign) -> tuple[Resource, ...]:
    """Every resource of a province, those that others stand on first."""
    hosts = [_host(host) for host in design.hosts]
    primary = next((h for h in design.name_servers if h.dns is not None and h.dns.kind == "primary"), None)
    if primary is None or design.zones is None or primary.dns is None:
        return tuple(hosts)
    catalog = {
        "catalog": f"{primary.dns.catalog}.",
        "primary": list(primary.dns.addresses),
        "secondaries": {
            host.name: host.address for host in design.name_servers if host.dns and host.dns.kind == "secondary"
        },
    }
    servers = tuple(host.name for host in design.name_servers)
    shared = _records(PROVINCE_ZONES, None, primary, design.zones, servers)
    shared.inputs["transfer"] = catalog
    units = [
        _records(f"dns-{unit.code}", unit.code, primary, unit.dns, (PROVINCE_ZONES,))
        for unit in design.units
        if unit.dns is not None
    ]
    return (*hosts, shared, *units)


def select(resources: Iterable[Resource], units: frozenset[str] | None) -> tuple[Resource, ...]:
    """The resources of some units (by code) and everything shared that they stand on; None is all."""
    return tuple(r for r in resources if units is None or r.unit is None or r.unit in units)


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
