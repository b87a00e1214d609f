"""A province as the command line finds it: its folder, its target (the live network, or a lab), and how to reach it.

While a lab of this folder is up, work goes to the lab, with keys and state of its own (`.lab/`): what is tried there
never touches what is recorded of the live network.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal

from haicap.addressing.agreement import verify
from haicap.addressing.lockfile import CERTIFICATES, CUTOVERS, KEYS, read_locks, read_mail
from haicap.addressing.model import Cutover, Locks
from haicap.design import ProvinceDesign, design_province
from haicap.design.accounts import People
from haicap.design.machines import Site
from haicap.errors import FindingsError
from haicap.inventory.loader import load
from haicap.inventory.model import Image, Inventory, Profile
from haicap.inventory.staff import Staff
from haicap.inventory.staff_loader import load_staff
from haicap.lab import Lab, guest_image
from haicap.reach.context import Connection
from haicap.reach.makes import Makes

Target = Literal["live", "lab"]


@dataclass(frozen=True)
class Workspace:
    """One province in one folder. `directory` holds `inventories/`."""

    directory: Path
    slug: str
    target: Target
    ssh_key: Path | None = None

    @classmethod
    def open(cls, directory: Path, slug: str, target: Target | None = None, ssh_key: Path | None = None) -> Workspace:
        """The province `slug` below `directory`; without a target, its lab when there is one, else the live network."""
        lab = Lab(directory.resolve() / "inventories" / slug / ".lab" / "hosts")
        return cls(directory.resolve(), slug, target or ("lab" if lab.exists else "live"), ssh_key)

    @property
    def folder(self) -> Path:
        """`inventories/<slug>`."""
        return self.directory / "inventories" / self.slug

    @property
    def _own(self) -> Path:
        return self.folder / ".lab" if self.target == "lab" else self.folder

    @property
    def keys_file(self) -> Path:
        """Where `haicap enrol` keeps public keys: reviewed in git for the live network."""
        return self._own / KEYS

    @property
    def cutovers_file(self) -> Path:
        """How far each cut-over is, beside the keys."""
        return self._own / CUTOVERS

    @property
    def certificates(self) -> Path:
        """Where certificates and requests for them are, beside the keys."""
        return self._own / CERTIFICATES

    @property
    def sealed(self) -> Path:
        """Where sealed first passwords are put, to be handed over; never in git."""
        return self._own / "sealed"

    @property
    def audit(self) -> Path:
        """The log of what was done, beside the keys; HAICAP_AUDIT names a folder for the logs of all stacks."""
        elsewhere = os.environ.get("HAICAP_AUDIT")
        return Path(elsewhere).absolute() / self.stack_name if elsewhere else self._own / "audit"

    @property
    def state_folder(self) -> Path:
        """The engine's file:// backend, unless PULUMI_BACKEND_URL names another."""
        return self._own / ".state"

    @property
    def stack_name(self) -> str:
        """The engine's stack: `lam-dong`, or `lam-dong.lab`."""
        return f"{self.slug}.lab" if self.target == "lab" else self.slug

    @property
    def backend_url(self) -> str:
        """The engine's backend."""
        return os.environ.get("PULUMI_BACKEND_URL") or f"file://{self.state_folder}"

    @cached_property
    def lab(self) -> Lab:
        """This province's lab, whether or not it is up."""
        return Lab(self.folder / ".lab" / "hosts")

    @cached_property
    def inventory(self) -> Inventory:
        """The inventory, checked. FindingsError with every finding."""
        return load(self.directory, self.slug)

    @cached_property
    def staff(self) -> Staff:
        """The units' staff, checked; read only by what needs it. FindingsError with every finding."""
        return load_staff(self.directory, self.slug, self.inventory)

    @cached_property
    def locks(self) -> Locks:
        """The locks as they are on disk."""
        return read_locks(self.folder, self.keys_file)

    @cached_property
    def people(self) -> People:
        """The staff and their locked addresses, for a design. FindingsError with everything that is wrong with them."""
        return People(self.staff, read_mail(self.folder), self._lab_officers)

    @property
    def _lab_officers(self) -> tuple[str, ...] | None:
        """A lab's first passwords are for who tries it, not for the officers of the live network."""
        return (self.lab.authority.officer,) if self.target == "lab" else None

    def supposing(self, cutovers: Mapping[str, Cutover]) -> Workspace:
        """The same as if these were the cut-overs in the lock; nothing is written."""
        other = replace(self)
        other.__dict__.update(inventory=self.inventory, locks=replace(self.locks, cutovers=cutovers))
        return other

    def design(self, as_of: date) -> ProvinceDesign:
        """Everything that shall stand on a date. FindingsError where inventory and locks disagree."""
        return design_province(self.inventory, self.agreed_locks(), as_of, self.people, self._site)

    @property
    def _site(self) -> Site | None:
        """A lab's machines are all born from its own image, for its own key; and small: their processor is emulated.

        None where the inventory has no machines, so that a lab without them needs no image.
        """
        if self.target != "lab" or not self.inventory.platforms:
            return None
        guest = guest_image("debian")
        image = Image(name="lab", source=guest.source, sha256=guest.sha256, format=guest.format)
        key = self.lab.ssh_key.with_suffix(".pub").read_text(encoding="ascii").strip()
        return Site(image, (key,), Profile(vcpus=1, memory_mib=512, root_gib=3, max_memory_mib=1024), disk_gib=1)

    def makes(self) -> dict[str, Makes]:
        """What hosts make beside their SSH keys when they are enrolled, by name, where they are no plain members."""
        province, made = self.inventory.province, dict[str, Makes]()
        if (server := province.mail.server) is not None:
            made[server.name] = Makes((f"{server.name}.{province.domain}",), province.mail.dkim.publish)
        for platform in self.inventory.platforms:
            for machine in platform.machine_names:
                made[machine] = Makes((f"{machine}.{province.domain}", *platform.names), wireguard=False)
        return made

    def agreed_locks(self) -> Locks:
        """The locks, which must agree with the inventory. FindingsError with the way out otherwise."""
        findings = verify(self.inventory, self.locks)
        if findings:
            raise FindingsError(findings, f"Run `haicap lock {self.slug}`, and review what it changes.")
        return self.locks

    def connection(self) -> Connection:
        """How this target's hosts are reached, with the host keys that were enrolled."""
        known = {name: keys.ssh for name, keys in self.locks.keys.items()}
        places = self.addresses()
        jumps = {
            machine: (placed.hypervisor, places[placed.hypervisor])
            for machine, placed in self.locks.machines.items()
            if placed.hypervisor in places
        }
        if self.target == "lab":
            return Connection(key_file=self.lab.ssh_key, known_hosts=known, jumps=jumps)
        ssh = self.inventory.province.ssh
        return Connection(user=ssh.user, port=ssh.port, key_file=self.ssh_key, known_hosts=known, jumps=jumps)

    def enter(self) -> None:
        """Go where the hosts are reached from: into the lab's controller namespace; nothing for the live network."""
        if self.target == "lab":
            self.lab.enter()

    def addresses(self) -> dict[str, str]:
        """The uplink address of every host of the inventory, and the address of every machine, by host name."""
        members, province = self.locks.members, self.inventory.province
        named = {unit.gateway: unit.identity for unit in self.inventory.units}
        named |= {name: name for name in province.servers}
        uplinks = {
            host: members[identity].uplink.partition("/")[0] for host, identity in named.items() if identity in members
        }
        return uplinks | {machine: placed.address for machine, placed in self.locks.machines.items()}
