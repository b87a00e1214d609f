"""What the lock files hold, as frozen values. Identities: a unit's `24958@2025-07-01`, a server's name (`hub1`).

Addresses are plain strings: an interface has its prefix length ("10.64.0.1/26"), a single address has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Tunnel:
    """A member's two addresses on one hub's WireGuard network, with that network's prefix length."""

    v4: str  # "10.112.0.7/22"
    v6: str  # "2001:db8:4cf1::7/64"


@dataclass(frozen=True)
class Segment:
    """A LAN segment's networks; the gateway takes the first address of each."""

    v4: str  # "10.64.0.0/25"
    v6: str  # "2001:db8:4c00:1::/64"
    hosts: Mapping[str, str] = field(default_factory=dict)  # reserved IPv4 address of each named host


@dataclass(frozen=True)
class Member:
    """A host on the VPN: a unit's gateway, a hub or a name server.

    `uplink` is this end of the dedicated line ("100.64.0.2/30"); the other end is the network's first address.
    Hubs have no tunnels here: a hub's end is the first address of its own network.
    """

    uplink: str
    loopback: str  # "10.127.0.9"
    loopback6: str
    asn: int
    tunnels: Mapping[str, Tunnel] = field(default_factory=dict)
    block: str | None = None  # units only
    block6: str | None = None
    segments: Mapping[str, Segment] = field(default_factory=dict)
    removed: date | None = None  # a tombstone: everything above rests


@dataclass(frozen=True)
class Keys:
    """What a host made itself, collected by `haicap enrol`."""

    wireguard: str  # public key, base64; "" for a machine, which is no member of the VPN
    ssh: str  # host public key, "ssh-ed25519 AAAA..."
    dkim: Mapping[str, str] = field(default_factory=dict)  # a mail server's public keys by selector: base64 of the DER


@dataclass(frozen=True)
class Name:
    """A unit's DNS label; `removed` is a tombstone's date. `given` names the unit's name it was made from."""

    label: str
    given: str
    removed: date | None = None


@dataclass(frozen=True)
class Placed:
    """A platform's machine: where it is, and its permanent addresses. Disks only grow; sizes in GiB."""

    hypervisor: str
    address: str  # "10.126.0.5"
    address6: str
    root_gib: int
    disks: Mapping[str, int] = field(default_factory=dict)
    removed: date | None = None  # a tombstone: its addresses rest


@dataclass(frozen=True)
class Cutover:
    """How far a platform has taken over from the one it replaces: when the old one was frozen, and the name switched.

    `back` is when the new one was frozen for the way back, until the entry goes. Moments are ISO 8601 in UTC, to the
    second.
    """

    frozen: str
    switched: str | None = None
    back: str | None = None


@dataclass(frozen=True)
class Locks:
    """The lock files of a province: addresses, names, keys, machines, by identity (keys: by host name, `gw-24958`).

    `certificates` are those beside the keys, as PEM, by host name; `ca` is the authority's that clients trust.
    `cutovers` are by the name of the new platform.
    """

    members: Mapping[str, Member] = field(default_factory=dict)
    names: Mapping[str, Name] = field(default_factory=dict)
    keys: Mapping[str, Keys] = field(default_factory=dict)
    certificates: Mapping[str, str] = field(default_factory=dict)
    machines: Mapping[str, Placed] = field(default_factory=dict)
    cutovers: Mapping[str, Cutover] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Term:
    """While an address is somebody's official one in a unit; `until` is the last day, None: not known yet."""

    address: str
    unit: str  # identity
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Every address that a person or a role mailbox has, and ever had. `name` is as last seen in the files.

    `terms` are in order and never overlap. `former` are the other addresses: of the time before, and of terms that were
    called off.
    """

    name: str
    terms: tuple[Term, ...] = ()
    former: tuple[str, ...] = ()

    @property
    def addresses(self) -> frozenset[str]:
        """All of them."""
        return frozenset(self.former).union(term.address for term in self.terms)

    def address_on(self, day: date) -> str | None:
        """The official one on a day: that of the last term begun, else of the first; None if there never was one."""
        begun = [term for term in self.terms if term.since <= day] or self.terms[:1]
        return begun[-1].address if begun else None
