"""What a lock gives to whom, and what moves it (nothing)."""

from datetime import date, timedelta
from ipaddress import ip_interface, ip_network

from haicap.addressing.model import Keys, Locks, Tunnel
from tests.unit.addressing.samples import DAY, lock, make_hub, make_inventory, make_pools, make_province, make_unit

A, B, C = "00001@2025-07-01", "00002@2025-07-01", "00003@2025-07-01"


def test_every_member_gets_its_values() -> None:
    locks = lock(make_inventory(make_unit(1))).locks
    unit, hub, server = locks.members[A], locks.members["hub1"], locks.members["dns1"]
    assert (hub.uplink, hub.loopback, hub.loopback6, hub.asn) == (
        "100.64.0.2/30",
        "10.127.0.1",
        "2001:db8:100::1",
        4200000000,
    )
    assert hub.tunnels == {} and hub.block is None
    assert server.tunnels["hub1"] == Tunnel("10.112.4.2/22", "2001:db8:101::2/64")
    assert unit.tunnels["hub2"] == Tunnel("10.112.8.3/22", "2001:db8:102::3/64")
    assert (unit.block, unit.block6) == ("10.64.0.0/22", "2001:db8::/56")
    assert unit.segments["staff"].v6 == "2001:db8:0:a::/64"
    assert locks.names[A].label == "dong1"


def test_order_in_the_file_does_not_matter() -> None:
    units = [make_unit(code) for code in (5, 1, 3)]
    assert lock(make_inventory(*units)).locks == lock(make_inventory(*reversed(units))).locks


def test_keys_pass_through() -> None:
    keys = {"gw-00001": Keys("k", "s")}
    assert lock(make_inventory(make_unit(1)), Locks(keys=keys)).locks.keys == keys


def test_tombstone_rests_then_its_place_is_free() -> None:
    both = lock(make_inventory(make_unit(1), make_unit(2))).locks
    gone = lock(make_inventory(make_unit(2)), both)
    assert gone.locks.members[A].removed == DAY == gone.locks.names[A].removed
    assert gone.removed == (f"{A}: its addresses rest",)
    resting = lock(make_inventory(make_unit(2), make_unit(3)), gone.locks, DAY + timedelta(364)).locks
    assert resting.members[C].block == "10.64.8.0/22"
    rested = lock(make_inventory(make_unit(2), make_unit(3)), gone.locks, DAY + timedelta(365)).locks
    assert A not in rested.members and rested.members[C].block == both.members[A].block


def test_who_comes_back_has_its_old_values() -> None:
    units = make_unit(1), make_unit(2)
    both = lock(make_inventory(*units)).locks
    gone = lock(make_inventory(units[1]), both).locks
    again = lock(make_inventory(*units), gone, DAY + timedelta(30))
    assert again.locks == both
    assert again.added == ('unit 00001 "Đồng 1": back since it left on 2025-05-01, with what it had',)


def test_a_code_used_again_is_another_unit() -> None:
    first = lock(make_inventory(make_unit(1))).locks
    later = lock(make_inventory(make_unit(1, valid_from="2027-01-01")), first).locks
    assert later.members["00001@2027-01-01"].block != first.members[A].block
    assert later.names["00001@2027-01-01"].label == "dong1-00001"


def test_new_hub_adds_tunnels_and_moves_nothing() -> None:
    before = lock(make_inventory(make_unit(1))).locks
    province = make_province(hubs=[make_hub(number) for number in (1, 2, 3)])
    after = lock(make_inventory(make_unit(1), province=province), before)
    assert after.locks.members[A].tunnels["hub3"].v4 == "10.112.12.3/22"
    assert {name: after.locks.members[A].tunnels[name] for name in ("hub1", "hub2")} == before.members[A].tunnels
    assert 'unit 00001 "Đồng 1": tunnels to hub3' in after.added


def test_tunnels_rest_with_their_hub() -> None:
    before = lock(make_inventory(make_unit(1))).locks
    one = make_inventory(make_unit(1), province=make_province(hubs=[make_hub(1)]))
    resting = lock(one, before).locks
    assert resting.members[A].tunnels == before.members[A].tunnels
    assert lock(one, resting, DAY + timedelta(365)).locks.members[A].tunnels.keys() == {"hub1"}


def test_renamed_hub_on_the_same_network_takes_no_resting_address() -> None:
    before = lock(make_inventory(make_unit(1))).locks
    province = make_province(hubs=[make_hub(1, name="center"), make_hub(2)])
    after = lock(make_inventory(make_unit(1), province=province), before).locks.members
    ends = [ip_interface(ends.v4).ip for member in after.values() for ends in member.tunnels.values()]
    assert len(ends) == len(set(ends))


def test_wider_tunnel_network_keeps_the_address() -> None:
    before = lock(make_inventory(make_unit(1))).locks
    wider = make_province(hubs=[make_hub(1, tunnels="10.112.4.0/23"), make_hub(2)])
    after = lock(make_inventory(make_unit(1), province=wider), before)
    assert after.locks.members[A].tunnels["hub1"].v4 == "10.112.4.3/23" and not after.findings


def test_exhausted_pool_is_one_finding() -> None:
    province = make_province(pools=make_pools(units={"networks": ["10.64.0.0/21"], "prefix": 22}))
    planned = lock(make_inventory(*(make_unit(code) for code in range(1, 6)), province=province))
    assert [(f.file, f.line, f.subject, f.reason, f.rule) for f in planned.findings] == [
        (
            "inventories/lam-dong/province.yml",
            0,
            'pool "units"',
            "5 asked, 2 available, 3 short; add a network to pools.units.networks in province.yml",
            "pool-exhausted",
        )
    ]
    assert planned.locks.members.keys() >= {A, B} and C not in planned.locks.members


def test_exhausted_tunnels_and_numbers_say_where_to_widen() -> None:
    hubs = [make_hub(1, tunnels="10.112.4.0/30"), make_hub(2)]
    province = make_province(hubs=hubs, pools=make_pools(as_numbers={"first": 64512, "last": 64514}))
    reasons = [f.reason for f in lock(make_inventory(make_unit(1), province=province)).findings]
    assert reasons == [
        "4 asked, 3 available, 1 short; widen pools.as_numbers in province.yml",
        "2 asked, 1 available, 1 short; give hub hub1 wider tunnels in province.yml",
    ]


def test_networks_are_used_in_the_order_written() -> None:
    pool = {"networks": ["10.70.0.0/22", "10.64.0.0/16"], "prefix": 22}
    locks = lock(make_inventory(make_unit(1), make_unit(2), province=make_province(pools=make_pools(units=pool)))).locks
    assert [locks.members[name].block for name in (A, B)] == ["10.70.0.0/22", "10.64.0.0/22"]


def test_value_outside_its_pool_is_kept_and_found() -> None:
    before = lock(make_inventory(make_unit(1))).locks
    moved = make_province(pools=make_pools(units={"networks": ["10.80.0.0/16"], "prefix": 22}))
    after = lock(make_inventory(make_unit(1), province=moved), before)
    assert after.locks == before
    assert [(f.subject, f.rule) for f in after.findings] == [('unit 00001 "Đồng 1"', "outside-pool")]
    assert "block 10.64.0.0/22 is locked outside pools.units" in after.findings[0].reason


def test_added_network_and_other_prefix_move_nothing() -> None:
    before = lock(make_inventory(make_unit(1), make_unit(2))).locks
    pool = {"networks": ["10.80.0.0/16", "10.64.0.0/16"], "prefix": 21}
    after = lock(
        make_inventory(*map(make_unit, (1, 2, 3)), province=make_province(pools=make_pools(units=pool))), before
    )
    assert not after.findings
    assert after.locks.members[A] == before.members[A] and after.locks.members[C].block == "10.80.0.0/21"


def test_longest_rest_and_none() -> None:
    both = lock(make_inventory(make_unit(1), make_unit(2))).locks
    none = make_province(pools=make_pools(rest_days=0))
    at_once = lock(make_inventory(make_unit(3), province=none), both).locks
    assert at_once.members[C].block == both.members[A].block and A not in at_once.members
    ever = make_province(pools=make_pools(rest_days=10**9))
    assert A in lock(make_inventory(make_unit(2), province=ever), both, date.max).locks.members


def test_segments_lie_in_the_block() -> None:
    member = lock(make_inventory(make_unit(1, staff=200))).locks.members[A]
    block = ip_network(member.block or "")
    assert all(ip_network(segment.v4).subnet_of(block) for segment in member.segments.values())  # type: ignore[arg-type]
