"""Platforms and their machines on a date: what each machine is, where it is, who may reach it, whose name it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_address

from haicap.addressing.model import Locks, Placed
from haicap.inventory.model import Image, Inventory, Profile, Province, Stage
from haicap.inventory.platforms import Platform
from haicap.inventory.roles import Product
from haicap.lifecycle.stages import is_standing, stage_on

BRIDGE = "br-machines"
GATEWAY6 = "fe80::1"


@dataclass(frozen=True)
class Site:
    """What a lab has instead of the inventory's images and operators' keys, and how large its machines are at most."""

    image: Image
    authorized_keys: tuple[str, ...]
    largest: Profile
    disk_gib: int


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
class MachineName:
    """An absolute name and the addresses that it leads to. `own`: the machine's own, which the addresses lead back to;
    `moves`: it may soon lead to others."""

    name: str
    v4: tuple[str, ...]
    v6: tuple[str, ...]
    own: bool
    moves: bool


@dataclass(frozen=True)
class PlatformHost:
    """What stands inside a platform's machine: a host that its hypervisor carries, no member of the VPN.

    `role` is the Ansible role's name, or that of the province's own `product`; `certificate` a PEM chain, the machine's
    own first; `resolvers` the name servers' addresses. `allowed` are the networks whose users may reach the service,
    `gateways` the addresses that SSH comes from. A frozen platform shows what it has and takes nothing new.
    """

    name: str
    role: str
    product: Product | None
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
    """A platform on a date. `active` are the machines that its names lead to: its own, or those of the platform that it
    replaces until the cut-over. `names` are without those that the platform which takes over has too: they follow that
    one. `writes` is where users' changes are taken. Without machines it does not stand."""

    name: str
    title: str
    kind: str
    owner: str
    vendor: str | None
    kept_from: str | None
    stage: Stage
    writes: bool
    names: tuple[str, ...]
    active: tuple[str, ...]
    serves: tuple[str, ...]
    role: str
    replaces: str | None
    machines: tuple[MachineDesign, ...]


def design_platforms(inventory: Inventory, locks: Locks, as_of: date, site: Site | None) -> tuple[PlatformDesign, ...]:
    """Every platform on a date, in the inventory's order. Every machine is locked (`addressing.verify`)."""
    stages = {platform.name: stage_of(platform, inventory.platforms, locks, as_of) for platform in inventory.platforms}
    return tuple(
        PlatformDesign(
            name=platform.name,
            title=platform.title,
            kind=platform.kind,
            owner=platform.owner,
            vendor=platform.vendor,
            kept_from=platform.kept_from,
            stage=stages[platform.name],
            writes=_writes(platform, stages[platform.name], stages, locks),
            names=_names(platform, inventory.platforms, stages),
            active=_active(platform, inventory.platforms, stages, locks),
            serves=platform.serves,
            role=platform.role,
            replaces=platform.replaces,
            machines=_machines(inventory.province, platform, locks, site) if is_standing(stages[platform.name]) else (),
        )
        for platform in inventory.platforms
    )


def stage_of(platform: Platform, platforms: Sequence[Platform], locks: Locks, as_of: date) -> Stage:
    """The stage of a platform: its dates', but one that is replaced is live until the cut-over freezes it, and stands
    until the name is switched."""
    stage = stage_on(platform.dates, as_of)
    successor = next((other.name for other in platforms if other.replaces == platform.name), None)
    cutover = locks.cutovers.get(successor or "")
    if successor is None or stage == "absent":
        return stage
    if cutover is None:
        return "live" if stage in ("frozen", "retired") else stage
    return stage if cutover.switched and not cutover.back and stage == "retired" else "frozen"


def _writes(platform: Platform, stage: Stage, stages: Mapping[str, Stage], locks: Locks) -> bool:
    """Whether users' changes are taken: not when frozen, not before the cut-over from one that stands, and not on the
    way back."""
    cutover = locks.cutovers.get(platform.name)
    if stage not in ("trial", "live") or (cutover is not None and cutover.back):
        return False
    return not _waits(platform, stages, locks)


def _waits(platform: Platform, stages: Mapping[str, Stage], locks: Locks) -> bool:
    """Whether the platform that it replaces still has the name."""
    cutover = locks.cutovers.get(platform.name)
    before = stages.get(platform.replaces or "", "absent")
    return is_standing(before) and not (cutover and cutover.switched)


def _names(platform: Platform, platforms: Sequence[Platform], stages: Mapping[str, Stage]) -> tuple[str, ...]:
    successor = next((other for other in platforms if other.replaces == platform.name), None)
    if successor is None or not is_standing(stages[successor.name]):
        return platform.names
    return tuple(name for name in platform.names if name not in successor.names)


def _active(
    platform: Platform, platforms: Sequence[Platform], stages: Mapping[str, Stage], locks: Locks
) -> tuple[str, ...]:
    if _waits(platform, stages, locks):
        return next(other.machine_names for other in platforms if other.name == platform.replaces)
    return platform.machine_names if is_standing(stages[platform.name]) else ()


def _machines(province: Province, platform: Platform, locks: Locks, site: Site | None) -> tuple[MachineDesign, ...]:
    return tuple(
        _machine(province, platform, name, placed, site)
        for name in platform.machine_names
        if (placed := locks.machines.get(name)) is not None
    )


def _machine(province: Province, platform: Platform, name: str, placed: Placed, site: Site | None) -> MachineDesign:
    profile = province.profiles[platform.machines.profile]
    image = next(image for image in province.images if image.name == platform.machines.image)
    gateway, prefix = network_of(province, placed.address)
    largest = site.largest if site else profile
    memory, vcpus = min(profile.memory_mib, largest.memory_mib), min(profile.vcpus, largest.vcpus)
    return MachineDesign(
        name=name,
        fqdn=f"{name}.{province.domain}",
        platform=platform.name,
        hypervisor=placed.hypervisor,
        vcpus=vcpus,
        max_vcpus=max(vcpus, min(profile.max_vcpus or vcpus, largest.max_vcpus or largest.vcpus)),
        memory_mib=memory,
        max_memory_mib=max(memory, min(profile.max_memory_mib or memory, largest.max_memory_mib or largest.memory_mib)),
        root_gib=min(placed.root_gib, largest.root_gib) if site else placed.root_gib,
        disks={disk: min(gib, site.disk_gib) if site else gib for disk, gib in sorted(placed.disks.items())},
        image=site.image.model_copy(update={"name": image.name}) if site else image,
        address=placed.address,
        prefix=prefix,
        gateway=gateway,
        address6=placed.address6,
        authorized_keys=site.authorized_keys if site else province.ssh.authorized_keys,
    )


def network_of(province: Province, address: str) -> tuple[str, int]:
    """The gateway and the prefix length of the machines' network that an address is in."""
    found = ip_address(address)
    pool = province.pools.machines
    network = next(network for network in (pool.networks if pool else ()) if found in network)
    return str(network[1]), network.prefixlen


def guests_of(locks: Locks, hypervisor: str) -> tuple[Guest, ...]:
    """The machines that are placed on a hypervisor, by name."""
    return tuple(
        Guest(name, placed.address, placed.address6)
        for name, placed in sorted(locks.machines.items())
        if placed.hypervisor == hypervisor and placed.removed is None
    )


def design_hypervisor(province: Province, guests: tuple[Guest, ...]) -> HypervisorDesign:
    """A hypervisor's network for its machines."""
    pool = province.pools.machines
    return HypervisorDesign(BRIDGE, tuple(str(network[1]) for network in (pool.networks if pool else ())), guests)


def ready_hosts(inventory: Inventory, locks: Locks, platforms: Sequence[PlatformDesign]) -> Iterator[PlatformHost]:
    """What shall stand inside each machine that is enrolled and has its certificate."""
    province = inventory.province
    known = {platform.name: platform for platform in inventory.platforms}
    servers = [locks.members[server.name] for server in province.name_servers]
    for platform in platforms:
        given = known[platform.name]
        allowed, allowed6 = _users(inventory, locks, platform.serves)
        for machine in platform.machines:
            if missing_papers(locks, machine.name):
                continue
            yield PlatformHost(
                name=machine.name,
                role=platform.role,
                product=inventory.products.get(platform.role),
                fqdn=machine.fqdn,
                address=machine.address,
                address6=machine.address6,
                source=f"inventories/{inventory.slug}",
                resolvers=tuple(server.loopback for server in servers),
                time_servers=tuple(locks.members[hub.name].loopback for hub in province.hubs),
                platform=platform.name,
                title=platform.title,
                stage=platform.stage if platform.writes else "frozen",
                names=given.names,
                port=given.service.port,
                health=given.service.health,
                certificate=locks.certificates[machine.name],
                authority=locks.certificates["ca"],
                allowed=allowed,
                allowed6=allowed6,
                gateways=(machine.gateway,),
                disks=tuple(machine.disks),
                logs_to=province.defaults.logs_to,
            )


def missing_papers(locks: Locks, machine: str) -> str:
    """What keeps a machine from being configured; empty when nothing does."""
    if machine not in locks.keys:
        return "its host key is not enrolled"
    if not {machine, "ca"} <= locks.certificates.keys():
        return f"certificates/{machine}.pem and ca.pem are not there: have certificates/{machine}.csr signed"
    return ""


def machine_names(
    inventory: Inventory, locks: Locks, platforms: Sequence[PlatformDesign], as_of: date
) -> Iterator[MachineName]:
    """The names of machines that are ready, and of platforms whose machines are."""
    ready = {
        machine.name: machine
        for platform in platforms
        for machine in platform.machines
        if not missing_papers(locks, machine.name)
    }
    for machine in ready.values():
        yield MachineName(f"{machine.fqdn}.", (machine.address,), (machine.address6,), own=True, moves=False)
    for given, platform in zip(inventory.platforms, platforms, strict=True):
        active = [ready[name] for name in platform.active if name in ready]
        if active and is_standing(platform.stage):
            moves = _moves(given, locks, as_of) or any(other.replaces == given.name for other in inventory.platforms)
            v4, v6 = tuple(one.address for one in active), tuple(one.address6 for one in active)
            yield from (MachineName(f"{name}.", v4, v6, own=False, moves=moves) for name in platform.names)


def _moves(platform: Platform, locks: Locks, as_of: date) -> bool:
    """Whether a cut-over is ahead, or may still be taken back: then nobody may keep the name's address for long."""
    cutover = locks.cutovers.get(platform.name)
    if platform.replaces is None:
        return False
    if cutover is None or cutover.switched is None:
        return True
    return (as_of - date.fromisoformat(cutover.switched[:10])).days <= platform.rollback_days


def _users(inventory: Inventory, locks: Locks, serves: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The networks of the units that a platform serves: whole pools where it serves all."""
    pools = inventory.province.pools
    if not serves:
        return tuple(map(str, pools.units.networks)), tuple(map(str, pools.units6.networks))
    members = [locks.members[unit.identity] for unit in inventory.units if unit.code in serves]
    return tuple(m.block for m in members if m.block), tuple(m.block6 for m in members if m.block6)
