"""What a domain's XML says of a machine, as plain values, from a definition of ours or of libvirt's, running or not."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_KIB = {"b": 1 / 1024, "bytes": 1 / 1024, "k": 1, "KiB": 1, "M": 1024, "MiB": 1024, "G": 1024**2, "GiB": 1024**2}
# What libvirt adds by itself, or tells otherwise of a domain that runs.
_UNTOLD = {"emulator", "controller", "console", "input", "audio", "watchdog", "disk", "interface"}


@dataclass(frozen=True)
class Disk:
    """A disk: its file, and whether the guest may write to it."""

    path: str
    format: str
    writable: bool


@dataclass(frozen=True)
class Network:
    """A network interface."""

    bridge: str
    mac: str
    model: str


@dataclass(frozen=True)
class Facts:
    """A domain. `disks` by place ("vda"); memory in MiB; `others` are all other devices: kind and model."""

    vcpus: int
    max_vcpus: int
    memory_mib: int
    max_memory_mib: int
    disks: Mapping[str, Disk]
    networks: tuple[Network, ...]
    others: tuple[str, ...]

    def fixed(self, machine: str) -> dict[str, object]:
        """What no running machine can change, by what it is called: all but its processors and its memory in use, and
        its own data disks."""
        own = self.data_disks(machine).values()
        return {
            "max_vcpus": self.max_vcpus,
            "max_memory_mib": self.max_memory_mib,
            "disks that are not data disks": {place: disk for place, disk in self.disks.items() if place not in own},
            "network": self.networks,
            "devices": self.others,
        }

    def data_disks(self, machine: str) -> dict[str, str]:
        """The data disks of this machine by the names that their files bear -> their places."""
        names = {place: Path(disk.path).name for place, disk in self.disks.items() if place not in ("vda", "vdz")}
        start, end = f"{machine}-", ".qcow2"
        return {
            name.removeprefix(start).removesuffix(end): place
            for place, name in names.items()
            if name.startswith(start) and name.endswith(end)
        }


def read_facts(definition: str) -> Facts:
    """The facts of a domain's XML."""
    domain = ET.fromstring(definition)
    vcpu = domain.find("vcpu")
    most = int(vcpu.text or 1) if vcpu is not None else 1
    devices = domain.find("devices")
    found = list(devices) if devices is not None else []
    return Facts(
        vcpus=int(vcpu.get("current", most)) if vcpu is not None else 1,
        max_vcpus=most,
        memory_mib=_mib(domain.find("currentMemory"), domain.find("memory")),
        max_memory_mib=_mib(domain.find("memory")),
        disks={_value(disk, "target", "dev"): _disk(disk) for disk in found if disk.tag == "disk"},
        networks=tuple(sorted((_network(each) for each in found if each.tag == "interface"), key=lambda net: net.mac)),
        others=tuple(sorted(_other(device) for device in found if device.tag not in _UNTOLD)),
    )


def paths_in(definition: str) -> set[str]:
    """All files that are disks of a domain, with what they are based on where that is told."""
    domain = ET.fromstring(definition)
    return {source.get("file", "") for source in domain.findall("devices/disk//source")} - {""}


def machine_type(definition: str) -> str:
    """`pc-q35-7.2`: the hardware that a domain was defined with."""
    found = ET.fromstring(definition).find("os/type")
    return found.get("machine", "") if found is not None else ""


def _disk(disk: ET.Element) -> Disk:
    source = disk.find("source")
    path = "" if source is None else source.get("file") or source.get("dev") or source.get("name") or ""
    return Disk(path, _value(disk, "driver", "type"), disk.find("readonly") is None)


def _network(network: ET.Element) -> Network:
    source = network.find("source")
    bridge = "" if source is None else source.get("bridge") or source.get("network") or source.get("dev") or ""
    return Network(bridge, _value(network, "mac", "address"), _value(network, "model", "type"))


def _other(device: ET.Element) -> str:
    return " ".join(filter(None, (device.tag, device.get("type"), device.get("model"))))


def _value(element: ET.Element, tag: str, attribute: str) -> str:
    found = element.find(tag)
    return found.get(attribute, "") if found is not None else ""


def _mib(*elements: ET.Element | None) -> int:
    for element in elements:
        if element is not None:
            return round(int(element.text or 0) * _KIB.get(element.get("unit", "KiB"), 1) / 1024)
    return 0
