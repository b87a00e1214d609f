"""What the VPN promises: tunnels that are alive, exactly the designed routes, hubs and other units within reach."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from haicap.design.lan import VPN, LanDesign
from haicap.design.province import HostDesign
from haicap.inspection.check import (
    Check,
    Dial,
    Output,
    Result,
    Shell,
    Target,
    UnreadableError,
    differences,
    document,
    documents,
    verdict,
)
from haicap.inspection.lan import client_address, client_of
from haicap.inspection.model import System
from haicap.inspection.walls import is_allowed

HANDSHAKE_SECONDS = 180  # a session's keys die after that (WireGuard, REJECT_AFTER_TIME)


@dataclass(frozen=True)
class Session:
    """A BGP neighbour: its address, its name, and the prefixes of both families that it is to send."""

    address: str
    name: str
    prefixes: frozenset[str]
    prefixes6: frozenset[str]


def system_of(host: HostDesign) -> System:
    """Whose promise a host's part of the VPN is."""
    return "hub" if host.role == "hub" else "vpn"


def sessions_of(host: HostDesign, members: Mapping[str, HostDesign]) -> tuple[Session, ...]:
    """What each neighbour of a host sends when all is well, `members` being all hosts that stand, by name.

    A member sends its own prefixes. A hub sends its own and those of every other member (hubs do not peer).
    """
    found = []
    for neighbor in host.vpn.neighbors:
        far = members[neighbor.name]
        senders = [far]
        if far.role == "hub":
            talks = {other.name for other in far.vpn.neighbors}
            senders += [member for member in members.values() if member.name in talks and member.name != host.name]
        found.append(
            Session(
                neighbor.address,
                neighbor.name,
                frozenset(prefix for sender in senders for prefix in sender.vpn.announce),
                frozenset(prefix for sender in senders for prefix in sender.vpn.announce6),
            )
        )
    return tuple(found)


def bgp(host: HostDesign, sessions: Sequence[Session]) -> Check:
    """Every session is up, each neighbour sent as many prefixes as designed, and the kernel has exactly those routes.

    The kernel's routes are the union of what neighbours sent; with the counts that makes each neighbour's set exact.
    """
    text = "vtysh -c 'show bgp summary json'; ip -j -4 route show proto bgp; ip -j -6 route show proto bgp"
    routes = frozenset().union(*(session.prefixes | session.prefixes6 for session in sessions))
    count = len(sessions)
    expected = f"{count} sessions: {', '.join(session.name for session in sessions)}; {len(routes)} routes"
    read = partial(read_bgp, sessions, (host.vpn.loopback, host.vpn.loopback6))
    return Check(host.unit, host.name, system_of(host), "bgp", expected, (Shell(text),), read, settles=True)


def read_bgp(sessions: Sequence[Session], loopbacks: tuple[str, str], outputs: Sequence[Output]) -> Result:
    """FRR's summary, then the kernel's routes of both families, as JSON documents."""
    shown = documents(outputs[0].text)
    if len(shown) != 3 or not isinstance(shown[0], dict):
        raise UnreadableError("not an answer of vtysh and two of ip")
    summary, *tables = shown
    wrong = _session_faults(summary, sessions)
    for at, (family, prefixes) in enumerate((("ipv4Unicast", "prefixes"), ("ipv6Unicast", "prefixes6"))):
        peers = summary.get(family, {}).get("peers", {})
        known = {session.address for session in sessions}
        wrong += [f"{address} is no neighbour by design" for address in sorted(set(peers) - known)]
        wrong += _count_faults(peers, sessions, family, prefixes)
        wanted = {plain(prefix) for session in sessions for prefix in getattr(session, prefixes)}
        found = {plain(route["dst"]): route.get("prefsrc") for route in tables[at]}
        wrong += [f"route {fault}" for fault in differences(wanted, set(found))]
        wrong += [
            f"route {dst} is without source {loopbacks[at]}"
            for dst in wanted
            if found.get(dst, loopbacks[at]) != loopbacks[at]
        ]
    routes = sum(len(table) for table in tables)
    return verdict(list(dict.fromkeys(wrong)), f"{len(sessions)} sessions established, {routes} routes")


def _session_faults(
    summary: Mapping[str, dict[str, dict[str, dict[str, object]]]], sessions: Sequence[Session]
) -> list[str]:
    peers = summary.get("ipv4Unicast", {}).get("peers", {})
    states = {session.name: peers.get(session.address, {}).get("state", "not configured") for session in sessions}
    return [f"session with {name} is {state}" for name, state in states.items() if state != "Established"]


def _count_faults(
    peers: Mapping[str, Mapping[str, object]], sessions: Sequence[Session], family: str, prefixes: str
) -> list[str]:
    faults = []
    for session in sessions:
        peer, wanted = peers.get(session.address, {}), len(getattr(session, prefixes))
        if peer.get("state") == "Established" and peer.get("pfxRcd") != wanted:
            faults.append(f"{session.name} sent {peer.get('pfxRcd')} {family[:4]} prefixes, not {wanted}")
    return faults


def plain(prefix: str) -> str:
    """A prefix as `ip` writes it: a single address without its length."""
    return prefix.removesuffix("/128" if ":" in prefix else "/32")


def tunnels(host: HostDesign) -> Check:
    """Each WireGuard peer's last handshake is younger than HANDSHAKE_SECONDS."""
    peers = {peer.public_key: peer.name for interface in host.vpn.interfaces for peer in interface.peers}
    text = "date +%s; wg show all latest-handshakes"
    expected = f"a handshake within {HANDSHAKE_SECONDS} s with {', '.join(sorted(peers.values()))}"
    read = partial(read_tunnels, peers)
    return Check(host.unit, host.name, system_of(host), "tunnels", expected, (Shell(text),), read, settles=True)


def read_tunnels(peers: Mapping[str, str], outputs: Sequence[Output]) -> Result:
    """The host's clock, then `interface, key, seconds` of each peer. `peers` maps public keys to names."""
    now, *lines = outputs[0].text.splitlines() or [""]
    rows = [line.split("\t") for line in lines]
    if not now.isdigit() or any(len(row) != 3 or not row[2].isdigit() for row in rows):
        raise UnreadableError(outputs[0].text.strip()[:200] or "wg said nothing")
    ages = {key: int(now) - int(at) if at != "0" else None for _, key, at in rows}
    wrong = [f"{name} is not configured" for key, name in peers.items() if key not in ages]
    wrong += [f"{peers.get(key, key)}: no handshake yet" for key, age in ages.items() if age is None]
    late = {key: age for key, age in ages.items() if age is not None and age >= HANDSHAKE_SECONDS}
    wrong += [f"{peers.get(key, key)}: last handshake {age} s ago" for key, age in late.items()]
    wrong += [f"{key} is no peer by design" for key in ages if key not in peers]
    oldest = max((age for age in ages.values() if age is not None), default=0)
    return verdict(sorted(wrong), f"{len(ages)} peers, the oldest handshake {oldest} s ago")


def _user(lan: LanDesign) -> str | None:
    """The client that reaches out over both families: on the first segment with DHCP from which the VPN is open."""
    segments = (s for s in lan.segments if s.dhcp and is_allowed(lan.flows, s.name, VPN, "icmp", 0))
    return next((client_of(segment) for segment in segments), None)


def hub_reached(host: HostDesign, lan: LanDesign, hubs: Collection[HostDesign]) -> Check | None:
    """Each hub's loopback, both families, by ping from a user's segment."""
    wanted = {hub.name: (hub.vpn.loopback, hub.vpn.loopback6) for hub in hubs}
    return _reached(host, lan, "hub-reached", wanted)


def unit_reached(host: HostDesign, lan: LanDesign, partner: HostDesign) -> Check | None:
    """Another unit's gateway, both families, and what its policy opens to the VPN there, from a user's segment."""
    wanted: dict[str, tuple[str, ...]] = {partner.name: (partner.vpn.loopback, partner.vpn.loopback6)}
    if partner.lan is not None:
        opened = [s for s in partner.lan.segments if is_allowed(partner.lan.flows, VPN, s.name, "icmp", 0)]
        wanted |= {f"{segment.name} of {partner.unit}": (client_address(segment),) for segment in opened}
    return _reached(host, lan, "unit-reached", wanted)


def _reached(host: HostDesign, lan: LanDesign, probe: str, wanted: Mapping[str, tuple[str, ...]]) -> Check | None:
    client = _user(lan)
    if client is None or not wanted:
        return None
    pairs = tuple((name, address) for name, addresses in wanted.items() for address in addresses)
    command = Dial(client, tuple(Target("icmp", address) for _, address in pairs))
    expected = "replies from " + ", ".join(f"{name} {address}" for name, address in pairs)
    return Check(host.unit, host.name, "vpn", probe, expected, (command,), partial(read_reached, pairs), settles=True)


def read_reached(pairs: Sequence[tuple[str, str]], outputs: Sequence[Output]) -> Result:
    """A word for each (name, address)."""
    words = document(outputs[0].text)
    if not isinstance(words, list) or len(words) != len(pairs):
        raise UnreadableError("not an answer for every target")
    told = zip(pairs, words, strict=True)
    wrong = [f"{name} {address}: {word}" for (name, address), word in told if word != "reply"]
    return verdict(wrong, f"{len(words)} replies")
