"""DNS: a zone per unit below the province's, delegations, reverse zones, and predecessors' names as aliases.

A unit's record sets are one value: zone -> "owner-name. TYPE" -> record set. Names are absolute, with the last dot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from netaddr import IPAddress, IPNetwork

from haicap.addressing.model import Locks, Member
from haicap.design.lan import LanDesign
from haicap.design.machines import MachineName
from haicap.design.mail import MailRecord
from haicap.inventory.model import Inventory, Province, Stage, Unit


@dataclass(frozen=True)
class RecordSet:
    """All records of one name and type (RFC 2181, 5): a TTL in seconds, and contents in zone-file form."""

    ttl: int
    records: tuple[str, ...]


Zones = Mapping[str, Mapping[str, RecordSet]]


@dataclass(frozen=True)
class DnsDesign:
    """Record sets by zone. `owned` are the zones that exist for this design alone, and go with it."""

    owned: tuple[str, ...]
    zones: Zones


def unit_zone(province: Province, label: str) -> str:
    """`xuanhuongdalat.lamdong.gov.vn`: level 4, as in Decree 224/2026, article 11."""
    return f"{label}.{province.domain}"


def server_name(province: Province, server: str) -> str:
    """`dns1.lamdong.gov.vn.`"""
    return f"{server}.{province.domain}."


def design_province_zones(
    inventory: Inventory, locks: Locks, mail: Iterable[MailRecord] = (), machines: Iterable[MachineName] = ()
) -> DnsDesign:
    """The zones that units share: the province's own, its legacy domains, and the reverse zones of its pools."""
    province = inventory.province
    servers = [server.name for server in province.name_servers]
    ttl = province.defaults.dns.ttl
    ns = RecordSet(ttl, tuple(server_name(province, name) for name in servers))
    zones: dict[str, dict[str, RecordSet]] = {f"{province.domain}.": {}}
    zones |= {f"{domain}.": {} for domain in province.legacy_domains if not domain.endswith(f".{province.domain}")}
    zones |= {zone: {} for zone in reverse_zones(province)}
    for zone, sets in zones.items():
        sets[f"{zone} NS"] = ns
    for name in province.servers:
        _add_host(zones, server_name(province, name), locks.members[name], ttl)
    _add_mail(zones, mail, ttl)
    _add_machines(zones, machines, province)
    return DnsDesign(tuple(zones), zones)


def design_unit_records(
    province: Province,
    unit: Unit,
    label: str,
    member: Member,
    lan: LanDesign,
    stage: Stage,
    mail: Iterable[MailRecord] = (),
) -> DnsDesign:
    """A unit's zone, its delegation, its reverse records, and its predecessors' names (once it is live)."""
    ttl = province.defaults.dns.trial_ttl if stage in ("prepare", "trial") else province.defaults.dns.ttl
    zone = f"{unit_zone(province, label)}."
    ns = RecordSet(ttl, tuple(server_name(province, server.name) for server in province.name_servers))
    zones: dict[str, dict[str, RecordSet]] = {zone: {f"{zone} NS": ns}, f"{province.domain}.": {f"{zone} NS": ns}}
    zones |= {reverse: {} for reverse in reverse_zones(province)}
    _add_host(zones, f"gw.{zone}", member, ttl)
    zones[zone] |= {
        f"{zone} A": RecordSet(ttl, (member.loopback,)),
        f"{zone} AAAA": RecordSet(ttl, (member.loopback6,)),
    }
    for segment in lan.segments:
        name = f"{segment.name}.gw.{zone}"
        _add_addresses(zones, name, [segment.gateway, segment.gateway6], ttl)
        for reservation in segment.reservations:
            _add_addresses(zones, f"{reservation.fqdn}.", [reservation.address], ttl)
    if stage in ("live", "frozen"):
        _add_aliases(zones, province, unit, zone, ttl)
    _add_mail(zones, mail, ttl)
    return DnsDesign((zone,), {name: sets for name, sets in zones.items() if sets})


def reverse_zones(province: Province) -> tuple[str, ...]:
    """The reverse zones of units, loopbacks and machines, on octet and nibble boundaries (RFC 1035, 3596)."""
    zones: dict[str, None] = {}
    for pool in (province.pools.units, province.pools.loopbacks, province.pools.machines):
        for network in pool.networks if pool else ():
            zones.update(dict.fromkeys(_octet_zones(IPNetwork(str(network)))))
    for pool6 in (province.pools.units6, province.pools.loopbacks6, province.pools.machines6):
        for network6 in pool6.networks if pool6 else ():
            zones.update(dict.fromkeys(_nibble_zones(IPNetwork(str(network6)))))
    return tuple(zones)


def _octet_zones(network: IPNetwork) -> Iterable[str]:
    octets = max(1, -(-network.prefixlen // 8)) if network.prefixlen < 24 else 3
    for subnet in network.supernet(24)[0].subnet(octets * 8) if network.prefixlen > 24 else network.subnet(octets * 8):
        yield ".".join(reversed(str(subnet.network).split(".")[:octets])) + ".in-addr.arpa."


def _nibble_zones(network: IPNetwork) -> Iterable[str]:
    nibbles = -(-network.prefixlen // 4)
    for subnet in network.subnet(nibbles * 4):
        digits = f"{subnet.first:032x}"[:nibbles]
        yield ".".join(reversed(digits)) + ".ip6.arpa."


def _add_host(zones: dict[str, dict[str, RecordSet]], name: str, member: Member, ttl: int) -> None:
    _add_addresses(zones, name, [member.loopback, member.loopback6], ttl)


def _add_addresses(zones: dict[str, dict[str, RecordSet]], name: str, addresses: Sequence[str], ttl: int) -> None:
    """A or AAAA for each address, and its PTR in the reverse zone that covers it."""
    for text in addresses:
        address = IPAddress(text)
        kind = "A" if address.version == 4 else "AAAA"
        zones[zone_of(name, zones)][f"{name} {kind}"] = RecordSet(ttl, (text,))
        pointer = address.reverse_dns
        zones[zone_of(pointer, zones)][f"{pointer} PTR"] = RecordSet(ttl, (name,))


def _add_mail(zones: dict[str, dict[str, RecordSet]], mail: Iterable[MailRecord], ttl: int) -> None:
    for name, kind, contents in mail:
        zones[zone_of(name, zones)][f"{name} {kind}"] = RecordSet(ttl, contents)


def _add_machines(zones: dict[str, dict[str, RecordSet]], machines: Iterable[MachineName], province: Province) -> None:
    dns = province.defaults.dns
    for machine in machines:
        ttl = dns.trial_ttl if machine.moves else dns.ttl
        if machine.own:
            _add_addresses(zones, machine.name, [*machine.v4, *machine.v6], ttl)
            continue
        sets = zones[zone_of(machine.name, zones)]
        sets[f"{machine.name} A"] = RecordSet(ttl, machine.v4)
        sets[f"{machine.name} AAAA"] = RecordSet(ttl, machine.v6)


def zone_of(name: str, zones: Iterable[str]) -> str:
    """The closest zone that encloses `name` (both absolute). KeyError when there is none."""
    known = set(zones)
    labels = name.split(".")
    for start in range(len(labels) - 1):
        candidate = ".".join(labels[start:])
        if candidate in known:
            return candidate
    raise KeyError(name)


def _add_aliases(zones: dict[str, dict[str, RecordSet]], province: Province, unit: Unit, zone: str, ttl: int) -> None:
    homes = [zone, f"{province.domain}.", *(f"{domain}." for domain in province.legacy_domains)]
    for predecessor in unit.predecessors:
        for alias in predecessor.names:
            home = zone_of(f"{alias}.", homes)
            zones.setdefault(home, {})[f"{alias}. CNAME"] = RecordSet(ttl, (zone,))
