"""What a reader of a plan must know of the units that it touches, so that the plan needs no inventory beside it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from ipaddress import ip_interface

from haicap.addressing.model import Locks, Member
from haicap.inventory.model import Inventory, Unit
from haicap.plan.model import Json


def facts_of(inventory: Inventory, locks: Locks, codes: Collection[str]) -> dict[str, Json]:
    """By unit code, in its order: name, kind, wave, predecessors, staff, and the network around its gateway.

    `segments` are the LAN's, `hubs` where its tunnels end: enough for a picture. A unit that is in the inventory no
    more has no facts.
    """
    vlans = {name: segment.vlan for name, segment in inventory.province.defaults.segments.items()}
    hubs = [{"name": hub.name, "site": hub.site} for hub in inventory.province.hubs]
    return {
        unit.code: {
            "name": unit.name,
            "kind": unit.kind,
            "wave": unit.wave,
            "staff": unit.staff,
            "predecessors": [one.code for one in unit.predecessors],
            **_network(unit, locks.members.get(unit.identity), vlans),
            "hubs": hubs,
        }
        for unit in sorted(inventory.units, key=lambda unit: unit.code)
        if unit.code in codes
    }


def _network(unit: Unit, member: Member | None, vlans: Mapping[str, int]) -> dict[str, Json]:
    if member is None:
        return {"gateway": {"name": unit.gateway}, "segments": []}
    gateway = {
        "name": unit.gateway,
        "uplink": member.uplink,
        "loopback": member.loopback,
        "block": member.block,
        "block6": member.block6,
        "as_number": member.asn,
    }
    segments = [
        {"name": name, "vlan": vlans.get(name), "network": str(ip_interface(segment.v4).network)}
        for name, segment in member.segments.items()
    ]
    return {"gateway": gateway, "segments": segments}
