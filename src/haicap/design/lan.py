"""The LAN of a unit: a segment each with its networks, its DHCP range, its reserved hosts; and who may talk to whom."""

from __future__ import annotations

from dataclasses import dataclass

from netaddr import IPNetwork

from haicap.addressing.model import Member
from haicap.addressing.model import Segment as LockedSegment
from haicap.inventory.model import Province, Segment, Unit
from haicap.inventory.sizing import hosts_needed

OUTSIDE, VPN, GATEWAY, EVERY = "outside", "vpn", "gateway", "*"

# The probes' client on each segment has this address (locally administered): one DHCP lease at most, and an IPv6
# address (RFC 4291, appendix A) that other units' probes can work out.
CLIENT_MAC = "02:68:61:69:63:61"


@dataclass(frozen=True)
class Reservation:
    """A device with a fixed address: DHCP gives it by MAC, DNS names it."""

    name: str
    mac: str
    address: str
    fqdn: str


@dataclass(frozen=True)
class SegmentDesign:
    """One LAN segment on the gateway. Addresses are plain; networks have their prefix length."""

    name: str
    bridge: str
    vlan: int
    ports: tuple[str, ...]
    network: str
    gateway: str
    prefix: int
    network6: str
    gateway6: str
    dhcp: bool
    pool_first: str
    pool_last: str
    reservations: tuple[Reservation, ...]


@dataclass(frozen=True)
class Flow:
    """New connections let through from one zone to another. `service` is `any`, `icmp`, `tcp/443`, ..."""

    source: str
    target: str
    service: str


@dataclass(frozen=True)
class LanDesign:
    """A unit's segments and its firewall's flows (everything else is dropped)."""

    uplink: str
    trunk: str | None
    segments: tuple[SegmentDesign, ...]
    flows: tuple[Flow, ...]


def design_lan(province: Province, unit: Unit, member: Member, zone: str) -> LanDesign:
    """Design a unit's LAN from its locked networks; `zone` is the unit's DNS zone."""
    ports = unit.overrides.ports or province.defaults.ports
    segments = tuple(
        _segment(unit, name, segment, member.segments[name], ports.segments.get(name, ()), zone)
        for name, segment in province.defaults.segments.items()
    )
    return LanDesign(ports.uplink, ports.trunk, segments, _flows(province))


def _segment(
    unit: Unit, name: str, segment: Segment, locked: LockedSegment, ports: tuple[str, ...], zone: str
) -> SegmentDesign:
    network, network6 = IPNetwork(locked.v4), IPNetwork(locked.v6)
    first = network.first + 2
    reserved = [IPNetwork(address).first for address in locked.hosts.values()]
    room = min([network.last, *reserved]) - first
    count = min(room, hosts_needed(unit, name, segment))
    return SegmentDesign(
        name=name,
        bridge=f"br-{name}"[:15],
        vlan=segment.vlan,
        ports=ports,
        network=str(network.cidr),
        gateway=str(network[1]),
        prefix=network.prefixlen,
        network6=str(network6.cidr),
        gateway6=str(network6[1]),
        dhcp=segment.dhcp,
        pool_first=str(network[2]),
        pool_last=str(network[1 + max(count, 1)]),
        reservations=tuple(
            Reservation(host.name, host.mac, locked.hosts[host.name], f"{host.name}.{zone}")
            for host in sorted(unit.hosts, key=lambda host: host.name)
            if host.segment == name
        ),
    )


def _flows(province: Province) -> tuple[Flow, ...]:
    """The policy with `*` spelled out, in a stable order, each flow once."""
    segments = tuple(province.defaults.segments)
    flows: dict[Flow, None] = {}
    for rule in province.defaults.policy:
        for source in _zones(rule.source, segments):
            for target in _zones(rule.target, segments):
                if source != target:
                    flows.update(dict.fromkeys(Flow(source, target, service) for service in rule.services))
    return tuple(flows)


def _zones(names: tuple[str, ...], segments: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(zone for name in names for zone in (segments if name == EVERY else (name,)))
