"""The VPN: WireGuard from every member (gateways, name servers) to every hub; BGP with BFD over each tunnel.

A member may announce only its own block and loopback; a hub accepts nothing else from it, by prefix list and by
WireGuard's allowed addresses. Hubs share nothing: each knows all members by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from netaddr import IPNetwork

from haicap.addressing.model import Locks, Member
from haicap.design.machines import Guest
from haicap.inventory.model import Hub, Province


@dataclass(frozen=True)
class Peer:
    """A WireGuard peer. `endpoint` is None where the other side calls."""

    name: str
    public_key: str
    allowed: tuple[str, ...]
    endpoint: str | None = None


@dataclass(frozen=True)
class Interface:
    """A WireGuard interface; addresses have their network's prefix length, `port` is None where it only calls."""

    name: str
    addresses: tuple[str, str]
    port: int | None
    mtu: int
    peers: tuple[Peer, ...]


@dataclass(frozen=True)
class Neighbor:
    """A BGP neighbour: its tunnel address, and the prefixes accepted from it (empty: what the pools allow).

    Neighbours of one `policy` share preference and own address: FRR takes a tenth of a second for each route map.
    """

    name: str
    policy: str
    address: str
    asn: int
    preference: int
    accept: tuple[str, ...]
    accept6: tuple[str, ...]
    own_address6: str  # next hop that we announce to it for IPv6


@dataclass(frozen=True)
class Allowed:
    """A prefix list's entry: prefixes inside `network` of exactly `length`."""

    network: str
    length: int


@dataclass(frozen=True)
class VpnDesign:
    """A host's part of the VPN."""

    asn: int
    loopback: str
    loopback6: str
    interfaces: tuple[Interface, ...]
    neighbors: tuple[Neighbor, ...]
    announce: tuple[str, ...]
    announce6: tuple[str, ...]
    discard: tuple[str, ...]  # our block: what no segment holds is dropped here, not sent to the default route
    discard6: tuple[str, ...]
    pools: tuple[Allowed, ...]
    pools6: tuple[Allowed, ...]
    internal: tuple[str, ...]  # networks that are only ever reached over the VPN
    internal6: tuple[str, ...]
    bfd_interval_ms: int
    bfd_multiplier: int


def own_prefixes(member: Member, guests: Sequence[Guest] = ()) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a member announces: its block and loopback, and a hypervisor's guests, IPv4 and IPv6."""
    v4 = (
        *([member.block] if member.block else []),
        f"{member.loopback}/32",
        *(f"{guest.address}/32" for guest in guests),
    )
    v6 = (
        *([member.block6] if member.block6 else []),
        f"{member.loopback6}/128",
        *(f"{guest.address6}/128" for guest in guests),
    )
    return v4, v6


def design_member(province: Province, locks: Locks, member: Member, guests: Sequence[Guest] = ()) -> VpnDesign:
    """The VPN of all but hubs: a tunnel to each hub that is enrolled, the first hub preferred."""
    interfaces: list[Interface] = []
    neighbors: list[Neighbor] = []
    for order, hub in enumerate(province.hubs):
        keys, tunnel = locks.keys.get(hub.name), member.tunnels[hub.name]
        if keys is None:
            continue
        endpoint = f"{_address(locks.members[hub.name].uplink)}:{hub.port}"
        peer = Peer(hub.name, keys.wireguard, ("0.0.0.0/0", "::/0"), endpoint)
        interfaces.append(Interface(f"wg-{hub.name}", (tunnel.v4, tunnel.v6), None, province.defaults.vpn.mtu, (peer,)))
        neighbors.append(
            Neighbor(
                hub.name,
                hub.name,
                str(IPNetwork(str(hub.tunnels))[1]),
                locks.members[hub.name].asn,
                200 - 10 * order,
                (),
                (),
                _address(tunnel.v6),
            )
        )
    return _design(province, member, tuple(interfaces), tuple(neighbors), guests)


def design_hub(
    province: Province, locks: Locks, hub: Hub, peers: Mapping[str, Member], guests: Mapping[str, Sequence[Guest]]
) -> VpnDesign:
    """The VPN of a hub: one interface, a peer and a BGP neighbour for each enrolled member, by host name; `guests` are
    the machines of each hypervisor among them."""
    network, network6 = IPNetwork(str(hub.tunnels)), IPNetwork(str(hub.tunnels6))
    own6 = str(network6[1])
    enrolled = [(name, member) for name, member in sorted(peers.items()) if name in locks.keys]
    interface = Interface(
        "wg0",
        (f"{network[1]}/{network.prefixlen}", f"{own6}/{network6.prefixlen}"),
        hub.port,
        province.defaults.vpn.mtu,
        tuple(
            Peer(name, locks.keys[name].wireguard, _reachable(member, hub, guests.get(name, ())))
            for name, member in enrolled
        ),
    )
    neighbors = tuple(
        Neighbor(
            name,
            "members",
            _address(member.tunnels[hub.name].v4),
            member.asn,
            100,
            *own_prefixes(member, guests.get(name, ())),
            own6,
        )
        for name, member in enrolled
    )
    return _design(province, locks.members[hub.name], (interface,), neighbors)


def _reachable(member: Member, hub: Hub, guests: Sequence[Guest]) -> tuple[str, ...]:
    """The addresses that a hub takes from, and sends to, one member."""
    tunnel = member.tunnels[hub.name]
    v4, v6 = own_prefixes(member, guests)
    return (f"{_address(tunnel.v4)}/32", *v4, f"{_address(tunnel.v6)}/128", *v6)


def _design(
    province: Province,
    member: Member,
    interfaces: tuple[Interface, ...],
    neighbors: tuple[Neighbor, ...],
    guests: Sequence[Guest] = (),
) -> VpnDesign:
    pools, vpn = province.pools, province.defaults.vpn
    shared = [pool for pool in (pools.units, pools.loopbacks, pools.machines) if pool]
    shared6 = [pool for pool in (pools.units6, pools.loopbacks6, pools.machines6) if pool]
    v4, v6 = own_prefixes(member, guests)
    tunnels = [str(hub.tunnels) for hub in province.hubs]
    tunnels6 = [str(hub.tunnels6) for hub in province.hubs]
    return VpnDesign(
        asn=member.asn,
        loopback=member.loopback,
        loopback6=member.loopback6,
        interfaces=interfaces,
        neighbors=neighbors,
        announce=v4,
        announce6=v6,
        discard=tuple([member.block] if member.block else []),
        discard6=tuple([member.block6] if member.block6 else []),
        pools=tuple(Allowed(str(n), p.prefix) for p in shared for n in p.networks),
        pools6=tuple(Allowed(str(n), p.prefix) for p in shared6 for n in p.networks),
        internal=(*(str(n) for p in shared for n in p.networks), *tunnels),
        internal6=(*(str(n) for p in shared6 for n in p.networks), *tunnels6),
        bfd_interval_ms=vpn.bfd_interval_ms,
        bfd_multiplier=vpn.bfd_multiplier,
    )


def _address(interface: str) -> str:
    return interface.partition("/")[0]
