"""A machine as libvirt's XML (libvirt.org/formatdomain.html)."""

from __future__ import annotations

import string
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from haicap.machines.onhost.marks import Mark
from haicap.machines.onhost.names import Names

ROOT, SEED = "vda", "vdz"
MACHINE_TYPE = "q35"
_LETTERS = string.ascii_lowercase[1:-1]
_FIXED_PORTS, _SPARE_PORTS = 5, 4  # network, root, seed, balloon, random numbers; disks that come while it runs


@dataclass(frozen=True)
class Setting:
    """What a definition needs beside the inputs.

    `targets` are the data disks' places by name ("vdb"), `accelerated` whether the kernel runs guests (KVM). `uuid` and
    `machine_type` are those that the machine has already, so that its hardware stays what it was.
    """

    targets: Mapping[str, str]
    accelerated: bool
    uuid: str = ""
    machine_type: str = MACHINE_TYPE


def define(wanted: Mapping[str, Any], names: Names, mark: Mark, setting: Setting) -> str:
    """The definition of a machine. Sizes are MiB."""
    domain = ET.Element("domain", type="kvm" if setting.accelerated else "qemu")
    _add(domain, "name", wanted["machine"])
    if setting.uuid:
        _add(domain, "uuid", setting.uuid)
    _add(domain, "metadata").append(mark.element())
    _add(domain, "memory", str(wanted["max_memory_mib"]), unit="MiB")
    _add(domain, "currentMemory", str(wanted["memory_mib"]), unit="MiB")
    _add(domain, "vcpu", str(wanted["max_vcpus"]), placement="static", current=str(wanted["vcpus"]))
    system = _add(domain, "os")
    _add(system, "type", "hvm", arch="x86_64", machine=setting.machine_type)
    _add(system, "boot", dev="hd")
    _add_processor(domain, accelerated=setting.accelerated)
    _add(domain, "clock", offset="utc")
    for event, action in (("poweroff", "destroy"), ("reboot", "restart"), ("crash", "restart")):
        _add(domain, f"on_{event}", action)
    domain.append(_devices(wanted, names, setting))
    return ET.tostring(domain, "unicode")


def data_disk(path: Path, target: str, name: str, *, accelerated: bool) -> str:
    """A data disk's element, as it is attached; the guest finds it as /dev/disk/by-id/virtio-<name>."""
    return ET.tostring(_qcow2(path, target, accelerated=accelerated, serial=name), "unicode")


def place_disks(disks: Iterable[str], found: Mapping[str, str]) -> dict[str, str]:
    """A place for each data disk: the one that it has, or the first free one. ValueError when there is none left."""
    places = {disk: found[disk] for disk in sorted(disks) if disk in found}
    free = [f"vd{letter}" for letter in _LETTERS if f"vd{letter}" not in places.values()]
    new = [disk for disk in sorted(disks) if disk not in found]
    if len(new) > len(free):
        raise ValueError(f"a machine holds at most {len(_LETTERS)} data disks")
    return {**places, **dict(zip(new, free, strict=False))}


def _add_processor(domain: ET.Element, *, accelerated: bool) -> None:
    features = _add(domain, "features")
    _add(features, "acpi")
    _add(features, "apic")
    if accelerated:
        _add(domain, "cpu", mode="host-model")
        return
    # QEMU alone translates: its buffer is memory of the hypervisor's, and takes half a gigabyte or more if it may.
    _add(_add(features, "tcg"), "tb-cache", "128", unit="MiB")
    _add(_add(domain, "cpu", mode="custom", match="exact"), "model", "qemu64", fallback="forbid")


def _devices(wanted: Mapping[str, Any], names: Names, setting: Setting) -> ET.Element:
    devices = ET.Element("devices")
    _add(devices, "controller", type="usb", model="none")
    _add(devices, "controller", type="pci", model="pcie-root")
    for _ in range(_FIXED_PORTS + len(setting.targets) + _SPARE_PORTS):
        _add(devices, "controller", type="pci", model="pcie-root-port")
    network = _add(devices, "interface", type="bridge")
    _add(network, "source", bridge=wanted["network"]["bridge"])
    _add(network, "mac", address=wanted["network"]["mac"])
    _add(network, "model", type="virtio")
    devices.append(_qcow2(names.root, ROOT, accelerated=setting.accelerated))
    devices.append(_seed(names.seed))
    for name, target in sorted(setting.targets.items(), key=lambda item: item[1]):
        devices.append(_qcow2(names.disk(name), target, accelerated=setting.accelerated, serial=name))
    console = _add(devices, "serial", type="file")
    _add(console, "source", path=str(names.console))
    balloon = _add(devices, "memballoon", model="virtio")
    _add(balloon, "stats", period="10")  # without it nobody can tell a guest that gives memory back from one that can't
    _add(_add(devices, "rng", model="virtio"), "backend", "/dev/urandom", model="random")
    return devices


def _qcow2(path: Path, target: str, *, accelerated: bool, serial: str = "") -> ET.Element:
    disk = ET.Element("disk", type="file", device="disk")
    driver = _add(disk, "driver", name="qemu", type="qcow2", discard="unmap")
    if not accelerated:
        driver.set("cache", "unsafe")
    _add(disk, "source", file=str(path))
    _add(disk, "target", dev=target, bus="virtio")
    if serial:
        _add(disk, "serial", serial)
        disk.set("snapshot", "no")  # a change that is taken back takes nothing of the data back
    return disk


def _seed(path: Path) -> ET.Element:
    """A virtio disk, not a CD: cloud kernels have no driver for the q35 machine's drives."""
    disk = ET.Element("disk", type="file", device="disk")
    _add(disk, "driver", name="qemu", type="raw")
    _add(disk, "source", file=str(path))
    _add(disk, "target", dev=SEED, bus="virtio")
    _add(disk, "readonly")
    return disk


def _add(parent: ET.Element, tag: str, text: str = "", **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, tag, attributes)
    element.text = text or None
    return element
