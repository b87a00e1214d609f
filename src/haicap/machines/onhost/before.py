"""A machine as it was before a change: kept until it answers again, and put back if it does not.

It is a snapshot as libvirt knows them: it holds the definition, and the root disk inside the root disk's file. Libvirt
itself would take it of all disks or of none, so it is told of one that was taken of the root disk alone. Where a change
makes the root disk anew, the old one is set aside as a file.
"""

from __future__ import annotations

import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

from haicap.machines.onhost import disks
from haicap.machines.onhost.definition import ROOT
from haicap.machines.onhost.facts import read_facts
from haicap.machines.onhost.guests import Hypervisor, definition_of, drop_foreign_disks, snapshot_of
from haicap.machines.onhost.marks import Mark, read_mark
from haicap.machines.onhost.names import Names


def keep_former(domain: Any, names: Names) -> None:
    """Keep the machine, which is off, as it is; unless something older is kept: it is what answered last."""
    import libvirt

    if snapshot_of(domain) is None and names.root.exists():
        disks.drop_snapshots(names.root)
        drop_foreign_disks(domain, names.machine)
        disks.take_snapshot(names.root)
        domain.snapshotCreateXML(_snapshot_xml(definition_of(domain)), libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE)


def set_aside(domain: Any, path: Path, former: Path) -> None:
    """Make room for a new root disk or seed; the old one is kept where the machine is."""
    if snapshot_of(domain) is not None:
        disks.set_aside(path, former)
    else:
        former.unlink(missing_ok=True)
        path.unlink(missing_ok=True)


def former_mark(domain: Any) -> Mark | None:
    """The mark that the machine had before the change; None when nothing is kept."""
    snapshot = snapshot_of(domain)
    return read_mark(_definition_in(snapshot)) if snapshot is not None else None


def finish_putting_back(mark: Mark, former: Mark, names: Names) -> None:
    """Put back what was set aside for a definition that did not come, or went: the mark says which files are due."""
    if mark.birth == former.birth:
        disks.put_back(names.root, names.former_root)
    if mark.seed == former.seed:
        disks.put_back(names.seed, names.former_seed)


def put_former_back(hypervisor: Hypervisor, domain: Any, names: Names) -> Any:
    """Make the machine, which is off, what it was; its domain. The mark comes first: it says which root disk is due."""
    import libvirt

    snapshot = snapshot_of(domain)
    domain = hypervisor.define(_definition_in(snapshot))
    disks.put_back(names.root, names.former_root)
    disks.put_back(names.seed, names.former_seed)
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


def _snapshot_xml(definition: str) -> str:
    snapshot = ET.Element("domainsnapshot")
    ET.SubElement(snapshot, "name").text = disks.SNAPSHOT
    ET.SubElement(snapshot, "state").text = "shutoff"
    ET.SubElement(snapshot, "creationTime").text = str(int(time.time()))
    listed = ET.SubElement(snapshot, "disks")
    for place in read_facts(definition).disks:
        ET.SubElement(listed, "disk", name=place, snapshot="internal" if place == ROOT else "no")
    snapshot.append(ET.fromstring(definition))
    return ET.tostring(snapshot, "unicode")


def _definition_in(snapshot: Any) -> str:
    found = ET.fromstring(snapshot.getXMLDesc()).find("domain")
    if found is None:
        raise ValueError(
            "libvirt's snapshot of the machine holds no definition; delete it with `virsh snapshot-delete`"
        )
    return ET.tostring(found, "unicode")
