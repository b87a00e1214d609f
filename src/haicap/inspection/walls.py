"""Who may talk to whom, tried out: from each segment's client to every other segment, the gateway, the VPN.

A host that answers proves that a packet was let through: a closed port's reset as well as an open port. Silence is what
our firewall's drop looks like. IPv6 is tried between all segments; IPv4 between those that have DHCP, because only
there a client has an IPv4 address of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from haicap.design.lan import GATEWAY, VPN, Flow, LanDesign, SegmentDesign
from haicap.design.province import HostDesign
from haicap.inspection.check import Check, Dial, Output, Result, Target, UnreadableError, document, verdict
from haicap.inspection.lan import client_address, client_of

_THROUGH = ("open", "refused", "reply")
_HELD = ("silence",)
_TRIED = (("icmp", 0), ("tcp", 443), ("tcp", 9))  # 9 is discard: a port that only `any` lets through
_TRIED_GATEWAY = (("icmp", 0), ("tcp", 53), ("tcp", 22))


@dataclass(frozen=True)
class Way:
    """One thing to try. `alternatives`: it is open if any of them answers (the hubs: one may be down)."""

    source: str
    target: str
    protocol: str
    port: int
    addresses: tuple[str, ...]
    allowed: bool

    @property
    def label(self) -> str:
        """`guest to staff tcp/443 over IPv4`."""
        service = f"{self.protocol}/{self.port}" if self.port else self.protocol
        six = ":" in self.addresses[0]
        return f"{self.source} to {self.target} {service} over IPv{6 if six else 4}"


def is_allowed(flows: Collection[Flow], source: str, target: str, protocol: str, port: int) -> bool:
    """Whether a new connection is let through by the policy."""
    service = f"{protocol}/{port}" if port else protocol
    return any(flow.source == source and flow.target == target and flow.service in ("any", service) for flow in flows)


def isolation(host: HostDesign, lan: LanDesign, hubs: Sequence[HostDesign], partner: HostDesign | None) -> Check:
    """Each ordered pair of zones, as the flows say; and what another unit's users must not reach there."""
    ways = {segment: list(_ways(lan, segment, hubs, partner)) for segment in lan.segments}
    ordered = [way for several in ways.values() for way in several]
    commands = tuple(
        Dial(client_of(segment), tuple(Target(way.protocol, to, way.port) for way in several for to in way.addresses))
        for segment, several in ways.items()
    )
    let = sum(way.allowed for way in ordered)
    expected = f"of {len(ordered)} connections between segments {let} let through, {len(ordered) - let} dropped"
    read = partial(read_isolation, [tuple(several) for several in ways.values()])
    return Check(host.unit, host.name, "lan", "isolation", expected, commands, read, settles=True)


def _ways(
    lan: LanDesign, source: SegmentDesign, hubs: Sequence[HostDesign], partner: HostDesign | None
) -> Iterator[Way]:
    for target in lan.segments:
        if target.name != source.name:
            addresses = [client_address(target)]
            if source.dhcp and target.dhcp:
                addresses.append(f"@{client_of(target)}")
            yield from _tries(lan.flows, source.name, target.name, addresses, _TRIED)
    gateway = [source.gateway6, *([source.gateway] if source.dhcp else [])]
    yield from _tries(lan.flows, source.name, GATEWAY, gateway, _TRIED_GATEWAY)
    allowed = is_allowed(lan.flows, source.name, VPN, "icmp", 0)
    for several in ([hub.vpn.loopback6 for hub in hubs], [hub.vpn.loopback for hub in hubs] if source.dhcp else []):
        if several:
            yield Way(source.name, VPN, "icmp", 0, tuple(several), allowed)
    if partner is not None and partner.lan is not None and allowed:
        yield from _strangers(source, partner, partner.lan)


def _tries(
    flows: Collection[Flow], source: str, target: str, addresses: Iterable[str], tried: Iterable[tuple[str, int]]
) -> Iterator[Way]:
    for protocol, port in tried:
        allowed = is_allowed(flows, source, target, protocol, port)
        for address in addresses:
            yield Way(source, target, protocol, port, (address,), allowed)


def _strangers(source: SegmentDesign, partner: HostDesign, theirs: LanDesign) -> Iterator[Way]:
    """What the other unit's firewall must drop of ours. (What it lets through is `unit-reached`.)"""
    for segment in theirs.segments:
        for protocol, port in _TRIED:
            if not is_allowed(theirs.flows, VPN, segment.name, protocol, port):
                name = f"{segment.name} of {partner.unit}"
                yield Way(source.name, name, protocol, port, (client_address(segment),), False)


def read_isolation(ways: Sequence[Sequence[Way]], outputs: Sequence[Output]) -> Result:
    """A list of words for each segment: what came of each target, in order."""
    wrong: list[str] = []
    for several, output in zip(ways, outputs, strict=True):
        words = document(output.text)
        if not isinstance(words, list) or len(words) != sum(len(way.addresses) for way in several):
            raise UnreadableError("not an answer for every target")
        rest = iter(words)
        wrong += [fault for way in several if (fault := _fault(way, [next(rest) for _ in way.addresses]))]
    count = sum(len(several) for several in ways)
    return verdict(wrong, f"all {count} as designed")


def _fault(way: Way, words: Sequence[str]) -> str | None:
    through = any(word in _THROUGH for word in words)
    if way.allowed:
        return None if through else f"{way.label}: {', '.join(sorted(set(words)))}, should be let through"
    if through:
        return f"{way.label}: let through, should be dropped"
    odd = sorted(set(words) - set(_HELD))
    return f"{way.label}: {', '.join(odd)}, so it was not tried" if odd else None
