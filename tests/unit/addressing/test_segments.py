"""Segments inside a unit's block."""

from typing import Any

from haicap.addressing.model import Locks, Member
from haicap.addressing.planner import Planned
from tests.unit.addressing.samples import (
    SEGMENTS,
    lock,
    make_inventory,
    make_pools,
    make_province,
    make_unit,
    with_segments,
)

A = "00001@2025-07-01"
PRINTER = {"name": "printer", "segment": "staff", "mac": "02:00:00:00:00:01"}


def v4(planned: Planned) -> dict[str, str]:
    return {name: segment.v4 for name, segment in planned.locks.members[A].segments.items()}


def test_largest_first_with_room_to_double() -> None:
    assert v4(lock(make_inventory(make_unit(1)))) == {
        "staff": "10.64.0.0/25",
        "guest": "10.64.1.0/26",
        "servers": "10.64.1.128/28",
    }


def test_grows_in_place_and_never_shrinks() -> None:
    first = lock(make_inventory(make_unit(1, hosts=[PRINTER])))
    grown = lock(make_inventory(make_unit(1, staff=80, hosts=[PRINTER])), first.locks)
    assert v4(grown) == v4(first) | {"staff": "10.64.0.0/24", "guest": "10.64.1.0/25"}
    assert grown.grown == (
        'unit 00001 "Đồng 1": segment "guest" 10.64.1.0/26 -> /25, in place',
        'unit 00001 "Đồng 1": segment "staff" 10.64.0.0/25 -> /24, in place',
    )
    assert grown.locks.members[A].segments["staff"].hosts == {"printer": "10.64.0.126"} and not grown.findings
    assert lock(make_inventory(make_unit(1, staff=5, hosts=[PRINTER])), grown.locks).locks == grown.locks


def test_outgrown_is_a_finding_that_says_what_moving_touches() -> None:
    first = lock(make_inventory(make_unit(1, staff=20)))
    guest = make_unit(1, staff=20, overrides={"segments": {"guest": {"hosts": 200}}})
    stuck = lock(make_inventory(guest), first.locks)
    assert v4(stuck) == v4(first)
    [finding] = stuck.findings
    assert (finding.subject, finding.rule) == ('unit 00001 "Đồng 1"', "segment-outgrown")
    assert finding.reason == (
        'segment "guest": 200 hosts need a /24, and 10.64.0.128/27 cannot grow in place: a /24 cannot start at its '
        "first address. Moving it changes its gateway 10.64.0.129, its leases 10.64.0.130-10.64.0.158 (29 addresses) "
        "and its reserved hosts (none); to move it, run `haicap lock --move 00001/guest`"
    )


def test_move_moves_only_that_segment() -> None:
    hosts = [PRINTER, {"name": "door", "segment": "guest", "mac": "02:00:00:00:00:02"}]
    first = lock(make_inventory(make_unit(1, staff=20, hosts=hosts)))
    bigger = make_unit(1, staff=20, hosts=hosts, overrides={"segments": {"guest": {"hosts": 200}}})
    moved = lock(make_inventory(bigger), first.locks, move=frozenset({"00001/guest"}))
    assert v4(moved) == v4(first) | {"guest": "10.64.2.0/24"} and not moved.findings
    assert moved.moved == ('unit 00001 "Đồng 1": segment "guest" 10.64.0.128/27 -> 10.64.2.0/24',)
    assert moved.locks.members[A].segments["guest"].hosts == {"door": "10.64.2.254"}
    assert moved.locks.members[A].segments["guest"].v6 == first.locks.members[A].segments["guest"].v6
    assert lock(make_inventory(bigger), moved.locks, move=frozenset({"00001/guest"})).locks == moved.locks


def test_move_without_room_or_of_nothing_is_a_finding() -> None:
    first = lock(make_inventory(make_unit(1)))
    huge = make_unit(1, overrides={"segments": {"guest": {"hosts": 1000}}})
    stuck = lock(make_inventory(huge), first.locks, move=frozenset({"00001/guest", "00009/x"}))
    assert [finding.rule for finding in stuck.findings] == ["known-segment", "block-full"] and v4(stuck) == v4(first)


def test_new_segment_moves_no_other_and_leaves_their_room() -> None:
    first = lock(make_inventory(make_unit(1)))
    province = with_segments(**SEGMENTS, voice={"vlan": 70, "min_hosts": 29})
    after = lock(make_inventory(make_unit(1), province=province), first.locks)
    assert v4(after) == v4(first) | {"voice": "10.64.1.192/27"}
    assert after.added == ('unit 00001 "Đồng 1": segment "voice" 10.64.1.192/27',)


def test_room_of_others_is_used_when_there_is_no_other() -> None:
    first = lock(make_inventory(make_unit(1)))
    province = with_segments(**SEGMENTS, lab={"vlan": 70, "min_hosts": 500}, more={"vlan": 71, "min_hosts": 100})
    after = lock(make_inventory(make_unit(1), province=province), first.locks)
    assert v4(after) == v4(first) | {"lab": "10.64.2.0/23", "more": "10.64.0.128/25"}


def test_dropped_segment_is_removed() -> None:
    first = lock(make_inventory(make_unit(1)))
    rest = {name: segment for name, segment in SEGMENTS.items() if name != "guest"}
    after = lock(make_inventory(make_unit(1), province=with_segments(**rest)), first.locks)
    assert after.removed == ('unit 00001 "Đồng 1": segment "guest" 10.64.1.0/26, 2001:db8:0:3c::/64',)


def test_block_too_small_is_a_finding() -> None:
    planned = lock(make_inventory(make_unit(1, staff=900)))
    assert [finding.rule for finding in planned.findings] == ["block-full"]
    assert 'no room in the unit\'s block 10.64.0.0/22 for "guest" a /22' in planned.findings[0].reason
    fits = lock(make_inventory(make_unit(1)), planned.locks)
    assert v4(fits)["staff"] == "10.64.0.0/25" and len(fits.added) == 3


def test_full_block_still_holds_all() -> None:
    sizes = {name: {"vlan": 10 + n, "min_hosts": 253} for n, name in enumerate(("a", "b", "c", "d"))}
    nets = v4(lock(make_inventory(make_unit(1), province=with_segments(**sizes))))
    assert sorted(nets.values()) == [f"10.64.{n}.0/24" for n in range(4)]


def test_growing_segments_get_the_room_first() -> None:
    sizes: dict[str, Any] = {
        "fixed": {"vlan": 10, "min_hosts": 253},
        "grows": {"vlan": 11, "min_hosts": 253, "hosts_per_staff": 1},
        "other": {"vlan": 12, "min_hosts": 253},
    }
    nets = v4(lock(make_inventory(make_unit(1), province=with_segments(**sizes))))
    assert nets == {"grows": "10.64.0.0/24", "fixed": "10.64.2.0/24", "other": "10.64.3.0/24"}


def test_vlan_beyond_the_block_takes_the_lowest_free_64() -> None:
    sizes = {
        "low": {"vlan": 1, "min_hosts": 10},
        "high": {"vlan": 4000, "min_hosts": 10},
        "top": {"vlan": 300, "min_hosts": 9},
    }
    segments = lock(make_inventory(make_unit(1), province=with_segments(**sizes))).locks.members[A].segments
    assert {name: segment.v6 for name, segment in segments.items()} == {
        "low": "2001:db8:0:1::/64",
        "top": "2001:db8::/64",
        "high": "2001:db8:0:2::/64",
    }


def test_no_64_left_is_a_finding() -> None:
    province = make_province(pools=make_pools(units6={"networks": ["2001:db8::/44"], "prefix": 63}))
    planned = lock(make_inventory(make_unit(1), province=province))
    assert [finding.rule for finding in planned.findings] == ["block-full"]


def test_reserved_hosts_from_the_top_and_stable() -> None:
    def hosts(*names: str) -> list[dict[str, str]]:
        return [{"name": name, "segment": "staff", "mac": "02:00:00:00:00:01"} for name in names]

    def reserved(locks: Locks) -> dict[str, str]:
        member: Member = locks.members[A]
        return dict(member.segments["staff"].hosts)

    first = lock(make_inventory(make_unit(1, hosts=hosts("b", "c")))).locks
    assert reserved(first) == {"b": "10.64.0.126", "c": "10.64.0.125"}
    second = lock(make_inventory(make_unit(1, hosts=hosts("a", "c")), province=None), first)
    assert reserved(second.locks) == {"a": "10.64.0.126", "c": "10.64.0.125"}
    assert second.removed == ('unit 00001 "Đồng 1": host "b" 10.64.0.126 on segment "staff"',)


def test_more_hosts_than_addresses_is_a_finding() -> None:
    hosts = [{"name": f"h{n}", "segment": "tiny", "mac": "02:00:00:00:00:01"} for n in range(7)]
    province = with_segments(tiny={"vlan": 5, "min_hosts": 2})
    planned = lock(make_inventory(make_unit(1, hosts=hosts), province=province))
    assert {finding.rule for finding in planned.findings} == {"segment-full"}
