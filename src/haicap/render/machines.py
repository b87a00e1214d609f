"""The files of a hypervisor, and what a machine is born with."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from haicap.design.machines import GATEWAY6, HypervisorDesign, MachineDesign
from haicap.render.file import File, fill

HYPERVISOR_PACKAGES = (
    *("libvirt-clients", "libvirt-daemon-system", "python3-libvirt"),
    *("qemu-system-x86", "qemu-utils", "xorriso"),
)
HYPERVISOR_SERVICES = ("libvirt-guests", "libvirtd")
CLOUD_INIT = ("meta-data", "user-data", "network-config")


def hypervisor_files(hypervisor: HypervisorDesign) -> Iterator[File]:
    """What stands on a hypervisor because of its machines."""
    network = f"/etc/systemd/network/20-haicap-{hypervisor.bridge}"
    routes = [{"guest": guest, "gateway": _gateway(hypervisor, guest.address)} for guest in hypervisor.guests]
    yield File(f"{network}.netdev", "hypervisor/linux/bridge.netdev.j2")
    yield File(f"{network}.network", "hypervisor/linux/bridge.network.j2", {"gateway6": GATEWAY6, "routes": routes})
    yield File("/etc/tmpfiles.d/haicap-machines.conf", "hypervisor/linux/tmpfiles.conf.j2")
    yield File("/etc/default/libvirtd", "hypervisor/linux/libvirtd.default.j2")
    yield File("/etc/default/libvirt-guests", "hypervisor/linux/libvirt-guests.default.j2")
    yield File("/etc/systemd/system/libvirtd.service.d/haicap.conf", "hypervisor/linux/libvirtd.service.j2")


def cloud_init(machine: MachineDesign) -> dict[str, str]:
    """A machine's NoCloud seed by file name: who it is, its network, whose keys open it; nothing of data disks."""
    return {name: fill(f"machine/cloud-init/{name}.j2", machine=machine, gateway6=GATEWAY6) for name in CLOUD_INIT}


def _gateway(hypervisor: HypervisorDesign, address: str) -> str:
    """The gateway of a machine's network: gateways are first addresses, so it is the last one below the machine's."""
    gateways = (IPv4Address(gateway) for gateway in hypervisor.gateways)
    return str(max(gateway for gateway in gateways if gateway < IPv4Address(address)))
