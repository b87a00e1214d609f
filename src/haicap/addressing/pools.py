"""The pools of a province: each hands out its lowest free value, and says when it runs out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from haicap.addressing.draft import Draft
from haicap.addressing.model import Member, Placed
from haicap.addressing.networks import WIDTH, AddressSet, Span, free_subnets, host, span, taken_set
from haicap.inventory.model import Hub, Pool4, Pool6, Province


@dataclass
class Pool:
    """Free values in the order they are handed out. `place` is where people widen it, in words."""

    name: str
    place: str
    free: Iterator[Span]
    asked: int = 0
    given: int = 0

    def draw(self) -> Span | None:
        """The next free value; None when there is none left. Every call counts as asked."""
        self.asked += 1
        value = next(self.free, None)
        self.given += value is not None
        return value


Pools = Mapping[str, Pool]


def open_pools(province: Province, members: Iterable[Member]) -> Pools:
    """The province's pools by name, without what any member has: no value is handed out twice, even across pools.

    Names: units, units6, loopbacks, loopbacks6, uplinks, as_numbers, and for each hub `tunnels/hub1`, `tunnels6/hub1`.
    """
    members = list(members)
    taken = taken_set(item for member in members for item in spans_of(member).values())
    pools = [
        _open(name, getattr(province.pools, name), taken)
        for name in ("units", "units6", "loopbacks", "loopbacks6", "uplinks")
    ]
    numbers = {member.asn for member in members}
    chosen = range(province.pools.as_numbers.first, province.pools.as_numbers.last + 1)
    free_numbers = (Span(0, number, number, number, 0) for number in chosen if number not in numbers)
    pools.append(Pool("as_numbers", "widen pools.as_numbers", free_numbers))
    for hub in province.hubs:
        pools.append(_open_tunnels(hub, "tunnels", taken))
        pools.append(_open_tunnels(hub, "tunnels6", taken))
    return {pool.name: pool for pool in pools}


def open_machine_pools(province: Province, members: Iterable[Member], machines: Iterable[Placed]) -> Pools:
    """The pools of machines, `machines` and `machines6`: without a network's first address, which is the gateway's."""
    taken = taken_set(item for member in members for item in spans_of(member).values())
    taken |= taken_set(span(text) for placed in machines for text in (placed.address, placed.address6))
    pools: dict[str, Pool4 | Pool6 | None] = {
        "machines": province.pools.machines,
        "machines6": province.pools.machines6,
    }
    found = {}
    for name, pool in pools.items():
        if pool is not None:
            gateways = taken_set(host(str(network[1])) for network in pool.networks if network.num_addresses > 1)
            found[name] = _open(name, pool, taken | gateways)
    return found


def _open(name: str, pool: Pool4 | Pool6, taken: AddressSet) -> Pool:
    networks = [str(network) for network in pool.networks]
    single = [text for text in networks if pool.prefix == WIDTH[span(text).version]]
    free = free_subnets(networks, pool.prefix, taken | taken_set(end for text in single for end in _ends(text)))
    return Pool(name, f"add a network to pools.{name}.networks", free)


def _open_tunnels(hub: Hub, name: str, taken: AddressSet) -> Pool:
    text = str(getattr(hub, name))
    width = WIDTH[span(text).version]
    free = free_subnets([text], width, taken | taken_set([*_ends(text), host(hub_address(hub, name))]))
    return Pool(f"{name}/{hub.name}", f"give hub {hub.name} wider {name}", free)


def usable(hub: Hub, name: str) -> list[Span]:
    """The addresses of a hub's `tunnels` or `tunnels6` that members can have: after its own, before IPv4's last."""
    net, own = span(str(getattr(hub, name))), host(hub_address(hub, name))
    last = net.last - 1 if net.version == 4 else net.last
    return [Span(net.version, own.first + 1, last, net.value, net.prefix)]


def _ends(text: str) -> list[Span]:
    """The addresses of a network that no host takes: its first, and in IPv4 its last. None in the smallest two."""
    net = span(text)
    width = WIDTH[net.version]
    if net.prefix >= width - 1:
        return []
    ends = [net.first, net.last] if net.version == 4 else [net.first]
    return [Span(net.version, value, value, value, width) for value in ends]


def hub_address(hub: Hub, name: str) -> str:
    """A hub's own end of its tunnels: the first host address of `tunnels` or `tunnels6`."""
    network = getattr(hub, name)
    return str(network.network_address + 1)


def spans_of(member: Member) -> dict[str, Span]:
    """What a member takes of the pools, by the value's name in the lock: networks whole, tunnel ends as one address."""
    spans = {
        "uplink": span(member.uplink),
        "loopback": span(member.loopback),
        "loopback6": span(member.loopback6),
    }
    if member.block and member.block6:
        spans |= {"block": span(member.block), "block6": span(member.block6)}
    for hub, tunnel in member.tunnels.items():
        spans |= {f"tunnels/{hub}/v4": host(tunnel.v4), f"tunnels/{hub}/v6": host(tunnel.v6)}
    return spans


def report_exhausted(pools: Pools, draft: Draft) -> None:
    """One finding for each pool that ran out."""
    for pool in pools.values():
        short = pool.asked - pool.given
        if short:
            reason = f"{pool.asked} asked, {pool.given} available, {short} short; {pool.place} in province.yml"
            draft.find(f'pool "{pool.name}"', reason, "pool-exhausted")
