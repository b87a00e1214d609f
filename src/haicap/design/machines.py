"""Platforms and their machines on a date: what each machine is, where it is, who may reach it, whose name it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from haicap.inventory.model import Image, Province, Stage

BRIDGE = "br-machines"
GATEWAY6 = "fe80::1"


@dataclass(frozen=True)
class Guest:
    """A machine as its hypervisor's network sees it."""

    name: str
    address: str
    address6: str


@dataclass(frozen=True)
class HypervisorDesign:
    """What a hypervisor holds for machines: the bridge, the networks' first addresses, and a route to each guest."""

    bridge: str
    gateways: tuple[str, ...]
    guests: tuple[Guest, ...]


@dataclass(frozen=True)
class PlatformHost:
    """What stands inside a platform's machine: a host that its hypervisor carries, no member of the VPN.

    `role` is the Ansible role's name; `certificate` a PEM chain, the machine's own first; `resolvers` the name servers'
    addresses. `allowed` are the networks whose users may reach the service, `gateways` the addresses that SSH comes
    from. A frozen platform shows what it has and takes nothing new.
    """

    name: str
    role: str
    fqdn: str
    address: str
    address6: str
    source: str
    resolvers: tuple[str, ...]
    time_servers: tuple[str, ...]
    platform: str
    title: str
    stage: Stage
    names: tuple[str, ...]
    port: int
    health: str
    certificate: str
    authority: str
    allowed: tuple[str, ...]
    allowed6: tuple[str, ...]
    gateways: tuple[str, ...]
    disks: tuple[str, ...]
    logs_to: str | None


@dataclass(frozen=True)
class MachineDesign:
    """A virtual machine. Sizes in MiB and GiB; `prefix` is the length of its IPv4 network, whose first address is the
    gateway."""

    name: str
    fqdn: str
    platform: str
    hypervisor: str
    vcpus: int
    max_vcpus: int
    memory_mib: int
    max_memory_mib: int
    root_gib: int
    disks: Mapping[str, int]
    image: Image
    address: str
    prefix: int
    gateway: str
    address6: str
    authorized_keys: tuple[str, ...]

    @property
    def mac(self) -> str:
        """52:54 and the four bytes of the address: the same on whatever hypervisor."""
        return ":".join(["52", "54", *(f"{byte:02x}" for byte in ip_address(self.address).packed)])


@dataclass(frozen=True)
class PlatformDesign:
    """A platform on a date. `active` are the machines that its names lead to: its own, or those of `replaces` until
    the cut-over."""

    name: str
    title: str
    kind: str
    owner: str
    vendor: str | None
    kept_from: str | None
    stage: Stage
    names: tuple[str, ...]
    active: tuple[str, ...]
    serves: tuple[str, ...]
    role: str
    replaces: str | None
    machines: tuple[MachineDesign, ...]


def network_of(province: Province, address: str) -> tuple[str, int]:
    """The gateway and the prefix length of the machines' network that an address is in."""
    found = ip_address(address)
    for network in province.pools.machines.networks if province.pools.machines else ():
        if found in network:
            return str(network[1]), network.prefixlen
    single = ip_network(address)
    return str(single[0]), single.prefixlen
