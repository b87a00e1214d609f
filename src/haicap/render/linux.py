"""A Debian host's files: which template makes which path, and what it is given. Templates decide nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from haicap.design.lan import CLIENT_MAC, GATEWAY, OUTSIDE, VPN, Flow, LanDesign
from haicap.design.province import HostDesign
from haicap.render.file import File, HostFiles, texts
from haicap.render.machines import HYPERVISOR_PACKAGES, HYPERVISOR_SERVICES, hypervisor_files
from haicap.render.mail import mail_files

_BASE_PACKAGES = ("chrony", "frr", "frr-pythontools", "nftables", "wireguard-tools")
_LAN_PACKAGES = ("bind9-dnsutils", "iputils-ping", "kea-dhcp4-server", "radvd", "udhcpc", "unbound")
_DNS_PACKAGES = ("pdns-backend-sqlite3", "pdns-server", "sqlite3")
_MAIL_PACKAGES = (
    *("dovecot-imapd", "dovecot-ldap", "dovecot-lmtpd", "dovecot-managesieved", "dovecot-sieve", "ldap-utils"),
    *("opendkim", "openssl", "postfix", "postfix-ldap", "postfwd", "python3-ldap", "slapd", "unbound"),
    *("age", "restic"),
)
_MAIL_SERVICES = ("dovecot", "haicap-backup.timer", "opendkim", "postfix", "postfix@-", "postfwd", "slapd", "unbound")
_MAIL_LISTENING = ("tcp dport { 25, 465, 587, 636, 993, 4190 }",)
_LISTENING = ("udp dport 53", "tcp dport 53")


def render_host(host: HostDesign) -> HostFiles:
    """Render every file of a host."""
    return HostFiles(texts(host, _files(host)), services_of(host), _packages(host))


def _files(host: HostDesign) -> Iterator[File]:
    yield File("/etc/ssh/sshd_config.d/50-haicap.conf", "base/linux/sshd.conf.j2", {})
    sysctl = {"forwarding": int(_forwards(host)), "binds_early": host.mail is not None}
    yield File("/etc/sysctl.d/60-haicap.conf", "base/linux/sysctl.conf.j2", sysctl)
    time = {"keeps_time": host.role == "hub", "serves_time": host.role == "hub" or host.lan is not None}
    yield File("/etc/chrony/chrony.conf", "base/linux/chrony.conf.j2", time)
    yield File("/etc/nftables.conf", "base/linux/nftables.conf.j2", _firewall(host))
    yield File("/etc/systemd/network/10-haicap-lo.network", "base/linux/lo.network.j2", {})
    yield from _vpn_files(host)
    if host.lan is not None:
        yield from _lan_files(host, host.lan)
    if host.dns is not None:
        yield File("/etc/powerdns/pdns.d/haicap.conf", "dns/linux/pdns.conf.j2", {})
    if host.mail is not None:
        yield from mail_files(host.mail)
    if host.hypervisor is not None:
        yield from hypervisor_files(host.hypervisor)


def _forwards(host: HostDesign) -> bool:
    """Whether a host passes on what is not for itself."""
    return host.role in ("gateway", "hub", "hypervisor")


def _vpn_files(host: HostDesign) -> Iterator[File]:
    announces = "pools" if host.role == "hub" else "own"
    frr = {"announces": announces, "forwards": _forwards(host)}
    yield File("/etc/frr/frr.conf", "vpn/linux/frr.conf.j2", frr)
    yield File("/etc/frr/daemons", "vpn/linux/daemons.j2", {})
    yield File("/usr/local/lib/haicap/wg-reload", "vpn/linux/wg-reload.j2", {})
    yield File("/etc/systemd/system/wg-quick@.service.d/haicap.conf", "vpn/linux/wg-quick.conf.j2", {})
    for interface in host.vpn.interfaces:
        yield File(f"/etc/wireguard/{interface.name}.conf", "vpn/linux/wireguard.conf.j2", {"interface": interface})


def _lan_files(host: HostDesign, lan: LanDesign) -> Iterator[File]:
    zone = host.fqdn.partition(".")[2]
    dhcp = [segment for segment in lan.segments if segment.dhcp]
    yield File("/etc/kea/kea-dhcp4.conf", "lan/linux/kea-dhcp4.conf.j2", {"dhcp": dhcp, "zone": zone})
    waits = "/etc/systemd/system/kea-dhcp4-server.service.d/haicap.conf"
    yield File(waits, "lan/linux/kea.service.j2", {"dhcp": dhcp})
    yield File("/etc/radvd.conf", "lan/linux/radvd.conf.j2", {"zone": zone})
    yield File("/etc/unbound/unbound.conf.d/haicap.conf", "lan/linux/unbound.conf.j2", {"segments": lan.segments})
    yield File("/usr/local/lib/haicap/client", "lan/linux/client.j2", {"client_mac": CLIENT_MAC})
    yield File("/etc/systemd/system/haicap-client@.service", "lan/linux/client.service.j2", {})
    network = "/etc/systemd/network"
    for segment in lan.segments:
        values = {"segment": segment}
        yield File(f"{network}/20-haicap-{segment.bridge}.netdev", "lan/linux/bridge.netdev.j2", values)
        yield File(f"{network}/20-haicap-{segment.bridge}.network", "lan/linux/bridge.network.j2", values)
        tagged = f"{lan.trunk}.{segment.vlan}" if lan.trunk else None
        if tagged:
            yield File(f"{network}/15-haicap-{tagged}.netdev", "lan/linux/vlan.netdev.j2", values)
        for port in (*segment.ports, *([tagged] if tagged else [])):
            yield File(f"{network}/30-haicap-{port}.network", "lan/linux/port.network.j2", values | {"port": port})
    if lan.trunk:
        yield File(f"{network}/14-haicap-{lan.trunk}.network", "lan/linux/trunk.network.j2", {})


def _firewall(host: HostDesign) -> dict[str, Any]:
    lan = host.lan
    flows = lan.flows if lan is not None else ()
    interfaces = _zone_interfaces(host)
    named = [_named(flow, interfaces) for flow in flows]
    return {
        "uplink": lan.uplink if lan is not None else "wan0",
        "tunnels": interfaces[VPN],
        "listen": [interface.port for interface in host.vpn.interfaces if interface.port is not None],
        "serves": [
            *(_LISTENING if host.dns else ()),
            *(_MAIL_LISTENING if host.mail else ()),
            *(("udp dport 123",) if host.role == "hub" else ()),
        ],
        "transit": host.role == "hub",
        "masquerade": lan is not None,
        "input_flows": [flow for flow in named if flow["zone"] == GATEWAY],
        "forward_flows": [flow for flow in named if flow["zone"] != GATEWAY],
    }


def _zone_interfaces(host: HostDesign) -> dict[str, str]:
    """nftables' interface match of each zone."""
    wireguard = ", ".join(f'"{name}"' for name in _tunnel_names(host))
    zones = {VPN: f"{{ {wireguard} }}", GATEWAY: ""}
    if host.lan is not None:
        zones[OUTSIDE] = f'"{host.lan.uplink}"'
        zones |= {segment.name: f'"{segment.bridge}"' for segment in host.lan.segments}
    return zones


def _tunnel_names(host: HostDesign) -> list[str]:
    """The WireGuard interfaces; one that never exists where no hub is enrolled yet."""
    return [interface.name for interface in host.vpn.interfaces] or ["wg-none"]


def _named(flow: Flow, interfaces: Mapping[str, str]) -> dict[str, str]:
    return {
        "zone": flow.target,
        "source": interfaces[flow.source],
        "target": interfaces[flow.target],
        "match": _match(flow.service),
        "name": f"{flow.source} to {flow.target}",
    }


def _match(service: str) -> str:
    if service == "any":
        return ""
    if service == "icmp":
        return "meta l4proto { icmp, icmpv6 } "
    protocol, _, port = service.partition("/")
    return f"{protocol} dport {port} "


def services_of(host: HostDesign) -> dict[str, str]:
    """The systemd units that stand on a host, and the state they are to be in."""
    names = ["chrony", "frr", "nftables", "ssh", "systemd-networkd"]
    names += [f"wg-quick@{interface.name}" for interface in host.vpn.interfaces]
    if host.lan is not None:
        names += ["kea-dhcp4-server", "radvd", "unbound"]
        names += [f"haicap-client@{segment.name}" for segment in host.lan.segments]
    if host.dns is not None:
        names += ["pdns"]
    if host.mail is not None:
        names += _MAIL_SERVICES
    if host.hypervisor is not None:
        names += HYPERVISOR_SERVICES
    return dict.fromkeys(sorted(names), "active")


def _packages(host: HostDesign) -> tuple[str, ...]:
    lan = _LAN_PACKAGES if host.lan is not None else ()
    dns = _DNS_PACKAGES if host.dns is not None else ()
    mail = _MAIL_PACKAGES if host.mail is not None else ()
    machines = HYPERVISOR_PACKAGES if host.hypervisor is not None else ()
    return tuple(sorted((*_BASE_PACKAGES, *lan, *dns, *mail, *machines)))
