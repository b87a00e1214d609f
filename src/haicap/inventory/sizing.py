"""How large a unit's segments are; rules and addressing share it, so that what is checked is what is allocated."""

from __future__ import annotations

import math
from decimal import Decimal

from haicap.inventory.model import Segment, Unit

_RESERVED = 3  # the network's own address, the broadcast address, the gateway


def hosts_needed(unit: Unit, segment_name: str, segment: Segment) -> int:
    """How many hosts a unit's segment must hold: its override, or max(min_hosts, staff x hosts_per_staff) rounded up.

    Decimal, because 30 x 0.1 is a little more than 3 in binary and would be rounded up to 4.
    """
    override = unit.overrides.segments.get(segment_name)
    if override is not None:
        return override.hosts
    return max(segment.min_hosts, math.ceil(Decimal(str(segment.hosts_per_staff)) * unit.staff))


def prefix_for(hosts: int) -> int:
    """The longest IPv4 prefix with room for `hosts`, the network, the broadcast address and the gateway: 29 -> 27."""
    return 32 - (hosts + _RESERVED - 1).bit_length()


def largest_first(unit: Unit, segments: dict[str, Segment]) -> list[tuple[str, int, int]]:
    """A unit's segments as (name, hosts, prefix), largest first, then by name: in this order they pack without gaps."""
    sizes = [(name, hosts_needed(unit, name, segment)) for name, segment in segments.items()]
    return sorted(((name, hosts, prefix_for(hosts)) for name, hosts in sizes), key=lambda size: (size[2], size[0]))
