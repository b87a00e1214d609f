"""Which checks a design calls for. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from haicap.design.province import HostDesign, ProvinceDesign, UnitDesign
from haicap.errors import HaicapError
from haicap.inspection import dns, lan, machine, mail, vpn, walls
from haicap.inspection.check import Check
from haicap.inspection.resolve import resolve
from haicap.inspection.services import services


def checks_of(
    design: ProvinceDesign, units: Collection[str] | None = None, platforms: Collection[str] | None = None
) -> tuple[Check, ...]:
    """The checks of servers, machines and units, in that order; with `units` (codes) or `platforms` (names) those of
    these alone.

    A unit whose gateway does not stand, or is not enrolled, calls for none. HaicapError for a code that there is not.
    """
    unknown = sorted(set(units or ()) - {unit.code for unit in design.units})
    if unknown:
        raise HaicapError(f"{design.slug} has no unit {', '.join(unknown)}: see `haicap check {design.slug}`")
    standing = [unit for unit in design.units if unit.gateway is not None]
    selected = [unit for unit in design.units if units is None or unit.code in units]
    chosen = [unit for unit in selected if unit.gateway is not None]
    checks: list[Check] = []
    if units is None:
        checks += _shared(design)
    checks += machine.machines(design, platforms)
    for unit in chosen:
        partner = _partner(unit, chosen) or _partner(unit, standing)
        checks += _gateway(design, unit, unit.gateway, partner) if unit.gateway else ()
        checks += mail.mail(design, unit, partner)
        checks += machine.users(design, unit, platforms)
    checks += [check for unit in selected for check in _names(design, unit)]
    return tuple(checks)


def _partner(unit: UnitDesign, among: Sequence[UnitDesign]) -> UnitDesign | None:
    """The next unit in order, after the last the first, whose VPN stands."""
    others = [other for other in among if other.gateway is not None and other.gateway.vpn.neighbors]
    codes = [other.code for other in others]
    at = codes.index(unit.code) + 1 if unit.code in codes else 0
    return next((other for other in [*others[at:], *others[:at]] if other.code != unit.code), None)


def _shared(design: ProvinceDesign) -> Iterator[Check]:
    members = {host.name: host for host in design.hosts}
    for host in design.servers:
        yield services(host)
        yield from _vpn(host, members)
    if design.mail_server is not None:
        yield mail.backup(design.mail_server)
    if design.zones is None:
        return
    owned = {zone for unit in design.units if unit.dns for zone in unit.dns.owned} | set(design.zones.owned)
    primary = next(server for server in design.name_servers if server.dns and server.dns.kind == "primary")
    for server in design.name_servers:
        yield dns.serials(server, owned, None if server.name == primary.name else primary)
        yield dns.names(server, None, dns.questions_of(design.zones.zones))


def _vpn(host: HostDesign, members: dict[str, HostDesign]) -> Iterator[Check]:
    if host.vpn.neighbors:
        yield vpn.tunnels(host)
        yield vpn.bgp(host, vpn.sessions_of(host, members))


def _gateway(design: ProvinceDesign, unit: UnitDesign, host: HostDesign, partner: UnitDesign | None) -> Iterator[Check]:
    other = partner.gateway if partner else None
    yield services(host)
    yield from _vpn(host, {member.name: member for member in design.hosts})
    if host.lan is None:
        return
    hubs = design.hubs if host.vpn.neighbors else ()
    yield from _present(
        lan.dhcp(host, host.lan),
        lan.ipv6(host, host.lan),
        walls.isolation(host, host.lan, hubs, other if hubs else None),
        resolve(unit, host, host.lan, design, partner) if hubs else None,
        vpn.hub_reached(host, host.lan, hubs),
        vpn.unit_reached(host, host.lan, other) if other and hubs else None,
    )


def _present(*checks: Check | None) -> Iterator[Check]:
    return (check for check in checks if check is not None)


def _names(design: ProvinceDesign, unit: UnitDesign) -> Iterator[Check]:
    if unit.dns is not None:
        questions = dns.questions_of(unit.dns.zones)
        yield from (dns.names(server, unit.code, questions) for server in design.name_servers)
