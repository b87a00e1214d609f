"""What people write: the inventory's schema, as frozen pydantic models.

`province.yml` holds one `Province`, `units.yml` a `Units`. Every key that is not here is an error.
"""

from __future__ import annotations

from datetime import date
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from haicap.audit.personal import PERSONAL, Personal
from haicap.inventory.approvers import Approvers
from haicap.inventory.base import Dates, Domain, Label, Model, UnitCode
from haicap.inventory.platforms import Platform
from haicap.inventory.roles import Product

AgencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Y]\d{2}(\.[0-9A-Z]+)*$", max_length=35)]
MacAddress = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{2}(:[0-9a-f]{2}){5}$")]
HostName = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,10}[a-z0-9])?$")]
Kind = Literal["commune", "ward", "special_zone"]
ServerRole = Literal["hub", "dns", "mail", "hypervisor"]
Stage = Literal["absent", "prepare", "trial", "live", "frozen", "retired"]
System = Literal["lan", "vpn", "dns", "mail"]
SYSTEMS: tuple[System, ...] = ("lan", "vpn", "dns", "mail")
PublicKey = Annotated[
    str,
    StringConstraints(pattern=r"^(ssh-ed25519|ecdsa-sha2-nistp256|sk-ssh-ed25519@openssh\.com) [A-Za-z0-9+/=]+( .*)?$"),
]
Selector = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$")]
ImageSource = Annotated[str, StringConstraints(pattern=r"^(https?://|file:///)\S+$", max_length=1000)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
AgeRecipient = Annotated[str, StringConstraints(pattern=r"^age1[02-9ac-hj-np-z]{58}$")]


class Pool4(Model):
    """IPv4 networks from which blocks of one prefix length are handed out, in order."""

    networks: tuple[IPv4Network, ...] = Field(min_length=1)
    prefix: int = Field(ge=8, le=32)


class Pool6(Model):
    """IPv6 networks from which blocks of one prefix length are handed out, in order."""

    networks: tuple[IPv6Network, ...] = Field(min_length=1)
    prefix: int = Field(ge=16, le=128)


class AsNumbers(Model):
    """A range of private AS numbers (RFC 6996), both ends included."""

    first: int = Field(ge=64512, le=4294967294)
    last: int = Field(ge=64512, le=4294967294)


class Pools(Model):
    """Where every address comes from. The pools never overlap."""

    units: Pool4
    units6: Pool6
    loopbacks: Pool4
    loopbacks6: Pool6
    uplinks: Pool4 = Field(description="the dedicated line's own addresses: a /30 for each connection point")
    as_numbers: AsNumbers
    machines: Pool4 | None = Field(default=None, description="platform machines: networks, prefix 32")
    machines6: Pool6 | None = None
    rest_days: int = Field(default=365, ge=0, description="days before a removed unit's block is handed out again")


class Hub(Model):
    """A VPN hub. `tunnels` and `tunnels6` are the networks of its WireGuard interface; it takes the first address."""

    name: HostName
    site: str
    tunnels: IPv4Network
    tunnels6: IPv6Network
    port: int = Field(default=51820, ge=1, le=65535)


class NameServer(Model):
    """An authoritative name server; the first `primary` takes changes, the others transfer zones from it."""

    name: HostName
    kind: Literal["primary", "secondary"]
    site: str


class Segment(Model):
    """A LAN segment, sized by a unit's staff: max(min_hosts, staff x hosts_per_staff), rounded up."""

    vlan: int = Field(ge=1, le=4094)
    hosts_per_staff: float = Field(default=0, ge=0, le=20)
    min_hosts: int = Field(ge=2, le=4000)
    dhcp: bool = True


class Rule(Model):
    """Traffic that is let through, from zones to zones. Zones: the segments, `vpn`, `outside`, `gateway`, and `*`
    for every segment. Services: `any`, `icmp`, `tcp/443`, `udp/53`."""

    source: tuple[str, ...] = Field(alias="from", min_length=1)
    target: tuple[str, ...] = Field(alias="to", min_length=1)
    services: tuple[Annotated[str, StringConstraints(pattern=r"^(any|icmp|(tcp|udp)/\d{1,5})$")], ...] = ("any",)


class Vpn(Model):
    """BGP and BFD timers of every tunnel (RFC 5880: detection time = interval x multiplier)."""

    bfd_interval_ms: int = Field(default=250, ge=50, le=5000)
    bfd_multiplier: int = Field(default=3, ge=2, le=20)
    mtu: int = Field(default=1420, ge=1280, le=1500)


class Dns(Model):
    """Zone defaults, in seconds."""

    ttl: int = Field(default=3600, ge=30, le=604800)
    trial_ttl: int = Field(default=60, ge=30, le=86400)
    forwarders: tuple[str, ...] = Field(default=(), description="resolvers for names outside the province")


class Ssh(Model):
    """How hosts are reached: the account, the port, and the networks from which SSH is accepted on the uplink."""

    user: str = "root"
    port: int = Field(default=22, ge=1, le=65535)
    operators: tuple[IPv4Network, ...] = Field(min_length=1)
    authorized_keys: tuple[PublicKey, ...] = Field(default=(), description="of operators, on new machines")


class Ports(Model):
    """A gateway's interfaces: the dedicated line, and the ports of each segment (`trunk`: all segments, tagged)."""

    uplink: str = "wan0"
    segments: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    trunk: str | None = None


class Defaults(Model):
    """What holds for every unit unless it says otherwise."""

    segments: dict[Label, Segment]
    policy: tuple[Rule, ...]
    ports: Ports = Ports()
    vpn: Vpn = Vpn()
    dns: Dns = Dns()
    time_servers: tuple[str, ...] = Field(default=(), description="NTP sources of hubs; gateways follow the hubs")
    logs_to: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.:-]+:\d{1,5}$")] | None = Field(
        default=None, description="host:port that machines ship their logs to, by syslog over TCP (RFC 6587)"
    )
    calendar: dict[Label, Dates] = Field(description="dates by wave")


class MailServer(Model):
    """The host of mail and directory. Without one a province has addresses, and no mailboxes."""

    name: HostName
    site: str


class Dkim(Model):
    """Signing keys (RFC 6376), one a selector, made on the server. All of `publish` are in DNS; one of them signs.

    To rotate: add a selector, enrol and apply; a day later sign with it and apply; a week later take out the old one.
    """

    publish: tuple[Selector, ...] = Field(default=("h1",), min_length=1)
    sign_with: Selector = "h1"


class Passwords(Model):
    """What the directory asks of a password, and when it locks an account for a while."""

    min_length: int = Field(default=12, ge=8, le=128)
    lockout_after: int = Field(default=10, ge=3, le=100, description="wrong passwords in a row")
    lockout_minutes: int = Field(default=15, ge=1, le=1440)


class Backup(Model):
    """Mailboxes and directory, every day, by restic. `repository` is restic's own word for it (a folder, sftp:...)."""

    repository: str = Field(default="/var/backups/haicap", min_length=1, max_length=250)
    at: Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "02:30"
    keep_days: int = Field(default=30, ge=1, le=3650)


class Mail(Model):
    """Official mail: addresses, the server and its limits, and how many days what is over is kept.

    `person` and `role` are templates of the part before the `@`. A person's fields are {given} {initials} {family}
    {number} {unit}, a role mailbox's {role} {unit}. What stands between them is the separator; the one before an empty
    field goes with it.
    """

    server: MailServer | None = None
    relay: Domain | None = Field(default=None, description="the host that takes mail for the world outside")
    officers: tuple[AgeRecipient, ...] = Field(
        default=(), description="age recipients that first passwords are sealed to, where a unit has none of its own"
    )
    dkim: Dkim = Dkim()
    passwords: Passwords = Passwords()
    backup: Backup = Backup()
    quota_mib: int = Field(default=2048, ge=1, le=1048576)
    quotas_mib: dict[str, int] = Field(default_factory=dict, description="by the first words of a position")
    message_mib: int = Field(default=25, ge=1, le=150)
    hourly_recipients: int = Field(default=300, ge=1, le=100000, description="of one account, before mail is refused")
    domains_until: dict[Domain, date] = Field(
        default_factory=dict, description="the last day on which a former domain receives; the others have none"
    )

    person: str = Field(default="{given}{initials}{number}.{unit}", min_length=1, max_length=100)
    role: str = Field(default="{role}.{unit}", min_length=1, max_length=100)
    forward_days: int = Field(default=365, ge=0, le=36500, description="an old unit's address forwards, after a move")
    frozen_days: int = Field(default=90, ge=0, le=36500, description="mail is received but not read, after leaving")
    archived_days: int = Field(default=1825, ge=0, le=36500, description="the export is kept, after that")


class Hypervisor(Model):
    """A host of virtual machines, and how much of it they may have. Machines of one platform keep to different failure
    domains while they can."""

    name: HostName
    site: str
    failure_domain: Label
    vcpus: int = Field(ge=1, le=4096)
    memory_mib: int = Field(ge=256, le=67108864)
    disk_gib: int = Field(ge=1, le=1048576)


class Image(Model):
    """A disk that machines are born from. `source` is fetched by each hypervisor once, and held against its sum."""

    name: Label
    source: ImageSource
    sha256: Sha256
    format: Literal["qcow2", "raw"] = "qcow2"


class Profile(Model):
    """A size of machines. Up to `max_...` it grows while the machine runs."""

    vcpus: int = Field(ge=1, le=256)
    memory_mib: int = Field(ge=128, le=4194304)
    root_gib: int = Field(ge=1, le=65536)
    max_vcpus: int | None = Field(default=None, ge=1, le=256)
    max_memory_mib: int | None = Field(default=None, ge=128, le=4194304)


class Audit(Model):
    """What in the log is somebody's own, by field, and for how long it is kept before a redaction may take it out."""

    personal: tuple[Personal, ...] = PERSONAL
    keep_days: int = Field(default=1825, ge=1, le=36500)


class Province(Model):
    """`province.yml`."""

    code: Annotated[str, StringConstraints(pattern=r"^\d{2}$")]
    name: str
    agency_code: AgencyCode
    domain: Domain
    legacy_domains: tuple[Domain, ...] = ()
    merger_date: date
    hostmaster: str | None = Field(
        default=None, description="mail address in the zones' SOA; default hostmaster@domain"
    )
    pools: Pools
    hubs: tuple[Hub, ...] = Field(min_length=1)
    name_servers: tuple[NameServer, ...] = Field(min_length=1)
    ssh: Ssh
    mail: Mail = Mail()
    hypervisors: tuple[Hypervisor, ...] = ()
    images: tuple[Image, ...] = ()
    profiles: dict[Label, Profile] = Field(default_factory=dict)
    audit: Audit = Audit()
    defaults: Defaults

    @property
    def servers(self) -> dict[str, ServerRole]:
        """The hosts that units share, by name: hubs, name servers, the mail server, hypervisors."""
        servers: dict[str, ServerRole] = {hub.name: "hub" for hub in self.hubs}
        servers |= {server.name: "dns" for server in self.name_servers}
        servers |= {self.mail.server.name: "mail"} if self.mail.server else {}
        return servers | {hypervisor.name: "hypervisor" for hypervisor in self.hypervisors}


class Predecessor(Model):
    """An old commune that went, wholly or in part, into the unit. `names`: its old DNS names, kept as aliases."""

    code: UnitCode
    share: Literal["whole", "part"] = "whole"
    note: str | None = None
    names: tuple[Domain, ...] = ()


class Office(Model):
    """The main office: the dedicated line's one connection point. WGS 84 degrees."""

    address: str | None = None
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)


class Host(Model):
    """A device with a reserved address and a name of its own, on one segment."""

    name: Label
    segment: str
    mac: MacAddress


class SegmentOverride(Model):
    """A unit's own size for a segment."""

    hosts: int = Field(ge=2, le=4000)


class Overrides(Model):
    """What one unit does differently."""

    segments: dict[Label, SegmentOverride] = Field(default_factory=dict)
    calendar: dict[System, Dates] = Field(default_factory=dict)
    ports: Ports | None = None
    label: Label | None = Field(default=None, description="DNS label to use at the first lock instead of the rule's")


class Unit(Model):
    """A commune-level unit. Its permanent identity is (code, valid_from): codes are reused over the years."""

    code: UnitCode
    name: str = Field(min_length=1, max_length=100)
    kind: Kind
    valid_from: date
    predecessors: tuple[Predecessor, ...] = ()
    agency_code: AgencyCode
    staff: int = Field(ge=1, le=2000)
    wave: Label
    office: Office
    hosts: tuple[Host, ...] = ()
    overrides: Overrides = Overrides()

    @property
    def identity(self) -> str:
        """`24958@2025-07-01`: the key in lock files."""
        return f"{self.code}@{self.valid_from.isoformat()}"

    @property
    def gateway(self) -> str:
        """The gateway's host name, `gw-24958`."""
        return f"gw-{self.code}"


class Units(Model):
    """`units.yml`."""

    units: tuple[Unit, ...]


class Inventory(Model):
    """A province, its units and platforms, as checked by the rules. `slug` is the folder's name, `lam-dong`.

    `products` are the roles of its own, by name. `approvers` are None where nothing is said of who may approve.
    """

    slug: str
    province: Province
    units: tuple[Unit, ...]
    platforms: tuple[Platform, ...] = ()
    products: dict[str, Product] = Field(default_factory=dict)
    approvers: Approvers | None = None
