"""What is done to a machine while it runs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from haicap.machines.onhost import disks
from haicap.machines.onhost.change import Live
from haicap.machines.onhost.commands import GIB
from haicap.machines.onhost.definition import data_disk
from haicap.machines.onhost.facts import Facts, read_facts
from haicap.machines.onhost.guests import running_definition
from haicap.machines.onhost.names import Names

_DETACHED = 20.0  # seconds that a guest has to let go of a disk


def change_live(
    domain: Any, change: Live, wanted: Facts, sizes: Mapping[str, int], names: Names, *, accelerated: bool
) -> bool:
    """Do the change, and grow data disks to `sizes` (GiB); False when the guest, or its hardware, does not take it."""
    import libvirt

    live = libvirt.VIR_DOMAIN_AFFECT_LIVE
    try:
        if change.vcpus is not None:
            domain.setVcpusFlags(change.vcpus, live)
        if change.memory_mib is not None:
            domain.setMemoryFlags(change.memory_mib * 1024, live)
        for name in change.detached:
            if not _detach(domain, name, names, accelerated=accelerated):
                return False
        for name, gib in sizes.items():
            if name not in change.attached and (disks.size_of(names.disk(name)) or 0) < gib * GIB:
                place = read_facts(running_definition(domain)).data_disks(names.machine)[name]
                domain.blockResize(place, gib * GIB, libvirt.VIR_DOMAIN_BLOCK_RESIZE_BYTES)
        for name in change.attached:
            disks.grow(names.disk(name), sizes[name])
            place = wanted.data_disks(names.machine)[name]
            domain.attachDeviceFlags(data_disk(names.disk(name), place, name, accelerated=accelerated), live)
    except libvirt.libvirtError:
        return False
    return True


def _detach(domain: Any, name: str, names: Names, *, accelerated: bool) -> bool:
    """Take a data disk from the guest, and wait until it let go."""
    import libvirt

    place = read_facts(running_definition(domain)).data_disks(names.machine)[name]
    device = data_disk(names.disk(name), place, name, accelerated=accelerated)
    domain.detachDeviceFlags(device, libvirt.VIR_DOMAIN_AFFECT_LIVE)
    deadline = time.monotonic() + _DETACHED
    while name in read_facts(running_definition(domain)).data_disks(names.machine):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True
