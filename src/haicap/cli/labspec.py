"""What a lab is to hold: from locks to hosts and lines."""

from __future__ import annotations

from netaddr import IPNetwork

from haicap.addressing.model import Locks
from haicap.inventory.model import Inventory
from haicap.lab import LabHost, LabSpec
from haicap.plan.selection import Selection


def lab_spec(inventory: Inventory, locks: Locks, chosen: Selection) -> LabSpec:
    """The servers and gateways of a selection, on the uplinks that are locked.

    The controller takes the second usable address of the first network from which operators work.
    """
    province = inventory.province
    hosts = [
        _host(name, role, None, locks.members[name].uplink)
        for name, role in province.servers.items()
        if chosen.holds(None, {"role": role})
    ]
    for unit in sorted(inventory.units, key=lambda unit: unit.code):
        if chosen.holds(unit.code, {}):
            hosts.append(_host(unit.gateway, "gateway", unit.code, locks.members[unit.identity].uplink))
    operators = IPNetwork(str(province.ssh.operators[0]))
    return LabSpec(inventory.slug, tuple(hosts), f"{operators[2]}/{operators.prefixlen}", str(operators[1]))


def _host(name: str, role: str, unit: str | None, uplink: str) -> LabHost:
    return LabHost(name, role, unit, uplink, str(IPNetwork(uplink).cidr[1]))
