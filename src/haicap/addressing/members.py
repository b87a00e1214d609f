"""Allocation of what every member of the VPN has: uplink, loopbacks, AS number, tunnels, and a unit's blocks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

from haicap.addressing.draft import Draft, unit_subject
from haicap.addressing.model import Member, Tunnel
from haicap.addressing.networks import Span, address, host, network, span
from haicap.addressing.pools import Pools, open_pools, report_exhausted, usable
from haicap.addressing.rest import settle
from haicap.inventory.model import Hub, Inventory, Pool4, Pool6, Province, ServerRole

_TITLES: Mapping[ServerRole, str] = {
    "hub": "hub",
    "dns": "name server",
    "mail": "mail server",
    "hypervisor": "hypervisor",
}


@dataclass(frozen=True)
class _Run:
    """What one planning run draws from, and where it notes."""

    province: Province
    units: Collection[str]
    pools: Pools
    draft: Draft


def subjects(inventory: Inventory) -> dict[str, str]:
    """Every member of the inventory, by identity, as it is named to people, in the order in which they are served.

    Hubs by name, then name servers by name, the mail server, hypervisors by name, then units by code and the day they
    are valid from.
    """
    servers = sorted(inventory.province.servers.items(), key=lambda server: (list(_TITLES).index(server[1]), server[0]))
    units = sorted(inventory.units, key=lambda unit: (unit.code, unit.valid_from))
    named = {name: f'{_TITLES[role]} "{name}"' for name, role in servers}
    return named | {unit.identity: unit_subject(unit) for unit in units}


def plan_members(inventory: Inventory, locked: Mapping[str, Member], today: date, draft: Draft) -> dict[str, Member]:
    """All members, by identity: what is locked stays, who left rests, and newcomers take the lowest free values.

    A newcomer for whom a pool has nothing left is not in the answer; the pool is a finding.
    """
    served = subjects(inventory)
    members = settle(locked, served.keys(), today, inventory.province.pools.rest_days)
    _note_left_and_back(served, locked, draft)
    members = {identity: _keep_tunnels(member, inventory, members) for identity, member in members.items()}
    pools = open_pools(inventory.province, members.values())
    run = _Run(inventory.province, {unit.identity for unit in inventory.units}, pools, draft)
    for identity, subject in served.items():
        member = _complete(run, identity, subject, members.get(identity))
        if member is not None:
            members[identity] = member
            _find_outside(subject, member, inventory.province, draft)
    report_exhausted(pools, draft)
    return members


def _note_left_and_back(served: Mapping[str, str], locked: Mapping[str, Member], draft: Draft) -> None:
    for identity, member in locked.items():
        if identity in served and member.removed is not None:
            draft.added.append((served[identity], f"back since it left on {member.removed}, with what it had"))
        if identity not in served and member.removed is None:
            draft.removed.append((identity, "its addresses rest"))


def _keep_tunnels(member: Member, inventory: Inventory, members: Mapping[str, Member]) -> Member:
    """Without the tunnels to hubs that are gone and have rested."""
    hubs = {hub.name for hub in inventory.province.hubs}
    kept = {hub: ends for hub, ends in member.tunnels.items() if hub in hubs or hub in members}
    return member if len(kept) == len(member.tunnels) else replace(member, tunnels=kept)


def _complete(run: _Run, identity: str, subject: str, locked: Member | None) -> Member | None:
    """A member with all that it needs; None if it is new and a pool ran out."""
    member = locked or _draw_member(run.pools, identity in run.units)
    hubs = {hub.name: hub for hub in sorted(run.province.hubs, key=lambda hub: hub.name)}
    wanted = {} if identity in hubs else hubs
    had = locked.tunnels if locked and wanted else {}
    tunnels = {**{hub: ends for hub, ends in had.items() if hub not in wanted}, **_tunnels(had, wanted, run.pools)}
    if member is None or (locked is None and len(tunnels) < len(wanted)):
        return None
    gained = ", ".join(sorted(tunnels.keys() - had.keys()))
    if locked is None:
        run.draft.fresh.add(subject)
        run.draft.added.append((subject, _describe(member)))
    elif gained:
        run.draft.added.append((subject, f"tunnels to {gained}"))
    return replace(member, tunnels=dict(sorted(tunnels.items())))


def _draw_member(pools: Pools, is_unit: bool) -> Member | None:
    """A new member's own values, without tunnels. Draws from every pool, so that each knows how many were asked."""
    uplink, loopback, loopback6, asn = (
        pools[name].draw() for name in ("uplinks", "loopbacks", "loopbacks6", "as_numbers")
    )
    block, block6 = (pools[name].draw() if is_unit else None for name in ("units", "units6"))
    if uplink is None or loopback is None or loopback6 is None or asn is None:
        return None
    if is_unit and (block is None or block6 is None):
        return None
    return Member(
        uplink=f"{address(4, uplink.first + (2 if uplink.prefix < 31 else 1))}/{uplink.prefix}",
        loopback=address(4, loopback.first),
        loopback6=address(6, loopback6.first),
        asn=asn.first,
        block=network(4, block.first, block.prefix) if block else None,
        block6=network(6, block6.first, block6.prefix) if block6 else None,
    )


def _tunnels(had: Mapping[str, Tunnel], hubs: Mapping[str, Hub], pools: Pools) -> dict[str, Tunnel]:
    """An end on each hub. Locked ends stay; their prefix length follows the hub's network."""
    tunnels: dict[str, Tunnel] = {}
    for name, hub in hubs.items():
        if name in had:
            tunnels[name] = Tunnel(
                _relength(had[name].v4, str(hub.tunnels)), _relength(had[name].v6, str(hub.tunnels6))
            )
            continue
        v4, v6 = pools[f"tunnels/{name}"].draw(), pools[f"tunnels6/{name}"].draw()
        if v4 is not None and v6 is not None:
            ends = f"{address(4, v4.first)}/{hub.tunnels.prefixlen}", f"{address(6, v6.first)}/{hub.tunnels6.prefixlen}"
            tunnels[name] = Tunnel(*ends)
    return tunnels


def _relength(interface: str, text: str) -> str:
    """The same address with the prefix length of the network that it is in; as it is, if it is outside."""
    net = span(text)
    return f"{interface.partition('/')[0]}/{net.prefix}" if net.holds(host(interface)) else interface


def _describe(member: Member) -> str:
    own = f"uplink {member.uplink}, loopback {member.loopback}, {member.loopback6}, AS {member.asn}"
    return f"block {member.block}, {member.block6}, {own}" if member.block else own


def _find_outside(subject: str, member: Member, province: Province, draft: Draft) -> None:
    """A finding for each locked value that its pool no longer holds. The value is kept: moving it breaks the unit."""
    for name, item, nets, place in _homes(member, province):
        if not any(net.holds(item) for net in nets):
            reason = (
                f"its {name} is locked outside {place}; put that network back, or take the member out of the inventory"
            )
            draft.find(subject, reason, "outside-pool")
    numbers = province.pools.as_numbers
    if not numbers.first <= member.asn <= numbers.last:
        draft.find(
            subject, f"its AS number {member.asn} is locked outside pools.as_numbers; widen that", "outside-pool"
        )


def _homes(member: Member, province: Province) -> Iterator[tuple[str, Span, list[Span], str]]:
    """Each value of a member: its name, its addresses, the networks it should be in, and where they are set."""
    pools = province.pools
    yield f"uplink {member.uplink}", span(member.uplink), _spans(pools.uplinks), "pools.uplinks"
    yield f"loopback {member.loopback}", span(member.loopback), _spans(pools.loopbacks), "pools.loopbacks"
    yield f"loopback {member.loopback6}", span(member.loopback6), _spans(pools.loopbacks6), "pools.loopbacks6"
    if member.block and member.block6:
        yield f"block {member.block}", span(member.block), _spans(pools.units), "pools.units"
        yield f"block {member.block6}", span(member.block6), _spans(pools.units6), "pools.units6"
    for hub in province.hubs:
        if hub.name in member.tunnels:
            ends = member.tunnels[hub.name]
            yield f"tunnel {ends.v4}", host(ends.v4), usable(hub, "tunnels"), f"hub {hub.name}'s tunnels"
            yield f"tunnel {ends.v6}", host(ends.v6), usable(hub, "tunnels6"), f"hub {hub.name}'s tunnels6"


@cache
def _spans(pool: Pool4 | Pool6) -> list[Span]:
    return [span(str(network)) for network in pool.networks]
