"""Rules that need the province and its units: sizes, waves, agency codes, names from before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network

from haicap.inventory.marks import Marks
from haicap.inventory.model import Inventory, Pool4, Pool6, Province, Unit
from haicap.inventory.naming import dns_label
from haicap.inventory.rules.base import Remark, did_you_mean, on_province, on_unit, title
from haicap.inventory.rules.ports import port_problems
from haicap.inventory.sizing import hosts_needed, largest_first

_SENSIBLE_YEARS = 20


def pool_size(inventory: Inventory, marks: Marks) -> Iterator[Remark]:
    """Every pool has a block for each that takes one: units, machines, and for the rest units and servers."""
    pools, province = inventory.province.pools, inventory.province
    members = len(inventory.units) + len(province.servers)
    machines = sum(platform.machines.count for platform in inventory.platforms)
    needs = {"units": len(inventory.units), "units6": len(inventory.units), "machines": machines, "machines6": machines}
    for name in ("units", "units6", "loopbacks", "loopbacks6", "uplinks", "machines", "machines6"):
        pool: Pool4 | Pool6 | None = getattr(pools, name)
        gateway = int(name.startswith("machines"))
        need = needs.get(name, members)
        room = sum(max(0, _room(network, pool.prefix) - gateway) for network in pool.networks) if pool else need
        if pool and room < need:
            reason = f"pools.{name}: room for {room} blocks of /{pool.prefix}, {need} are needed; add a network"
            yield on_province(marks, ("pools", name), reason)
    numbers = pools.as_numbers.last - pools.as_numbers.first + 1
    if 0 < numbers < members:
        reason = f"pools.as_numbers: {numbers} numbers, {members} are needed; raise last"
        yield on_province(marks, ("pools", "as_numbers"), reason)


def _room(network: IPv4Network | IPv6Network, prefix: int) -> int:
    """How many blocks a network gives; of single addresses not the first, and in IPv4 not the last."""
    if network.prefixlen > prefix:
        return 0
    blocks = 2 ** (prefix - network.prefixlen)
    single = prefix == network.max_prefixlen and blocks > 2
    return int(blocks - (6 - network.version) // 2 - 1 if single else blocks)


def tunnels_size(inventory: Inventory, marks: Marks) -> Iterator[Remark]:
    """Each hub's tunnel networks have an address for the hub, every unit's gateway and every server but hubs."""
    servers = sum(role != "hub" for role in inventory.province.servers.values())
    members = len(inventory.units) + servers + 1
    for i, hub in enumerate(inventory.province.hubs):
        networks: tuple[tuple[str, IPv4Network | IPv6Network], ...] = (
            ("tunnels", hub.tunnels),
            ("tunnels6", hub.tunnels6),
        )
        for key, network in networks:
            room = network.num_addresses - 2
            if room < members:
                reason = (
                    f"{hub.name}: {key} {network} has {max(room, 0)} addresses, {members} members need one; widen it"
                )
                yield on_province(marks, ("hubs", i, key), reason)


def segment_fit(inventory: Inventory, marks: Marks) -> Iterator[Remark]:
    """A unit's segments, each rounded up to a power of two, fit its block."""
    prefix = inventory.province.pools.units.prefix
    for i, unit in enumerate(inventory.units):
        left = 2 ** (32 - prefix)
        for name, hosts, needed in largest_first(unit, inventory.province.defaults.segments):
            size = 2 ** (32 - needed)
            if size > left:
                reason = (
                    f'segment "{name}": {hosts} hosts need a /{needed}, the unit\'s block (/{prefix}) has {left} '
                    f"addresses left; lower the segment's hosts or pools.units.prefix"
                )
                yield on_unit(marks, i, unit, _size_path(unit, name), reason)
                break
            left -= size


def _size_path(unit: Unit, segment: str) -> tuple[str | int, ...]:
    """Where a segment's size comes from in units.yml: its override, or the number of staff."""
    return ("overrides", "segments", segment) if segment in unit.overrides.segments else ("staff",)


def segments6_fit(inventory: Inventory, marks: Marks) -> Iterator[Remark]:
    """A unit's IPv6 block has a /64 for each segment."""
    prefix, segments = inventory.province.pools.units6.prefix, len(inventory.province.defaults.segments)
    if prefix <= 64 and 2 ** (64 - prefix) < segments:
        reason = f"pools.units6: a /{prefix} has room for {2 ** (64 - prefix)} segments, there are {segments}"
        yield on_province(marks, ("pools", "units6", "prefix"), f"{reason}; use a shorter prefix")


def segment_unknown(inventory: Inventory, marks: Marks) -> Iterator[Remark]:
    """Units' hosts, sizes and ports name segments that exist."""
    known = inventory.province.defaults.segments
    for i, unit in enumerate(inventory.units):
        for path, name in _segments_named(unit):
            if name not in known:
                yield on_unit(marks, i, unit, path, f'there is no segment "{name}"{did_you_mean(name, known)}')


def _segments_named(unit: Unit) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for j, host in enumerate(unit.hosts):
        yield ("hosts", j, "segment"), host.segment
    for name in unit.overrides.segments:
        yield ("overrides", "segments", name), name
    for name in unit.overrides.ports.segments if unit.overrides.ports else ():
        yield ("overrides", "ports", "segments", name), name


def host_room(inventory: Inventory, marks: Marks) -> Iterator[Remark]:
    """A segment is large enough for the hosts that are named on it."""
    segments = inventory.province.defaults.segments
    for i, unit in enumerate(inventory.units):
        for name, count in Counter(host.segment for host in unit.hosts).items():
            if name in segments and count > (room := hosts_needed(unit, name, segments[name])):
                way_out = f"raise overrides.segments.{name}.hosts"
                reason = f'segment "{name}": {count} hosts are named, it is sized for {room}; {way_out}'
                yield on_unit(marks, i, unit, ("hosts",), reason)


def port_name(inventory: Inventory, marks: Marks) -> Iterator[Remark]:
    """A unit's own interfaces can exist under their names."""
    for i, unit in enumerate(inventory.units):
        for path, reason in port_problems(unit.overrides.ports) if unit.overrides.ports else ():
            yield on_unit(marks, i, unit, ("overrides", "ports", *path), f"overrides.ports: {reason}")


def wave_unknown(inventory: Inventory, marks: Marks) -> Iterator[Remark]:
    """A unit's wave has dates."""
    known = inventory.province.defaults.calendar
    for i, unit in enumerate(inventory.units):
        if unit.wave not in known:
            reason = f'wave "{unit.wave}" has no dates in defaults.calendar{did_you_mean(unit.wave, known)}'
            yield on_unit(marks, i, unit, ("wave",), reason)


def valid_from(inventory: Inventory, marks: Marks) -> Iterator[Remark]:
    """A unit that was made of others is valid from the merger or later, and not from another age."""
    merger = inventory.province.merger_date
    for i, unit in enumerate(inventory.units):
        if unit.predecessors and unit.valid_from < merger:
            reason = f"valid_from {unit.valid_from} is before the merger on {merger}, but the unit has predecessors"
            yield on_unit(marks, i, unit, ("valid_from",), f"{reason}; correct the date")
        elif unit.valid_from.year > merger.year + _SENSIBLE_YEARS:
            reason = f"valid_from {unit.valid_from} is more than {_SENSIBLE_YEARS} years after the merger on {merger}"
            yield on_unit(marks, i, unit, ("valid_from",), f"{reason}; correct the date")


def agency_code_prefix(inventory: Inventory, marks: Marks) -> Iterator[Remark]:
    """A unit's agency code is its province's and more groups (Decision 20/2020: a group is a direct subordinate)."""
    parent = inventory.province.agency_code
    for i, unit in enumerate(inventory.units):
        if not unit.agency_code.startswith(f"{parent}."):
            reason = f"agency code {unit.agency_code} is not under the province's {parent}; write {parent}.<group>"
            yield on_unit(marks, i, unit, ("agency_code",), reason)


def server_label(inventory: Inventory, marks: Marks) -> Iterator[Remark]:
    """Units and hosts are names in one domain, so a chosen label is no server's and no machine's name."""
    machines = dict.fromkeys((name for one in inventory.platforms for name in one.machine_names), "machine")
    hosts = machines | dict.fromkeys(inventory.province.servers, "server")
    for i, unit in enumerate(inventory.units):
        if (label := unit.overrides.label) in hosts:
            reason = f'label "{label}" is a {hosts[str(label)]}\'s name; choose another in overrides.label'
            yield on_unit(marks, i, unit, ("overrides", "label"), reason)


def legacy_name(inventory: Inventory, marks: Marks) -> Iterator[Remark]:
    """A predecessor's old name lies in the province's domains, in no other unit's zone, and stands once."""
    province = inventory.province
    own = {f"{_label(unit)}.{province.domain}": unit for unit in inventory.units}
    seen: dict[str, Unit] = {}
    for i, unit in enumerate(inventory.units):
        for j, predecessor in enumerate(unit.predecessors):
            for k, name in enumerate(predecessor.names):
                if reason := _legacy_problem(name, unit, province, own, seen):
                    yield on_unit(
                        marks, i, unit, ("predecessors", j, "names", k), f"predecessor {predecessor.code}: {reason}"
                    )
                seen.setdefault(name, unit)


def _legacy_problem(
    name: str, unit: Unit, province: Province, own: dict[str, Unit], seen: dict[str, Unit]
) -> str | None:
    domains = (province.domain, *province.legacy_domains)
    if not any(name.endswith(f".{domain}") for domain in domains):
        return f"{name} is not inside {' or '.join(domains)}; add its domain to legacy_domains or remove the name"
    if name in own:
        return f"{name} is the name of {title(own[name])} now; remove it here"
    labels = name.split(".")
    for start in range(1, len(labels)):
        if (owner := own.get(".".join(labels[start:]), unit)) is not unit:
            return f"{name} lies in the zone of {title(owner)}, whose servers would not know it; remove it here"
    if name in seen:
        return f"{name} is kept for {title(seen[name])} already; a name has one successor"
    return None


def _label(unit: Unit) -> str:
    return unit.overrides.label or dns_label(unit.name)


INVENTORY_RULES = (
    pool_size,
    tunnels_size,
    segment_fit,
    segments6_fit,
    segment_unknown,
    host_room,
    port_name,
    wave_unknown,
    valid_from,
    agency_code_prefix,
    server_label,
    legacy_name,
)
