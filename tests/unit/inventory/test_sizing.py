"""How large segments are."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haicap.inventory.model import Inventory, Overrides, Segment, SegmentOverride
from haicap.inventory.sizing import hosts_needed, largest_first, prefix_for


@pytest.mark.parametrize(("hosts", "prefix"), [(2, 29), (5, 29), (6, 28), (13, 28), (14, 27), (29, 27), (30, 26)])
def test_prefix_for(hosts: int, prefix: int) -> None:
    assert prefix_for(hosts) == prefix


@given(st.integers(2, 4000))
def test_the_prefix_is_the_longest_with_room(hosts: int) -> None:
    size = ip_network(f"0.0.0.0/{prefix_for(hosts)}").num_addresses
    assert size // 2 < hosts + 3 <= size


def test_hosts_needed(lam_dong: Inventory) -> None:
    unit = lam_dong.units[0].model_copy(update={"staff": 30})
    assert hosts_needed(unit, "a", Segment(vlan=1, min_hosts=2, hosts_per_staff=0.1)) == 3
    assert hosts_needed(unit, "a", Segment(vlan=1, min_hosts=2, hosts_per_staff=0.11)) == 4
    assert hosts_needed(unit, "a", Segment(vlan=1, min_hosts=9, hosts_per_staff=0.1)) == 9


def test_an_override_goes_first(lam_dong: Inventory) -> None:
    own = Overrides(segments={"a": SegmentOverride(hosts=5)})
    unit = lam_dong.units[0].model_copy(update={"overrides": own})
    assert hosts_needed(unit, "a", Segment(vlan=1, min_hosts=9)) == 5


def test_largest_first(lam_dong: Inventory) -> None:
    prefixes = [size[2] for size in largest_first(lam_dong.units[0], lam_dong.province.defaults.segments)]
    assert prefixes == sorted(prefixes)
    assert len(prefixes) == 6
