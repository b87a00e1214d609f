"""The files of a platform's machine: what every one has, whatever product stands on it, and the reference service's."""

from __future__ import annotations

from collections.abc import Iterator

from haicap.design.machines import PlatformHost
from haicap.errors import HaicapError
from haicap.render.file import File, HostFiles, texts

_PACKAGES = (
    *("chrony", "e2fsprogs", "nftables", "nginx-light", "openssl", "prometheus-node-exporter", "unattended-upgrades"),
)
_SERVICES = ("chrony", "nftables", "nginx", "prometheus-node-exporter", "ssh")
_REFERENCE_PACKAGES = ("postgresql-15", "python3-psycopg2")
_REFERENCE_SERVICES = ("haicap-reference", "postgresql@15-main")
_RESOLVERS = 3  # more are not asked (resolv.conf(5), MAXNS)


def render_platform(host: PlatformHost) -> HostFiles:
    """Every file of a platform's machine, with those that its product brings. HaicapError where both have one."""
    files = texts(host, _files(host))
    own = host.product.files if host.product else {}
    if taken := sorted(own.keys() & files.keys()):
        raise HaicapError(
            f"roles/{host.role}/files{taken[0]}: this file is haicap's on every machine of a platform; take it out."
        )
    return HostFiles({**files, **own}, _services(host), _packages(host))


def _files(host: PlatformHost) -> Iterator[File]:
    yield from _base_files(host)
    yield from _disk_files(host)
    yield from _proxy_files(host)
    if host.role == "reference":
        yield from _reference_files(host)
    if host.logs_to is not None:
        target, _, port = host.logs_to.rpartition(":")
        yield File("/etc/rsyslog.conf", "platform/linux/rsyslog.conf.j2", {"target": target, "port": port})


def _base_files(host: PlatformHost) -> Iterator[File]:
    sysctl = {"forwarding": 0, "binds_early": True}
    sets = (
        ("gateways", "ipv4_addr", host.gateways),
        ("allowed", "ipv4_addr", host.allowed),
        ("allowed6", "ipv6_addr", host.allowed6),
    )
    yield File("/etc/ssh/sshd_config.d/50-haicap.conf", "base/linux/sshd.conf.j2")
    yield File("/etc/sysctl.d/60-haicap.conf", "base/linux/sysctl.conf.j2", sysctl)
    yield File("/etc/chrony/chrony.conf", "base/linux/chrony.conf.j2", {"keeps_time": False, "serves_time": False})
    yield File("/etc/nftables.conf", "platform/linux/nftables.conf.j2", {"sets": sets})
    yield File("/etc/resolv.conf", "platform/linux/resolv.conf.j2", {"servers": host.resolvers[:_RESOLVERS]})
    yield File("/etc/apt/apt.conf.d/60haicap", "platform/linux/upgrades.conf.j2")
    yield File("/etc/default/prometheus-node-exporter", "platform/linux/node-exporter.default.j2")
    yield File("/etc/udev/rules.d/61-haicap-processors.rules", "platform/linux/processors.rules.j2")


def _disk_files(host: PlatformHost) -> Iterator[File]:
    if host.disks:
        yield File("/usr/local/lib/haicap/disk", "platform/linux/disk.j2")
        yield File("/etc/systemd/system/haicap-disk@.service", "platform/linux/disk.service.j2")
        yield File("/etc/udev/rules.d/61-haicap-disks.rules", "platform/linux/disks.rules.j2")


def _proxy_files(host: PlatformHost) -> Iterator[File]:
    names = _names(host)
    pages = "/usr/local/share/haicap"
    yield File("/etc/haicap/platform.json", "platform/linux/platform.json.j2", {"names": names})
    yield File("/etc/haicap/tls.pem", "platform/linux/tls.pem.j2")
    yield File("/etc/haicap/ca.pem", "platform/linux/ca.pem.j2")
    yield File("/etc/nginx/nginx.conf", "platform/linux/nginx.conf.j2", {"names": names, "frozen": _frozen(host)})
    yield File(f"{pages}/away.html", "platform/linux/away.html.j2")
    # It is there before the proxy shows it, and until it no longer does.
    yield File(f"{pages}/frozen.html", "platform/linux/frozen.html.j2")


def _reference_files(host: PlatformHost) -> Iterator[File]:
    programs, shared, on_disk = "/usr/local/lib/haicap", "/usr/local/share/haicap", "data" in host.disks
    yield File("/etc/sysusers.d/haicap-reference.conf", "reference/linux/sysusers.conf.j2")
    if on_disk:
        waits = "/etc/systemd/system/postgresql@15-main.service.d/haicap.conf"
        yield File(waits, "reference/linux/postgresql.service.j2")
        yield File(f"{programs}/database-folder", "reference/linux/database-folder.j2")
    settings = "/etc/postgresql/15/main/conf.d/haicap.conf"
    yield File(settings, "reference/linux/postgresql.conf.j2", {"on_disk": on_disk})
    yield File(f"{shared}/database.sql", "reference/linux/database.sql.j2")
    yield File(f"{shared}/records.sql", "reference/linux/records.sql.j2")
    yield File(f"{programs}/database", "reference/linux/database.j2", {"frozen": _frozen(host)})
    yield File(f"{programs}/data", "reference/linux/data.py.j2")
    yield File(f"{programs}/reference", "reference/linux/service.py.j2")
    yield File("/etc/systemd/system/haicap-reference.service", "reference/linux/service.service.j2")


def _names(host: PlatformHost) -> list[str]:
    """What users call the service, and the machine's own name, each once."""
    return list(dict.fromkeys((*host.names, host.fqdn)))


def _frozen(host: PlatformHost) -> bool:
    return host.stage == "frozen"


def _services(host: PlatformHost) -> dict[str, str]:
    names = [*_SERVICES, *(f"haicap-disk@{disk}" for disk in host.disks)]
    names += _REFERENCE_SERVICES if host.role == "reference" else ()
    names += host.product.role.services if host.product else ()
    names += ["rsyslog"] if host.logs_to is not None else []
    return dict.fromkeys(sorted(names), "active")


def _packages(host: PlatformHost) -> tuple[str, ...]:
    ships = ("rsyslog",) if host.logs_to is not None else ()
    reference = _REFERENCE_PACKAGES if host.role == "reference" else ()
    product = host.product.role.packages if host.product else ()
    return tuple(sorted({*_PACKAGES, *reference, *ships, *product}))
