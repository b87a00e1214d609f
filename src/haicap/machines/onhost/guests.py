"""libvirt's domains: found, told apart from others', started, stopped, waited for."""

from __future__ import annotations

import socket
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from haicap.machines.onhost.disks import SNAPSHOT
from haicap.machines.onhost.facts import paths_in, read_facts
from haicap.machines.onhost.marks import NAMESPACE, PREFIX, Mark, read_mark, seal_of
from haicap.machines.onhost.names import POOL

_LIBVIRT_POOL = "haicap"
_PAUSE = 0.5
_SSH = 22
SHUTDOWN_SECONDS = 60.0


class Hypervisor:
    """This host's libvirt. OSError when it does not answer."""

    def __init__(self) -> None:
        import libvirt

        self.libvirt: Any = libvirt
        libvirt.registerErrorHandler(lambda *_: None, None)  # or else it prints what is answered anyway
        try:
            self._connection = libvirt.open("qemu:///system")
        except libvirt.libvirtError as error:
            raise OSError(f"libvirt does not answer: {error}; see `systemctl status libvirtd` there") from error

    @property
    def accelerated(self) -> bool:
        """Whether the kernel runs guests, or QEMU must translate them."""
        capabilities = ET.fromstring(self._connection.getCapabilities())
        return any(domain.get("type") == "kvm" for domain in capabilities.iter("domain"))

    def domains(self) -> list[Any]:
        """All domains, ours or not."""
        return list(self._connection.listAllDomains())

    def find(self, name: str) -> Any:
        """A domain; None when there is none."""
        return next((domain for domain in self.domains() if domain.name() == name), None)

    def define(self, definition: str) -> Any:
        """Define a domain, or change the definition of the one with its name and UUID."""
        return self._connection.defineXML(definition)

    def ensure_pool(self) -> None:
        """The folder, and libvirt's pool of it, for those who look with virsh. ValueError when the name is taken."""
        for folder, mode in ((POOL.parent, 0o755), (POOL, 0o711)):  # QEMU's own user has to get through
            if not folder.is_dir():
                folder.mkdir()
                folder.chmod(mode)
        pools = {pool.name(): pool for pool in self._connection.listAllStoragePools()}
        pool = pools.get(_LIBVIRT_POOL) or self._connection.storagePoolDefineXML(
            f"<pool type='dir'><name>{_LIBVIRT_POOL}</name><target><path>{POOL}</path></target></pool>"
        )
        target = ET.fromstring(pool.XMLDesc()).findtext("target/path")
        if target != str(POOL):
            raise ValueError(f'libvirt\'s pool "{_LIBVIRT_POOL}" is {target}, not {POOL}; give that pool another name')
        pool.setAutostart(1)
        if not pool.isActive():
            pool.create(0)

    def users_of(self, path: Path) -> list[str]:
        """The domains that have a file among their disks, or below them, running or not."""
        return sorted(
            domain.name()
            for domain in self.domains()
            if any(str(path) in paths_in(text) for text in (definition_of(domain), running_definition(domain)) if text)
        )


def definition_of(domain: Any) -> str:
    """What is defined, as it is after the next start."""
    import libvirt

    return str(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))


def running_definition(domain: Any) -> str:
    """What runs; "" when it is off."""
    return str(domain.XMLDesc(0)) if domain.isActive() else ""


def claim(domain: Any, wanted: Mapping[str, Any]) -> Mark | None:
    """The mark of a domain; None for none. ValueError when the domain is not this machine of this province."""
    if domain is None:
        return None
    name, mark = wanted["machine"], read_mark(definition_of(domain))
    if mark is None:
        raise ValueError(
            f'there is a domain "{name}" that haicap did not make: rename it (`virsh domrename`) or undefine it, '
            "or give our machine another name"
        )
    if (mark.province, mark.name) != (wanted["province"], name):
        raise ValueError(
            f'the domain "{name}" is the machine {mark.name} of the province {mark.province}: '
            "rename one of them, or put ours on another hypervisor"
        )
    return mark


def set_mark(domain: Any, mark: Mark) -> None:
    """Write the mark, into the definition and beside what runs."""
    import libvirt

    flags = libvirt.VIR_DOMAIN_AFFECT_CONFIG | (libvirt.VIR_DOMAIN_AFFECT_LIVE if domain.isActive() else 0)
    domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, mark.text(), PREFIX, NAMESPACE, flags)


def seal(domain: Any) -> str:
    """The digest of the definition as it is now."""
    return seal_of(definition_of(domain))


def state_of(domain: Any) -> str:
    """running, stopped, or libvirt's word for what is neither."""
    words = ("no state", "running", "blocked", "paused", "shutting down", "stopped", "crashed", "suspended")
    state = domain.state()[0]
    return "running" if words[state] == "blocked" else words[state]


def start(domain: Any) -> None:
    """Have it run: what is off is started, what is paused goes on."""
    if not domain.isActive():
        if domain.hasManagedSaveImage():
            domain.managedSaveRemove()  # it would start as it was defined then
        domain.create()
    elif state_of(domain) == "paused":
        domain.resume()


def stop(domain: Any, seconds: float = SHUTDOWN_SECONDS) -> None:
    """Have it shut down in order, and cut it off when it has not after so many seconds."""
    import libvirt

    def off() -> bool:
        return not domain.isActive()

    try:
        if not off():
            domain.shutdownFlags(libvirt.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN)
            if not _wait(off, seconds):
                domain.destroy()
    except libvirt.libvirtError:
        if not off():  # it may have gone by itself meanwhile
            raise


def undefine(domain: Any) -> None:
    """Take a domain that is off away, with all that libvirt itself keeps of it."""
    import libvirt

    flags = (
        libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
        | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
        | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
        | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
    )
    domain.undefineFlags(flags)


def drop_foreign_disks(domain: Any, machine: str) -> None:
    """Take disks that were added by hand out of the definition; their files stay."""
    import libvirt

    definition = definition_of(domain)
    own = {"vda", "vdz", *read_facts(definition).data_disks(machine).values()}
    for disk in ET.fromstring(definition).findall("devices/disk"):
        target = disk.find("target")
        if target is not None and target.get("dev") not in own:
            domain.detachDeviceFlags(ET.tostring(disk, "unicode"), libvirt.VIR_DOMAIN_AFFECT_CONFIG)


def snapshot_of(domain: Any) -> Any:
    """What is kept of the machine as it was before a change that it has not come through yet; None when nothing is."""
    return next((one for one in domain.listAllSnapshots() if one.getName() == SNAPSHOT), None)


def wait_for_ssh(domain: Any, address: str, seconds: float) -> bool:
    """Wait until an SSH server greets at the address; False when none did in time, or the domain is off."""
    found = _wait(lambda: _greets(address) or not domain.isActive(), seconds)
    return found and bool(domain.isActive())


def _greets(address: str) -> bool:
    try:
        with socket.create_connection((address, _SSH), timeout=2) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def _wait(done: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE)
    return True
