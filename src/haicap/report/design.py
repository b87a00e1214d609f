"""A unit's design as sections of a few columns each: what `haicap show` prints. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from haicap.addressing.model import Keys
from haicap.design.accounts import Account
from haicap.design.lan import LanDesign
from haicap.design.province import HostDesign, UnitDesign
from haicap.inventory.model import Unit


@dataclass(frozen=True)
class Section:
    """A titled table; without columns its rows are pairs of what and value."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def stages_text(stages: Mapping[str, str]) -> str:
    """`live`, or each system with its stage where they differ."""
    if len(set(stages.values())) == 1:
        return next(iter(stages.values()))
    return ", ".join(f"{system} {stage}" for system, stage in stages.items())


def unit_sections(
    unit: Unit, design: UnitDesign, keys: Keys | None, people: Sequence[Account] = ()
) -> Iterator[Section]:
    """Everything about one unit, in the order in which it is built; `people` are the unit's accounts."""
    yield Section(f"{design.code}  {design.name}", (), tuple(_identity(unit, design, keys)))
    yield Section("Addresses", (), tuple(_addresses(design)))
    if design.gateway is not None and design.gateway.lan is not None:
        yield from _lan(design.gateway.lan)
    if design.gateway is not None:
        yield from _vpn(design.gateway)
    if design.dns is not None:
        for zone, sets in design.dns.zones.items():
            rows = tuple((*name.split(" "), str(found.ttl), " ".join(found.records)) for name, found in sets.items())
            yield Section(f"DNS {zone}", ("name", "type", "TTL", "records"), rows)
    if design.gateway is not None and design.gateway.lan is not None:
        yield Section("Firewall: let through", ("from", "to", "services"), tuple(_flows(design.gateway.lan)))
    if people:
        rows = tuple((p.number, p.name, p.position, p.address or "(not locked yet)", p.stage) for p in people)
        yield Section("People", ("number", "name", "position", "address", "stage"), rows)


def _identity(unit: Unit, design: UnitDesign, keys: Keys | None) -> Iterator[tuple[str, str]]:
    yield "kind", design.kind.replace("_", " ")
    yield "agency code", unit.agency_code
    yield "identity", unit.identity
    yield "zone", design.zone
    yield "staff", str(unit.staff)
    yield "wave", unit.wave
    yield "stages", ", ".join(f"{system} {stage}" for system, stage in design.stages.items())
    yield "predecessors", ", ".join(p.code + (" (part)" if p.share == "part" else "") for p in unit.predecessors)
    yield "gateway", f"{unit.gateway}, {'enrolled' if keys else 'not enrolled'}"
    if keys:
        yield "WireGuard key", keys.wireguard


def _addresses(design: UnitDesign) -> Iterator[tuple[str, str]]:
    member = design.member
    yield "uplink", member.uplink
    yield "loopback", f"{member.loopback}  {member.loopback6}"
    yield "block", f"{member.block}  {member.block6}"
    yield "AS number", str(member.asn)


def _lan(lan: LanDesign) -> Iterator[Section]:
    rows = tuple(
        (
            segment.name,
            str(segment.vlan),
            segment.network,
            segment.gateway,
            f"{segment.pool_first} - {segment.pool_last}" if segment.dhcp else "",
            segment.network6,
        )
        for segment in lan.segments
    )
    yield Section("Segments", ("segment", "VLAN", "network", "gateway", "DHCP", "IPv6"), rows)
    reserved = tuple(
        (host.name, segment.name, host.address, host.mac, host.fqdn)
        for segment in lan.segments
        for host in segment.reservations
    )
    if reserved:
        yield Section("Reserved hosts", ("host", "segment", "address", "MAC", "name"), reserved)


def _vpn(host: HostDesign) -> Iterator[Section]:
    tunnels = tuple(
        (
            interface.name,
            *interface.addresses,
            str(interface.mtu),
            ", ".join(p.endpoint or p.name for p in interface.peers),
        )
        for interface in host.vpn.interfaces
    )
    if tunnels:
        yield Section("Tunnels", ("interface", "address", "IPv6", "MTU", "peer"), tunnels)
    neighbors = tuple(
        (
            peer.name,
            peer.address,
            str(peer.asn),
            str(peer.preference),
            " ".join((*host.vpn.announce, *host.vpn.announce6)),
        )
        for peer in host.vpn.neighbors
    )
    if neighbors:
        yield Section("BGP", ("neighbour", "address", "AS", "preference", "announces"), neighbors)


def _flows(lan: LanDesign) -> Iterator[tuple[str, str, str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for flow in lan.flows:
        found.setdefault((flow.source, flow.target), []).append(flow.service)
    for (source, target), services in found.items():
        yield source, target, " ".join(services)
