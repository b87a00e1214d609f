"""A machine as it was before a change: kept until it answers again, and put back if it does not.

It is libvirt's own snapshot, taken while the machine is off: it holds the definition, and the root disk inside the root
disk's file. Where a change makes the root disk anew, the old one is set aside as a file.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

from haicap.machines.onhost import disks
from haicap.machines.onhost.definition import ROOT
from haicap.machines.onhost.facts import read_facts
from haicap.machines.onhost.guests import Hypervisor, definition_of, snapshot_of
from haicap.machines.onhost.marks import Mark, read_mark
from haicap.machines.onhost.names import Names


def keep_former(domain: Any, names: Names) -> None:
    """Keep the machine, which is off, as it is; unless something older is kept: it is what answered last."""
    if snapshot_of(domain) is None and names.root.exists():
        disks.drop_snapshots(names.root)
        domain.snapshotCreateXML(_snapshot_xml(list(read_facts(definition_of(domain)).disks)), 0)


def set_root_aside(domain: Any, names: Names) -> None:
    """Make room for a new root disk and seed."""
    if snapshot_of(domain) is None:
        _drop_files(names)
        names.root.unlink(missing_ok=True)
        names.seed.unlink(missing_ok=True)
    else:
        disks.set_aside(names.root, names.former_root)
        disks.set_aside(names.seed, names.former_seed)


def former_mark(domain: Any) -> Mark | None:
    """The mark that the machine had before the change; None when nothing is kept."""
    snapshot = snapshot_of(domain)
    return read_mark(_definition_in(snapshot)) if snapshot is not None else None


def put_files_back(names: Names) -> None:
    """Undo `set_root_aside`."""
    disks.put_back(names.root, names.former_root)
    disks.put_back(names.seed, names.former_seed)


def put_former_back(hypervisor: Hypervisor, domain: Any, names: Names) -> Any:
    """Make the machine, which is off, what it was; its domain. The mark comes first: it says which root disk is due."""
    import libvirt

    snapshot = snapshot_of(domain)
    domain = hypervisor.define(_definition_in(snapshot))
    put_files_back(names)
    disks.go_back(names.root)
    snapshot_of(domain).delete(libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY)
    disks.drop_snapshots(names.root)
    return domain


def drop_former(domain: Any, names: Names) -> None:
    """Forget what the machine was, running or not."""
    import libvirt

    aside = names.former_root.exists()
    _drop_files(names)
    if (snapshot := snapshot_of(domain)) is not None:
        snapshot.delete(libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY if aside else 0)


def _drop_files(names: Names) -> None:
    names.former_root.unlink(missing_ok=True)
    names.former_seed.unlink(missing_ok=True)


def _snapshot_xml(places: list[str]) -> str:
    snapshot = ET.Element("domainsnapshot")
    ET.SubElement(snapshot, "name").text = disks.SNAPSHOT
    listed = ET.SubElement(snapshot, "disks")
    for place in places:
        ET.SubElement(listed, "disk", name=place, snapshot="internal" if place == ROOT else "no")
    return ET.tostring(snapshot, "unicode")


def _definition_in(snapshot: Any) -> str:
    found = ET.fromstring(snapshot.getXMLDesc()).find("domain")
    if found is None:
        raise ValueError(
            "libvirt's snapshot of the machine holds no definition; delete it with `virsh snapshot-delete`"
        )
    return ET.tostring(found, "unicode")
