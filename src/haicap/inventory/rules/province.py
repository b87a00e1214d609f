"""Rules on province.yml alone: pools, servers, zones, dates, addresses."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import NamedTuple

from haicap.inventory.marks import Marks
from haicap.inventory.marks import Path as KeyPath
from haicap.inventory.model import Pool4, Pool6, Ports, Province
from haicap.inventory.rules.base import Remark, did_you_mean, on_province, repeats
from haicap.inventory.rules.dates import out_of_order
from haicap.inventory.rules.ports import port_problems

ZONES = ("vpn", "outside", "gateway")
_POOLS = ("units", "units6", "loopbacks", "loopbacks6", "uplinks", "machines", "machines6")
_LONGEST = {"units": 29, "units6": 64, "uplinks": 30}
_EXACT = {"loopbacks": 32, "loopbacks6": 128, "machines": 32, "machines6": 128}


class _Named(NamedTuple):
    """A network, what it is for, and where it is written."""

    network: IPv4Network | IPv6Network
    name: str
    path: KeyPath


def pools_overlap(province: Province, marks: Marks) -> Iterator[Remark]:
    """No address is in two networks: pools, tunnels, operators. Sorted, an overlap is with the widest one before."""
    by_version: dict[int, list[_Named]] = defaultdict(list)
    for named in _networks(province):
        by_version[named.network.version].append(named)
    for networks in by_version.values():
        ordered = sorted(networks, key=lambda n: (int(n.network.network_address), n.network.prefixlen))
        widest = ordered[0]
        for here in ordered[1:]:
            if int(here.network.network_address) <= int(widest.network.broadcast_address):
                reason = f"{here.name} {here.network} overlaps {widest.name} {widest.network}; give each its own range"
                yield on_province(marks, here.path, reason)
            else:
                widest = here


def _networks(province: Province) -> Iterator[_Named]:
    for name, pool in _pools(province):
        networks: tuple[IPv4Network | IPv6Network, ...] = pool.networks
        for i, network in enumerate(networks):
            yield _Named(network, f"pools.{name}", ("pools", name, "networks", i))
    for i, hub in enumerate(province.hubs):
        yield _Named(hub.tunnels, f"{hub.name}'s tunnels", ("hubs", i, "tunnels"))
        yield _Named(hub.tunnels6, f"{hub.name}'s tunnels6", ("hubs", i, "tunnels6"))
    for i, operators in enumerate(province.ssh.operators):
        yield _Named(operators, "ssh.operators", ("ssh", "operators", i))


def _pools(province: Province) -> Iterator[tuple[str, Pool4 | Pool6]]:
    """The pools that there are, by name."""
    for name in _POOLS:
        pool: Pool4 | Pool6 | None = getattr(province.pools, name)
        if pool is not None:
            yield name, pool


def pool_bounds(province: Province, marks: Marks) -> Iterator[Remark]:
    """Blocks are cut out of networks at least as large, and are of a size their purpose needs."""
    for name, pool in _pools(province):
        networks: tuple[IPv4Network | IPv6Network, ...] = pool.networks
        for i, network in enumerate(networks):
            if network.prefixlen > pool.prefix:
                reason = f"pools.{name}: {network} is smaller than the /{pool.prefix} blocks to cut from it; widen it"
                yield on_province(marks, ("pools", name, "networks", i), reason)
        exact, longest = _EXACT.get(name), _LONGEST.get(name, 128)
        if exact is not None and pool.prefix != exact:
            what = "machine has" if name.startswith("machines") else "loopback is"
            reason = f"pools.{name}: a {what} one address; write prefix: {exact}"
            yield on_province(marks, ("pools", name, "prefix"), reason)
        if pool.prefix > longest:
            reason = f"pools.{name}: a /{pool.prefix} is too small here; write prefix: {longest} or less"
            yield on_province(marks, ("pools", name, "prefix"), reason)


def as_numbers(province: Province, marks: Marks) -> Iterator[Remark]:
    """AS numbers are a range of one of the two private blocks of RFC 6996."""
    first, last = province.pools.as_numbers.first, province.pools.as_numbers.last
    path = ("pools", "as_numbers")
    if first > last:
        yield on_province(marks, path, f"pools.as_numbers: first {first} is more than last {last}; swap them")
    elif not (last <= 65534 or first >= 4200000000):
        reason = f"pools.as_numbers: {first}-{last} is not private; use 64512-65534 or 4200000000-4294967294 (RFC 6996)"
        yield on_province(marks, path, reason)


def server_name(province: Province, marks: Marks) -> Iterator[Remark]:
    """Hubs, name servers, the mail server and hypervisors have names of their own, and none like a gateway's."""
    names: list[tuple[KeyPath, str]] = [(("hubs", i, "name"), hub.name) for i, hub in enumerate(province.hubs)]
    names += [(("name_servers", i, "name"), server.name) for i, server in enumerate(province.name_servers)]
    names += [(("mail", "server", "name"), province.mail.server.name)] if province.mail.server else []
    names += [(("hypervisors", i, "name"), one.name) for i, one in enumerate(province.hypervisors)]
    for name, later, first in repeats((i, name) for i, (_, name) in enumerate(names)):
        other = f"line {marks.province(*names[first][0])[1]}"
        yield on_province(marks, names[later][0], f'the server name "{name}" is also in {other}; rename one')
    for path, name in names:
        if name.startswith("gw-"):
            yield on_province(marks, path, f'"{name}" looks like a unit\'s gateway; use a name without gw-')


def one_primary(province: Province, marks: Marks) -> Iterator[Remark]:
    """One name server takes the changes."""
    primaries = [server.name for server in province.name_servers if server.kind == "primary"]
    if len(primaries) != 1:
        found = " and ".join(primaries) or "none"
        reason = f"name_servers: exactly one must be kind: primary, found {found}; make the others secondary"
        yield on_province(marks, ("name_servers",), reason)


def segment_name(province: Province, marks: Marks) -> Iterator[Remark]:
    """Segments are zones too, so they cannot have the name of one that is always there."""
    for name in province.defaults.segments:
        if name in ZONES:
            reason = f'segment "{name}" has the name of a zone that is always there; rename the segment'
            yield on_province(marks, ("defaults", "segments", name), reason)


def segment_unknown(province: Province, marks: Marks) -> Iterator[Remark]:
    """Policy and ports name zones and segments that exist."""
    segments = tuple(province.defaults.segments)
    known = {*segments, *ZONES, "*"}
    for i, rule in enumerate(province.defaults.policy):
        for key, zones in (("from", rule.source), ("to", rule.target)):
            for j, zone in enumerate(zones):
                if zone not in known:
                    reason = f'policy: there is no zone "{zone}"{did_you_mean(zone, known)}'
                    yield on_province(marks, ("defaults", "policy", i, key, j), reason)
    for name in province.defaults.ports.segments:
        if name not in segments:
            reason = f'ports: there is no segment "{name}"{did_you_mean(name, segments)}'
            yield on_province(marks, ("defaults", "ports", "segments", name), reason)


def service_port(province: Province, marks: Marks) -> Iterator[Remark]:
    """Ports are 1 to 65535."""
    for i, rule in enumerate(province.defaults.policy):
        for j, service in enumerate(rule.services):
            protocol, _, port = service.partition("/")
            if port and not 1 <= int(port) <= 65535:
                reason = f"policy: {protocol} has no port {port}; ports are 1 to 65535"
                yield on_province(marks, ("defaults", "policy", i, "services", j), reason)


def vlan_unique(province: Province, marks: Marks) -> Iterator[Remark]:
    """A VLAN carries one segment."""
    names = list(province.defaults.segments)
    vlans = ((i, str(province.defaults.segments[name].vlan)) for i, name in enumerate(names))
    for vlan, later, first in repeats(vlans):
        reason = f'segment "{names[later]}": vlan {vlan} is that of "{names[first]}"; choose another'
        yield on_province(marks, ("defaults", "segments", names[later], "vlan"), reason)


def dates_order(province: Province, marks: Marks) -> Iterator[Remark]:
    """A wave's dates follow the stages' order."""
    for wave, dates in province.defaults.calendar.items():
        for stage, reason in out_of_order(dates):
            yield on_province(marks, ("defaults", "calendar", wave, stage), f'wave "{wave}": {reason}')


def address(province: Province, marks: Marks) -> Iterator[Remark]:
    """Time servers and forwarders are addresses: a name could not be looked up before they work."""
    lists: tuple[tuple[KeyPath, tuple[str, ...]], ...] = (
        (("defaults", "time_servers"), province.defaults.time_servers),
        (("defaults", "dns", "forwarders"), province.defaults.dns.forwarders),
    )
    for path, values in lists:
        for i, value in enumerate(values):
            if not _is_address(value):
                reason = f'{path[-1]}: "{value}" is not an IP address; write one such as 192.0.2.53'
                yield on_province(marks, (*path, i), reason)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def port_name(province: Province, marks: Marks) -> Iterator[Remark]:
    """Interfaces can exist under their names, and each has one purpose."""
    ports: Ports = province.defaults.ports
    for path, reason in port_problems(ports):
        yield on_province(marks, ("defaults", "ports", *path), f"ports: {reason}")


def legacy_domain(province: Province, marks: Marks) -> Iterator[Remark]:
    """Predecessors' domains are others than the province's own, each once."""
    for i, domain in enumerate(province.legacy_domains):
        if domain == province.domain:
            reason = f"legacy_domains: {domain} is the province's own domain; remove it here"
            yield on_province(marks, ("legacy_domains", i), reason)
    for domain, later, _ in repeats(enumerate(province.legacy_domains)):
        yield on_province(marks, ("legacy_domains", later), f"legacy_domains: {domain} is there twice; remove one")


def hostmaster(province: Province, marks: Marks) -> Iterator[Remark]:
    """The SOA's mail address is one (RFC 1035, 3.3.13)."""
    if province.hostmaster and not re.fullmatch(r"[^@\s]+@[a-z0-9-]+(\.[a-z0-9-]+)+", province.hostmaster):
        reason = f'hostmaster: "{province.hostmaster}" is not a mail address; write name@{province.domain}'
        yield on_province(marks, ("hostmaster",), reason)


def account(province: Province, marks: Marks) -> Iterator[Remark]:
    """The account on hosts has a name that can be one (useradd(8))."""
    if not re.fullmatch(r"[a-z_][a-z0-9_-]{0,31}", province.ssh.user):
        reason = f'ssh.user: "{province.ssh.user}" is no account name; use a-z, 0-9, _ and -'
        yield on_province(marks, ("ssh", "user"), reason)


def dkim_selector(province: Province, marks: Marks) -> Iterator[Remark]:
    """What signs is published, and each selector is there once."""
    dkim = province.mail.dkim
    if dkim.sign_with not in dkim.publish:
        reason = f"mail.dkim: {dkim.sign_with} is to sign, but is not in publish; receivers could not check it; add it"
        yield on_province(marks, ("mail", "dkim", "sign_with"), reason)
    for selector, later, _ in repeats(enumerate(dkim.publish)):
        reason = f"mail.dkim: {selector} is there twice; remove one"
        yield on_province(marks, ("mail", "dkim", "publish", later), reason)


def former_domain(province: Province, marks: Marks) -> Iterator[Remark]:
    """Domains that receive for a time are legacy domains, or names below one or below the province's own."""
    above = (province.domain, *province.legacy_domains)
    for domain in province.mail.domains_until:
        if domain == province.domain or not any(f".{domain}".endswith(f".{one}") for one in above):
            reason = f"mail.domains_until: {domain} is no former domain{did_you_mean(domain, province.legacy_domains)}"
            yield on_province(marks, ("mail", "domains_until", domain), reason)


PROVINCE_RULES = (
    pools_overlap,
    pool_bounds,
    as_numbers,
    server_name,
    one_primary,
    segment_name,
    segment_unknown,
    service_port,
    vlan_unique,
    dates_order,
    address,
    port_name,
    legacy_domain,
    hostmaster,
    account,
    dkim_selector,
    former_domain,
)
