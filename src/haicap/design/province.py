"""A province on a date: its hubs, its name servers and its units, each with everything that stands on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from haicap.addressing.model import Keys, Locks, Member
from haicap.design.accounts import AccountsDesign, People, design_accounts
from haicap.design.dns import DnsDesign, design_province_zones, design_unit_records, unit_zone
from haicap.design.lan import LanDesign, design_lan
from haicap.design.machines import (
    HypervisorDesign,
    PlatformDesign,
    PlatformHost,
    Site,
    design_hypervisor,
    design_platforms,
    guests_of,
    machine_names,
    missing_papers,
    ready_hosts,
)
from haicap.design.mail import (
    DirectoryDesign,
    MailRecord,
    MailServerDesign,
    design_mail_server,
    province_mail_records,
    suffix_of,
    unit_mail_records,
)
from haicap.design.vpn import VpnDesign, design_hub, design_member
from haicap.inventory.model import Inventory, Stage, System, Unit
from haicap.lifecycle import is_standing, stages_of

Role = Literal["gateway", "hub", "dns", "mail", "hypervisor"]


@dataclass(frozen=True)
class Resolver:
    """How names are resolved: the zones that the province's servers hold, those servers, and who answers the rest."""

    zones: tuple[str, ...]
    servers: tuple[str, ...]
    forwarders: tuple[str, ...]


@dataclass(frozen=True)
class NameServerDesign:
    """An authoritative server. `primary` is the address that secondaries transfer from; None on the primary itself."""

    kind: Literal["primary", "secondary"]
    domain: str
    catalog: str
    soa: str
    addresses: tuple[str, str]
    primary: tuple[str, str] | None
    secondaries: tuple[str, ...]


@dataclass(frozen=True)
class HostDesign:
    """A Linux host: who it is, how it is reached, and the systems that stand on it."""

    name: str
    role: Role
    fqdn: str
    unit: str | None
    address: str
    source: str
    operators: tuple[str, ...]
    vpn: VpnDesign
    resolver: Resolver
    time_servers: tuple[str, ...]
    lan: LanDesign | None = None
    dns: NameServerDesign | None = None
    mail: MailServerDesign | None = None
    hypervisor: HypervisorDesign | None = None


@dataclass(frozen=True)
class UnitDesign:
    """A unit: its stages, its gateway, names and accounts. A system that does not stand on that date is None."""

    code: str
    name: str
    kind: str
    zone: str
    stages: Mapping[System, Stage]
    member: Member
    gateway: HostDesign | None
    dns: DnsDesign | None
    accounts: AccountsDesign | None = None


@dataclass(frozen=True)
class Waiting:
    """A host that can't be configured yet, why, and the command that changes that."""

    host: str
    unit: str | None
    reason: str
    next_step: str


@dataclass(frozen=True)
class ProvinceDesign:
    """Everything that shall stand in a province on a date."""

    slug: str
    as_of: date
    hubs: tuple[HostDesign, ...]
    name_servers: tuple[HostDesign, ...]
    zones: DnsDesign | None
    units: tuple[UnitDesign, ...]
    waiting: tuple[Waiting, ...]
    mail_server: HostDesign | None = None
    directory: DirectoryDesign | None = None
    hypervisors: tuple[HostDesign, ...] = ()
    platforms: tuple[PlatformDesign, ...] = ()
    platform_hosts: tuple[PlatformHost, ...] = ()

    @property
    def hosts(self) -> tuple[HostDesign, ...]:
        """All members of the VPN that can be configured: servers, gateways."""
        gateways = tuple(unit.gateway for unit in self.units if unit.gateway is not None)
        return (*self.servers, *gateways)

    @property
    def servers(self) -> tuple[HostDesign, ...]:
        """The hosts that units share: hubs, name servers, the mail server, hypervisors."""
        return (*self.hubs, *self.name_servers, *((self.mail_server,) if self.mail_server else ()), *self.hypervisors)


def design_province(
    inventory: Inventory, locks: Locks, as_of: date, people: People | None = None, site: Site | None = None
) -> ProvinceDesign:
    """Design a province; without `people`, no accounts. Every unit, server and machine must be locked
    (`addressing.verify`). `site` is a lab's own."""
    builder = _Builder(inventory, locks, as_of, people, site)
    return ProvinceDesign(
        slug=inventory.slug,
        as_of=as_of,
        hubs=builder.hubs(),
        name_servers=builder.name_servers(),
        zones=builder.zones(),
        units=tuple(builder.unit(unit) for unit in sorted(inventory.units, key=lambda unit: unit.identity)),
        waiting=builder.waiting(),
        mail_server=builder.mail_server(),
        directory=builder.directory(),
        hypervisors=builder.hypervisors(),
        platforms=builder.platforms,
        platform_hosts=tuple(ready_hosts(inventory, locks, builder.platforms)),
    )


class _Builder:
    """Holds what all parts of one design share."""

    def __init__(
        self, inventory: Inventory, locks: Locks, as_of: date, people: People | None, site: Site | None
    ) -> None:
        self._inventory, self._province, self._locks, self._as_of = inventory, inventory.province, locks, as_of
        self._mail_name = self._ready_mail_server()
        given = people.officers if people is not None else None
        self._officers = given if given is not None else inventory.province.mail.officers
        standing = people if people is not None and self._mail_name else None
        self._accounts = design_accounts(inventory, standing, as_of) if standing else {}
        self._stages = {unit.identity: stages_of(inventory.province, unit, as_of) for unit in inventory.units}
        self.platforms = design_platforms(inventory, locks, as_of, site)
        self._guests = {hypervisor.name: guests_of(locks, hypervisor.name) for hypervisor in self._province.hypervisors}
        names = machine_names(inventory, locks, self.platforms, as_of)
        self._shared_zones = design_province_zones(inventory, locks, self._mail_records(), names)
        servers = [locks.members[server.name] for server in self._province.name_servers]
        self._resolver = Resolver(
            zones=self._shared_zones.owned,
            servers=tuple(address for member in servers for address in (member.loopback, member.loopback6)),
            forwarders=self._province.defaults.dns.forwarders,
        )
        self._hub_clocks = tuple(locks.members[hub.name].loopback for hub in self._province.hubs)

    def hubs(self) -> tuple[HostDesign, ...]:
        peers = self._peers()
        return tuple(
            self._host(
                hub.name,
                "hub",
                self._locks.members[hub.name],
                design_hub(self._province, self._locks, hub, peers, self._guests),
                time_servers=self._province.defaults.time_servers,
            )
            for hub in self._province.hubs
            if hub.name in self._locks.keys
        )

    def name_servers(self) -> tuple[HostDesign, ...]:
        return tuple(
            self._host(
                server.name,
                "dns",
                self._locks.members[server.name],
                design_member(self._province, self._locks, self._locks.members[server.name]),
                dns=self._name_server(server.name, server.kind),
            )
            for server in self._province.name_servers
            if server.name in self._locks.keys
        )

    def mail_server(self) -> HostDesign | None:
        name = self._mail_name
        if name is None:
            return None
        member, certificates = self._locks.members[name], self._locks.certificates
        mail = design_mail_server(
            self._inventory, self._locks.keys[name], certificates[name], certificates["ca"], member, self._as_of
        )
        return self._host(name, "mail", member, design_member(self._province, self._locks, member), mail=mail)

    def hypervisors(self) -> tuple[HostDesign, ...]:
        return tuple(
            self._host(
                name,
                "hypervisor",
                self._locks.members[name],
                design_member(self._province, self._locks, self._locks.members[name], guests),
                hypervisor=design_hypervisor(self._province, guests),
            )
            for name, guests in self._guests.items()
            if name in self._locks.keys
        )

    def directory(self) -> DirectoryDesign | None:
        if self._mail_name is None:
            return None
        province = self._province
        return DirectoryDesign(suffix_of(province), province.name, province.mail.passwords, self._officers)

    def _ready_mail_server(self) -> str | None:
        """The mail server's name, once it and its signing key are enrolled, and its certificate is there."""
        server, signing = self._province.mail.server, self._province.mail.dkim.sign_with
        if server is None or signing not in self._locks.keys.get(server.name, Keys("", "")).dkim:
            return None
        return server.name if {server.name, "ca"} <= self._locks.certificates.keys() else None

    def _mail_records(self) -> Iterator[MailRecord]:
        if (name := self._mail_name) is not None:
            member, keys = self._locks.members[name], self._locks.keys[name]
            yield from province_mail_records(self._province, name, member, keys, self._as_of)

    def zones(self) -> DnsDesign | None:
        primary = next(server.name for server in self._province.name_servers if server.kind == "primary")
        return self._shared_zones if primary in self._locks.keys else None

    def unit(self, unit: Unit) -> UnitDesign:
        stages, member = self._stages[unit.identity], self._locks.members[unit.identity]
        label = self._locks.names[unit.identity].label
        zone = unit_zone(self._province, label)
        enrolled = unit.gateway in self._locks.keys
        lan = design_lan(self._province, unit, member, zone)
        gateway = records = None
        if enrolled and (is_standing(stages["lan"]) or is_standing(stages["vpn"])):
            gateway = self._host(
                unit.gateway,
                "gateway",
                member,
                self._member_vpn(member, is_standing(stages["vpn"])),
                unit=unit,
                fqdn=f"gw.{zone}",
                lan=lan if is_standing(stages["lan"]) else None,
                time_servers=self._hub_clocks,
            )
        if enrolled and is_standing(stages["dns"]):
            mail = unit_mail_records(zone, self._province, self._mail_name) if self._mail_name else ()
            records = design_unit_records(self._province, unit, label, member, lan, stages["dns"], mail)
        accounts = self._accounts.get(unit.code)
        if not is_standing(stages["mail"]) or (accounts and not accounts.officers):
            accounts = None
        return UnitDesign(unit.code, unit.name, unit.kind, zone, stages, member, gateway, records, accounts)

    def waiting(self) -> tuple[Waiting, ...]:
        slug = self._inventory.slug
        servers = [
            Waiting(name, None, "its public key is not enrolled", f"haicap enrol {slug}")
            for name in self._province.servers
            if name not in self._locks.keys
        ]
        server = self._province.mail.server
        if server is not None and server.name in self._locks.keys and self._mail_name is None:
            servers.append(Waiting(server.name, None, self._missing(server.name), f"haicap enrol {slug}"))
        gateways = [
            Waiting(unit.gateway, unit.code, "its gateway is not enrolled", f"haicap enrol {slug} --unit {unit.code}")
            for unit in sorted(self._inventory.units, key=lambda unit: unit.identity)
            if unit.gateway not in self._locks.keys and any(map(is_standing, self._stages[unit.identity].values()))
        ]
        return (*servers, *self._waiting_accounts(), *self._waiting_machines(), *gateways)

    def _missing(self, server: str) -> str:
        """What an enrolled mail server lacks."""
        signing = self._province.mail.dkim.sign_with
        if signing not in self._locks.keys[server].dkim:
            return f"its signing key {signing} is not enrolled"
        return f"certificates/{server}.pem and ca.pem are not there: have certificates/{server}.csr signed"

    def _waiting_accounts(self) -> Iterator[Waiting]:
        """What keeps accounts from being made, for all units together: there may be a hundred of them."""
        sealed_to_nobody = sum(not accounts.officers for accounts in self._accounts.values())
        unlocked = sum(len(accounts.unlocked) for accounts in self._accounts.values())
        name = self._mail_name or ""
        if sealed_to_nobody:
            reason = f"the accounts of {sealed_to_nobody} units: nobody is named whom first passwords are sealed to"
            yield Waiting(name, None, reason, "put age recipients in province.yml, mail: {officers: [...]}")
        directory = self.directory()
        if directory is not None and not directory.officers:
            reason = "the backup key: nobody is named whom it is sealed to, and without it a lost server stays lost"
            yield Waiting(name, None, reason, "put age recipients in province.yml, mail: {officers: [...]}")
        if unlocked:
            reason = f"{unlocked} accounts have no address yet"
            yield Waiting(name, None, reason, f"haicap lock {self._inventory.slug}")

    def _waiting_machines(self) -> Iterator[Waiting]:
        for platform in self.platforms:
            for machine in platform.machines:
                if not machine.authorized_keys:
                    reason, way_out = "nobody's key is put on it", "ssh: {authorized_keys: [...]} in province.yml"
                    yield Waiting(machine.name, None, reason, way_out)
                elif reason := missing_papers(self._locks, machine.name):
                    yield Waiting(machine.name, None, reason, f"haicap enrol {self._inventory.slug}")

    def _member_vpn(self, member: Member, standing: bool) -> VpnDesign:
        locks = self._locks if standing else Locks(self._locks.members, self._locks.names, {})
        return design_member(self._province, locks, member)

    def _peers(self) -> dict[str, Member]:
        """Every host that has a tunnel to the hubs, by host name: gateways whose VPN stands, and other servers."""
        units = {
            unit.gateway: self._locks.members[unit.identity]
            for unit in self._inventory.units
            if is_standing(self._stages[unit.identity]["vpn"])
        }
        servers = {name: role for name, role in self._province.servers.items() if role != "hub"}
        return units | {name: self._locks.members[name] for name in servers}

    def _name_server(self, name: str, kind: Literal["primary", "secondary"]) -> NameServerDesign:
        domain = self._province.domain
        servers = self._province.name_servers
        primary = next(server.name for server in servers if server.kind == "primary")
        hostmaster = (self._province.hostmaster or f"hostmaster@{domain}").replace("@", ".", 1)
        own, first = self._locks.members[name], self._locks.members[primary]
        return NameServerDesign(
            kind=kind,
            domain=domain,
            catalog=f"catalog.{domain}",
            soa=f"{primary}.{domain} {hostmaster} 0 10800 3600 604800 3600",
            addresses=(own.loopback, own.loopback6),
            primary=None if kind == "primary" else (first.loopback, first.loopback6),
            secondaries=tuple(
                address
                for server in servers
                if server.kind == "secondary"
                for address in (self._locks.members[server.name].loopback, self._locks.members[server.name].loopback6)
            ),
        )

    def _host(
        self,
        name: str,
        role: Role,
        member: Member,
        vpn: VpnDesign,
        *,
        unit: Unit | None = None,
        fqdn: str | None = None,
        lan: LanDesign | None = None,
        dns: NameServerDesign | None = None,
        mail: MailServerDesign | None = None,
        hypervisor: HypervisorDesign | None = None,
        time_servers: tuple[str, ...] = (),
    ) -> HostDesign:
        return HostDesign(
            name=name,
            role=role,
            fqdn=fqdn or f"{name}.{self._province.domain}",
            unit=unit.code if unit else None,
            address=member.uplink.partition("/")[0],
            source=f"inventories/{self._inventory.slug}",
            operators=tuple(str(network) for network in self._province.ssh.operators),
            vpn=vpn,
            resolver=self._resolver,
            time_servers=time_servers or self._hub_clocks,
            lan=lan,
            dns=dns,
            mail=mail,
            hypervisor=hypervisor,
        )
