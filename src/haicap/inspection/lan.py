"""What a unit's LAN promises its users: a lease, an IPv6 address, and names.

Every probe works from the segments' own clients (the namespaces `client-<segment>` on the gateway), as a user's device
would. The walls between segments are in `walls`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from ipaddress import IPv4Address, IPv6Network, ip_address

from haicap.design.lan import CLIENT_MAC, LanDesign, SegmentDesign
from haicap.design.province import HostDesign
from haicap.inspection.check import Check, Lease, Output, Result, Shell, UnreadableError, documents, variables, verdict


def client_of(segment: SegmentDesign) -> str:
    """The namespace of a segment's client."""
    return f"client-{segment.name}"


def client_address(segment: SegmentDesign) -> str:
    """The IPv6 address of a segment's client: the network, and its MAC address as EUI-64 (RFC 4291, appendix A)."""
    octets = bytes.fromhex(CLIENT_MAC.replace(":", ""))
    host = bytes([octets[0] ^ 2, *octets[1:3], 0xFF, 0xFE, *octets[3:]])
    return str(IPv6Network(segment.network6)[int.from_bytes(host, "big")])


def dhcp(host: HostDesign, lan: LanDesign) -> Check | None:
    """A lease in every segment that has DHCP: inside the range, with the gateway as router and resolver."""
    segments = [segment for segment in lan.segments if segment.dhcp]
    if not segments:
        return None
    ranges = [f"{s.name} {s.pool_first} to {s.pool_last}, router and DNS {s.gateway}" for s in segments]
    commands = tuple(Lease(client_of(segment)) for segment in segments)
    read = partial(read_dhcp, segments)
    return Check(host.unit, host.name, "lan", "dhcp", "; ".join(ranges), commands, read, settles=True)


def read_dhcp(segments: Sequence[SegmentDesign], outputs: Sequence[Output]) -> Result:
    """The leases of `segments`, in that order, as udhcpc's variables."""
    wrong: list[str] = []
    leased: list[str] = []
    for segment, output in zip(segments, outputs, strict=True):
        found = variables(output.text)
        if output.status != 0 or "ip" not in found:
            wrong.append(f"{segment.name}: no lease")
            continue
        leased.append(f"{segment.name} {found['ip']}")
        wrong += [f"{segment.name}: {fault}" for fault in _lease_faults(segment, found)]
    return verdict(wrong, "; ".join(leased))


def _lease_faults(segment: SegmentDesign, found: Mapping[str, str]) -> list[str]:
    faults = []
    if not IPv4Address(segment.pool_first) <= IPv4Address(found["ip"]) <= IPv4Address(segment.pool_last):
        faults.append(f"{found['ip']} is outside {segment.pool_first} to {segment.pool_last}")
    if found.get("mask") != str(segment.prefix):
        faults.append(f"prefix length {found.get('mask') or 'none'}, not {segment.prefix}")
    for word in ("router", "dns"):
        if found.get(word, "").split() != [segment.gateway]:
            faults.append(f"{word} {found.get(word) or 'none'}, not {segment.gateway}")
    return faults


def ipv6(host: HostDesign, lan: LanDesign) -> Check:
    """In every segment an address by SLAAC (RFC 4862) and a default route from router advertisements."""
    show = "; ".join(
        f"ip -n {client_of(s)} -j -6 address show dev eth0 scope global; ip -n {client_of(s)} -j -6 route show default"
        for s in lan.segments
    )
    expected = "; ".join(f"{s.name} {s.network6}" for s in lan.segments) + "; a default route in each"
    read = partial(read_ipv6, lan.segments)
    return Check(host.unit, host.name, "lan", "ipv6", expected, (Shell(f"set -e; {show}"),), read, settles=True)


def read_ipv6(segments: Sequence[SegmentDesign], outputs: Sequence[Output]) -> Result:
    """`ip -j` twice a segment: its client's global addresses, then its default routes."""
    shown = documents(outputs[0].text)
    if len(shown) != 2 * len(segments):
        raise UnreadableError(f"ip answered for {len(shown) // 2} of {len(segments)} segments")
    wrong: list[str] = []
    found: list[str] = []
    for segment, links, routes in zip(segments, shown[::2], shown[1::2], strict=True):
        addresses = [entry["local"] for link in links for entry in link.get("addr_info", []) if "local" in entry]
        own = [address for address in addresses if ip_address(address) in IPv6Network(segment.network6)]
        found += [f"{segment.name} {address}" for address in own[:1]]
        if not own:
            wrong.append(
                f"{segment.name}: no address in {segment.network6}, but {', '.join(addresses) or 'none at all'}"
            )
        if not any(route.get("protocol") == "ra" for route in routes):
            wrong.append(f"{segment.name}: no default route")
    return verdict(wrong, "; ".join(found))
