"""Where machines are placed, what they are given, and what is found."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from haicap.addressing.agreement import verify
from haicap.addressing.model import Locks, Placed
from haicap.inventory.model import Inventory
from tests.unit.addressing.samples import DAY, lock, make_hypervisor, make_platform, make_pools, with_platforms

PROVINCE = "inventories/lam-dong/province.yml"
MACHINES = "inventories/lam-dong/machines.lock.yml"


def homes(inventory: Inventory, locks: Locks | None = None) -> dict[str, str]:
    """The hypervisor of each machine."""
    return {name: placed.hypervisor for name, placed in lock(inventory, locks).locks.machines.items()}


def found(inventory: Inventory, locks: Locks | None = None) -> list[tuple[str, str, str]]:
    return [(one.subject, one.reason, one.rule) for one in lock(inventory, locks).findings]


def test_a_machine_gets_a_place_and_addresses() -> None:
    planned = lock(with_platforms(make_platform("sharing", 2, disks={"logs": 10, "data": 40})))
    assert planned.locks.machines == {
        "sharing-1": Placed("hv1", "10.126.0.2", "2001:db8:103::2", 20, {"data": 40, "logs": 10}),
        "sharing-2": Placed("hv2", "10.126.0.3", "2001:db8:103::3", 20, {"data": 40, "logs": 10}),
    }
    assert planned.added[-2] == (
        'machine "sharing-1": on hv1, 10.126.0.2, 2001:db8:103::2, root 20 GiB, data 40 GiB, logs 10 GiB'
    )
    assert {"hv1", "hv2"} < planned.locks.members.keys()
    assert planned.locks.members["hv1"].tunnels.keys() == {"hub1", "hub2"}


def test_addresses_follow_names_and_numbers() -> None:
    machines = lock(with_platforms(make_platform("b", 10, "small"), make_platform("a", 2, "small"))).locks.machines
    in_order = sorted(machines, key=lambda name: int(machines[name].address.rpartition(".")[2]))
    assert in_order == ["a-1", "a-2", *(f"b-{number}" for number in range(1, 11))]


def test_neither_network_nor_gateway_nor_broadcast_is_given() -> None:
    pools = make_pools(
        machines={"networks": ["10.126.0.0/29", "10.126.1.0/29"], "prefix": 32},
        machines6={"networks": ["2001:db8:103::/64"], "prefix": 128},
    )
    planned = lock(with_platforms(make_platform("a", 10, "small"), pools=pools))
    given = [placed.address for placed in planned.locks.machines.values()]
    ends = [2, 3, 4, 5, 6]
    assert sorted(given) == [*(f"10.126.0.{n}" for n in ends), *(f"10.126.1.{n}" for n in ends)]
    more = lock(with_platforms(make_platform("a", 11, "small"), pools=pools))
    assert [(one.subject, one.rule) for one in more.findings] == [('pool "machines"', "pool-exhausted")]
    assert len(more.locks.machines) == 10


def test_a_platform_is_spread_over_failure_domains_then_hypervisors() -> None:
    halls = [make_hypervisor(1, "a"), make_hypervisor(2, "a"), make_hypervisor(3, "b")]
    assert homes(with_platforms(make_platform("x", 4), hypervisors=halls)) == {
        "x-1": "hv1",
        "x-2": "hv3",
        "x-3": "hv2",
        "x-4": "hv3",
    }


def test_platforms_are_spread_by_load() -> None:
    wide = [make_hypervisor(1, "a"), make_hypervisor(2, "a", vcpus=80, memory_mib=163840, disk_gib=4000)]
    places = homes(with_platforms(*(make_platform(f"p{number}") for number in range(8)), hypervisors=wide))
    assert sorted(places.values()).count("hv2") > 6


def test_two_of_a_platform_share_only_when_nothing_else_has_room() -> None:
    tight = [make_hypervisor(1), make_hypervisor(2, vcpus=2)]
    assert sorted(homes(with_platforms(make_platform("x", 3), hypervisors=tight)).values()) == ["hv1", "hv1", "hv2"]


def test_who_is_locked_stays_when_others_come() -> None:
    before = lock(with_platforms(make_platform("m", 2))).locks
    more = with_platforms(make_platform("m", 2), make_platform("a", 2), make_platform("z", 1))
    after = lock(more, before).locks
    assert {name: after.machines[name] for name in before.machines} == before.machines
    assert after.machines["a-1"].address == "10.126.0.4"


def test_nothing_has_room() -> None:
    full = with_platforms(make_platform("x", 9), make_platform("big", disks={"data": 500}))
    reason = (
        "it needs 2 vCPUs, 4096 MiB of memory and 520 GiB of disk, and no hypervisor has that left: "
        "hv1 comes nearest, 2 vCPUs, 4096 MiB of memory and 200 GiB of disk short; add a hypervisor, give one more, "
        "or take a smaller profile"
    )
    last = (
        "it needs 2 vCPUs, 4096 MiB of memory and 20 GiB of disk, and no hypervisor has that left: "
        "hv1 comes nearest, 2 vCPUs and 4096 MiB of memory short; add a hypervisor, give one more, or take a "
        "smaller profile"
    )
    planned = lock(full)
    assert [(one.file, one.subject, one.rule) for one in planned.findings] == [
        (PROVINCE, 'machine "big-1"', "no-room"),
        (PROVINCE, 'machine "x-9"', "no-room"),
    ]
    assert [one.reason for one in planned.findings] == [reason, last]
    assert planned.locks.machines.keys() == {f"x-{number}" for number in range(1, 9)}


def test_a_profile_that_grows_fills_its_hypervisor() -> None:
    before = lock(with_platforms(make_platform("x", 8))).locks
    profiles = {"app": {"vcpus": 3, "memory_mib": 4096, "root_gib": 20}}
    larger = with_platforms(make_platform("x", 8), profiles=profiles)
    way_out = "give it more in hypervisors, or `haicap rebalance lam-dong` proposes moves"
    assert found(larger, before) == [
        (f'hypervisor "{name}"', f"its machines need 4 vCPUs more than it has; {way_out}", "hypervisor-full")
        for name in ("hv1", "hv2")
    ]
    assert lock(larger, before).locks.machines == before.machines


def test_a_hypervisor_that_shrinks_is_named() -> None:
    before = lock(with_platforms(make_platform("x", 2, disks={"data": 80}))).locks
    shrunk = [make_hypervisor(1, memory_mib=1024, disk_gib=90), make_hypervisor(2)]
    after = with_platforms(make_platform("x", 2, disks={"data": 80}), hypervisors=shrunk)
    [(subject, reason, rule)] = found(after, before)
    assert (subject, rule) == ('hypervisor "hv1"', "hypervisor-full")
    assert reason.startswith("its machines need 3072 MiB of memory and 10 GiB of disk more than it has; ")


def test_a_hypervisor_that_is_gone_leaves_its_machines_to_people() -> None:
    before = lock(with_platforms(make_platform("x", 2), make_platform("y", 2))).locks
    fewer = with_platforms(make_platform("x", 2), make_platform("y", 2), hypervisors=[make_hypervisor(1)])
    reason = (
        "it is not in the inventory, and x-2 and y-2 are on it; put it back into hypervisors, or "
        "`haicap rebalance lam-dong` proposes moves"
    )
    assert found(fewer, before) == [('hypervisor "hv2"', reason, "hypervisor-gone")]
    assert lock(fewer, before).locks.machines == before.machines


def test_disks_grow_and_are_added_and_let_go() -> None:
    before = lock(with_platforms(make_platform("x", disks={"data": 10, "old": 5}))).locks
    after = with_platforms(make_platform("x", disks={"data": 12, "new": 1}))
    planned = lock(after, before)
    assert planned.locks.machines["x-1"].disks == {"data": 12, "new": 1}
    assert planned.grown == ('machine "x-1": disk "data" 10 -> 12 GiB',)
    assert planned.added == ('machine "x-1": disk "new", 1 GiB',)
    assert planned.removed == ('machine "x-1": disk "old", 5 GiB, is left behind on hv1',)
    assert [(one.file, one.subject, one.rule) for one in verify(after, before)] == [
        (MACHINES, 'machine "x-1"', "disk-size"),
        (MACHINES, 'machine "x-1"', "not-locked"),
        (MACHINES, 'machine "x-1"', "not-removed"),
    ]


def test_a_disk_never_shrinks() -> None:
    before = lock(with_platforms(make_platform("x", disks={"data": 10}))).locks
    smaller = with_platforms(
        make_platform("x", disks={"data": 4}), profiles={"app": {"vcpus": 2, "memory_mib": 512, "root_gib": 5}}
    )
    says = "are wanted: a disk never shrinks; write"
    assert found(smaller, before) == [
        ('machine "x-1"', f'disk "data" is locked with 10 GiB, and 4 GiB {says} 10 or more', "disk-shrinks"),
        ('machine "x-1"', f"the root disk is locked with 20 GiB, and 5 GiB {says} 20 or more", "disk-shrinks"),
    ]
    assert lock(smaller, before).locks.machines == before.machines


def test_who_leaves_rests_and_takes_no_room() -> None:
    one_host = [make_hypervisor(1)]
    both = lock(with_platforms(make_platform("x", 4), hypervisors=one_host)).locks
    gone = lock(with_platforms(make_platform("y", 4), hypervisors=one_host), both)
    assert gone.removed[0] == 'machine "x-1": on hv1; its addresses rest'
    assert gone.locks.machines["x-1"] == replace(both.machines["x-1"], removed=DAY)
    assert gone.locks.machines["y-1"].address == "10.126.0.6"
    later = lock(with_platforms(make_platform("z"), hypervisors=one_host), gone.locks, DAY + timedelta(365))
    assert later.locks.machines.keys() == {"z-1", *(f"y-{number}" for number in range(1, 5))}
    assert later.locks.machines["z-1"].address == "10.126.0.2"


def test_who_comes_back_has_its_addresses_and_its_place() -> None:
    whole = with_platforms(make_platform("x", 2), make_platform("y", 3))
    both = lock(whole).locks
    gone = lock(with_platforms(make_platform("x", 2)), both).locks
    again = lock(whole, gone, DAY + timedelta(30))
    assert again.locks == both
    assert again.added[0].startswith('machine "y-1": back since it left on 2025-05-01, on hv1, 10.126.0.4, ')


def test_who_comes_back_to_a_full_house_is_placed_anew() -> None:
    halls = [make_hypervisor(1), make_hypervisor(2)]
    before = lock(with_platforms(make_platform("x"), hypervisors=halls)).locks
    gone = lock(with_platforms(hypervisors=halls), before).locks
    small = [make_hypervisor(1, vcpus=1), make_hypervisor(2)]
    assert homes(with_platforms(make_platform("x"), hypervisors=small), gone) == {"x-1": "hv2"}
    none = [make_hypervisor(1, vcpus=1), make_hypervisor(2, vcpus=1)]
    planned = lock(with_platforms(make_platform("x"), hypervisors=none), gone)
    assert planned.locks.machines == gone.machines, "it rests on"
    assert [one.rule for one in planned.findings] == ["no-room"]


def test_an_address_outside_its_pool_is_kept_and_found() -> None:
    before = lock(with_platforms(make_platform("x"))).locks
    pools = make_pools(
        machines={"networks": ["10.125.0.0/24"], "prefix": 32},
        machines6={"networks": ["2001:db8:103::/64"], "prefix": 128},
    )
    elsewhere = with_platforms(make_platform("x"), pools=pools)
    reason = "its address 10.126.0.2 is locked outside pools.machines; put that network back"
    assert found(elsewhere, before) == [('machine "x-1"', reason, "outside-pool")]
    assert lock(elsewhere, before).locks.machines == before.machines


def test_a_fresh_lock_agrees_and_a_new_machine_does_not() -> None:
    inventory = with_platforms(make_platform("x"))
    locks = lock(inventory).locks
    assert verify(inventory, locks) == []
    [finding] = verify(with_platforms(make_platform("x"), make_platform("y")), locks)
    assert (finding.file, finding.subject, finding.rule) == (MACHINES, 'machine "y-1"', "not-locked")
    assert finding.reason.endswith("is not locked yet; run `haicap lock lam-dong`")


@pytest.mark.parametrize("field", ["address", "address6"])
def test_two_machines_with_one_address_are_found(field: str) -> None:
    inventory = with_platforms(make_platform("x", 2))
    locks = lock(inventory).locks
    first, second = locks.machines["x-1"], locks.machines["x-2"]
    twice = replace(locks, machines={"x-1": first, "x-2": replace(second, **{field: getattr(first, field)})})
    assert [(one.file, one.subject, one.rule) for one in verify(inventory, twice)] == [
        (MACHINES, f"x-2/{field}", "lock-overlap")
    ]
