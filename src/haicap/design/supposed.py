"""A design before everything is there: each host counts as enrolled, and somebody is named for what needs a name.

What is supposed reads `(not enrolled yet)` and the like, the same on each side of a comparison.
"""

from __future__ import annotations

from dataclasses import replace

from haicap.addressing.model import Keys, Locks
from haicap.inventory.model import Inventory

NOT_ENROLLED, NO_CERTIFICATE, NOBODY = "(not enrolled yet)", "(no certificate yet)\n", "(nobody named yet)"


def placeholder_keys(inventory: Inventory, locks: Locks) -> Locks:
    """Locks in which every host counts as enrolled, to show a design before its keys are known."""
    server, signing = inventory.province.mail.server, inventory.province.mail.dkim.sign_with
    dkim = {signing: NOT_ENROLLED}
    keys = {name: Keys(NOT_ENROLLED, "", dkim if server and name == server.name else {}) for name in _hosts(inventory)}
    keys |= {machine: Keys("", NOT_ENROLLED) for machine in _machines(inventory)}
    papers = [*([server.name] if server else []), *_machines(inventory)]
    certificates = dict.fromkeys([*papers, "ca"] if papers else [], NO_CERTIFICATE)
    return replace(locks, keys={**keys, **locks.keys}, certificates={**certificates, **locks.certificates})


def placeholder_officers(inventory: Inventory) -> Inventory:
    """The inventory in which somebody is named whom first passwords are sealed to, and whose key is put on machines.

    Without either, neither accounts nor machines are in a design.
    """
    province = inventory.province
    mail = province.mail.model_copy(update={"officers": province.mail.officers or (NOBODY,)})
    ssh = province.ssh.model_copy(update={"authorized_keys": province.ssh.authorized_keys or (NOBODY,)})
    return inventory.model_copy(update={"province": province.model_copy(update={"mail": mail, "ssh": ssh})})


def _hosts(inventory: Inventory) -> list[str]:
    return [*inventory.province.servers, *(unit.gateway for unit in inventory.units)]


def _machines(inventory: Inventory) -> list[str]:
    return [machine for platform in inventory.platforms for machine in platform.machine_names]
