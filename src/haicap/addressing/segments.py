"""The segments of one unit inside its block: placing, growing, moving, and reserved host addresses.

A new segment is placed as the lower half of a network twice its size where the block has room, so that it can double
without moving its gateway, which is the first address. Segments that follow the staff get that room first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from haicap.addressing.draft import Draft, Entry, unit_subject
from haicap.addressing.model import Member, Segment
from haicap.addressing.networks import Span, address, free_space, network, pack, span
from haicap.inventory import model as inventory
from haicap.inventory.sizing import hosts_needed, prefix_for

Wanted = Mapping[str, inventory.Segment]


@dataclass(frozen=True)
class _Case:
    """One unit to plan: what it wants, what is locked, and the IPv4 prefix length that each segment needs."""

    unit: inventory.Unit
    wanted: Wanted
    member: Member
    needs: Mapping[str, int]
    draft: Draft

    @property
    def block(self) -> str:
        return self.member.block or ""

    def note(self, entries: list[Entry], detail: str) -> None:
        """Tell of a change, unless the whole unit is new."""
        if unit_subject(self.unit) not in self.draft.fresh:
            entries.append((unit_subject(self.unit), detail))

    def find(self, reason: str, rule: str) -> None:
        self.draft.find(unit_subject(self.unit), reason, rule)


def plan_segments(unit: inventory.Unit, wanted: Wanted, member: Member, moves: Collection[str], draft: Draft) -> Member:
    """The unit's member with a place for every wanted segment. Places that are locked stay, unless they must grow.

    `moves` names the segments that may get a new place if theirs cannot grow. What cannot be done is a finding, and
    keeps what is locked. A segment that is no longer wanted is dropped, and its place is free at once.
    """
    if member.block is None or member.block6 is None:
        return member
    needs = {name: prefix_for(hosts_needed(unit, name, segment)) for name, segment in wanted.items()}
    case = _Case(unit, wanted, member, needs, draft)
    nets = {name: segment.v4 for name, segment in member.segments.items() if name in wanted}
    for name in member.segments.keys() - wanted.keys():
        case.note(draft.removed, f'segment "{name}" {member.segments[name].v4}, {member.segments[name].v6}')
    _grow(case, nets, moves)
    _place_new(case, nets)
    sixes = _place_v6(case, nets)
    segments = {}
    for name in sorted(nets.keys() & sixes.keys()):
        segments[name] = Segment(nets[name], sixes[name], _reserve_hosts(case, name, nets[name]))
    return replace(member, segments=segments)


def _grow(case: _Case, nets: dict[str, str], moves: Collection[str]) -> None:
    """Widen outgrown networks where they are, else move those that may move. A network never shrinks."""
    for name in sorted(nets):
        old, prefix = span(nets[name]), case.needs[name]
        if prefix >= old.prefix:
            continue
        others = {other: span(text) for other, text in nets.items() if other != name}
        obstacle = _obstacle(span(case.block), old, prefix, others)
        if obstacle is None:
            case.note(case.draft.grown, f'segment "{name}" {nets[name]} -> /{prefix}, in place')
            nets[name] = network(4, old.first, prefix)
        elif name in moves:
            _move(case, name, nets)
        else:
            case.find(_outgrown(case, name, obstacle), "segment-outgrown")


def _obstacle(block: Span, old: Span, prefix: int, others: Mapping[str, Span]) -> str | None:
    """What keeps a network from growing at its first address, in words; None if nothing does."""
    size = 1 << (32 - prefix)
    grown = Span(4, old.first, old.first + size - 1, old.first, prefix)
    if old.first % size:
        return f"a /{prefix} cannot start at its first address"
    if not block.holds(grown):
        return "the unit's block ends there"
    for name, other in sorted(others.items()):
        if grown.meets(other):
            return f'segment "{name}" is in its way'
    return None


def _outgrown(case: _Case, name: str, obstacle: str) -> str:
    """What moving a segment would touch, and how to ask for it."""
    unit, segment = case.unit, case.member.segments[name]
    net = span(segment.v4)
    top = min([span(text).value for text in segment.hosts.values()], default=net.last) - 1
    leases = f"{address(4, net.first + 2)}-{address(4, top)} ({max(0, top - net.first - 1)} addresses)"
    named = ", ".join(f"{host} {text}" for host, text in sorted(segment.hosts.items())) or "none"
    return (
        f'segment "{name}": {hosts_needed(unit, name, case.wanted[name])} hosts need a /{case.needs[name]}, and '
        f"{segment.v4} cannot grow in place: {obstacle}. "
        f"Moving it changes its gateway {address(4, net.first + 1)}, its leases {leases} and its reserved hosts "
        f"({named}); to move it, run `haicap lock --move {unit.code}/{name}`"
    )


def _move(case: _Case, name: str, nets: dict[str, str]) -> None:
    others = [text for other, text in nets.items() if other != name]
    wanted = {name: case.needs[name]}
    places = _place(case.block, others, wanted, [name])
    if places is None:
        _find_full(case, wanted)
        return
    case.note(case.draft.moved, f'segment "{name}" {nets[name]} -> {places[name]}')
    nets[name] = places[name]


def _place_new(case: _Case, nets: dict[str, str]) -> None:
    fresh = {name: case.needs[name] for name in case.wanted if name not in nets}
    if not fresh:
        return
    by_growth = sorted(fresh, key=lambda name: (case.wanted[name].hosts_per_staff == 0, fresh[name], name))
    places = _place(case.block, list(nets.values()), fresh, by_growth)
    if places is None:
        _find_full(case, fresh)
        return
    for name, text in places.items():
        case.note(case.draft.added, f'segment "{name}" {text}')
    nets.update(places)


def _find_full(case: _Case, wanted: Mapping[str, int]) -> None:
    names = ", ".join(f'"{name}" a /{prefix}' for name, prefix in sorted(wanted.items()))
    code = case.unit.code
    reason = (
        f"no room in the unit's block {case.block} for {names}; ask for fewer hosts in the unit's overrides.segments "
        f"({code}), or take unit {code} out and in again with a shorter pools.units.prefix"
    )
    case.find(reason, "block-full")


def _place(block: str, taken: list[str], wanted: Mapping[str, int], by_growth: list[str]) -> dict[str, str] | None:
    """Networks for all wanted prefix lengths, with room to double for as many as possible, in that order.

    The room that earlier segments were left is used only when there is no other.
    """
    for avoid in ([*taken, *_rooms(block, taken)], taken):
        free = free_space(block, avoid)
        if pack(free, wanted) is not None:
            places = _pack_roomy(free, wanted, by_growth)
            return {name: network(4, places[name], wanted[name]) for name in sorted(places)}
    return None


def _rooms(block: str, taken: list[str]) -> list[str]:
    """The doubled networks that keep their first address, of those that are a lower half."""
    outer = span(block)
    nets = [span(text) for text in taken]
    lower = [net for net in nets if net.prefix > outer.prefix and net.first % (2 << (32 - net.prefix)) == 0]
    return [network(4, net.first, net.prefix - 1) for net in lower]


def _pack_roomy(free: list[tuple[int, int]], wanted: Mapping[str, int], by_growth: list[str]) -> dict[str, int]:
    everything = pack(free, {name: prefix - 1 for name, prefix in wanted.items()})
    if everything is not None:
        return everything
    sizes = dict(wanted)
    for name in by_growth:
        roomier = {**sizes, name: sizes[name] - 1}
        if pack(free, roomier) is not None:
            sizes = roomier
    return pack(free, sizes) or {}


def _place_v6(case: _Case, nets: Mapping[str, str]) -> dict[str, str]:
    """A /64 each: the nth of the unit's block, n being the VLAN's number if it fits, else the lowest that is free."""
    block = span(case.member.block6 or "")
    room = 1 << (64 - block.prefix) if block.prefix <= 64 else 0
    places = {name: segment.v6 for name, segment in case.member.segments.items() if name in nets}
    used = {(span(text).first - block.first) >> 64 for text in places.values()}
    fresh = [(case.wanted[name].vlan, name) for name in nets if name not in places]
    for vlan, name in sorted(fresh, key=lambda item: (item[0] >= room, item)):
        number = vlan if vlan < room and vlan not in used else next((n for n in range(room) if n not in used), None)
        if number is None:
            case.find(f'segment "{name}": no /64 is left in {case.member.block6}', "block-full")
            continue
        used.add(number)
        places[name] = network(6, block.first + (number << 64), 64)
    return places


def _reserve_hosts(case: _Case, name: str, net: str) -> Mapping[str, str]:
    """Reserved addresses by host name: the last usable address first, downwards. Locked ones stay."""
    outer = span(net)
    locked = case.member.segments[name].hosts if name in case.member.segments else {}
    names = sorted(host.name for host in case.unit.hosts if host.segment == name)
    kept = {host: locked[host] for host in names if host in locked and outer.holds(span(locked[host]))}
    for host in sorted(locked.keys() - set(names)):
        case.note(case.draft.removed, f'host "{host}" {locked[host]} on segment "{name}"')
    used = {span(text).value for text in kept.values()}
    free = (value for value in range(outer.last - 1, outer.first + 1, -1) if value not in used)
    for host in names:
        if host in kept:
            continue
        value = next(free, None)
        if value is None:
            case.find(f'segment "{name}": {net} has no address left for host "{host}"', "segment-full")
            continue
        kept[host] = address(4, value)
        case.note(case.draft.added, f'host "{host}" {kept[host]} on segment "{name}"')
    return dict(sorted(kept.items()))
