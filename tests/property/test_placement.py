"""The promises of placing machines and of moving them, for any history of platforms and hypervisors."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haicap.addressing.agreement import verify
from haicap.addressing.machines import machines_of, stand
from haicap.addressing.model import Locks, Placed
from haicap.addressing.placement import Floor
from haicap.addressing.rebalance import plan_moves
from haicap.inventory.model import Inventory
from tests.unit.addressing.samples import DAY, lock, make_hypervisor, make_platform, make_pools, with_platforms

promise = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])

SIZES = {
    "app": {"vcpus": 2, "memory_mib": 4096, "root_gib": 20},
    "small": {"vcpus": 1, "memory_mib": 512, "root_gib": 3},
    "large": {"vcpus": 5, "memory_mib": 8192, "root_gib": 40},
}


@st.composite
def hypervisor_sets(draw: st.DrawFn) -> list[dict[str, Any]]:
    numbers = draw(st.lists(st.integers(1, 6), unique=True, min_size=1, max_size=6))
    return [
        make_hypervisor(
            number,
            draw(st.sampled_from(["a", "b", "c"])),
            vcpus=draw(st.integers(1, 12)),
            memory_mib=draw(st.sampled_from([4096, 16384, 65536])),
            disk_gib=draw(st.sampled_from([60, 400])),
        )
        for number in numbers
    ]


@st.composite
def platform_sets(draw: st.DrawFn) -> list[dict[str, Any]]:
    names = draw(st.lists(st.sampled_from("pqrstu"), unique=True, max_size=5))
    return [
        make_platform(
            name,
            draw(st.integers(1, 4)),
            draw(st.sampled_from(sorted(SIZES))),
            disks=draw(st.dictionaries(st.sampled_from(["data", "logs"]), st.integers(1, 30), max_size=2)),
        )
        for name in names
    ]


@st.composite
def inventories(draw: st.DrawFn) -> Inventory:
    return with_platforms(*draw(platform_sets()), hypervisors=draw(hypervisor_sets()), profiles=SIZES)


@st.composite
def scattered(draw: st.DrawFn) -> tuple[Inventory, Mapping[str, Placed]]:
    """Machines anywhere, also where there is no room, and on hypervisors that are gone."""
    inventory = draw(inventories())
    names = sorted({f"hv{n}" for n in (1, 7)} | {one.name for one in inventory.province.hypervisors})
    places = {}
    for number, (name, platform) in enumerate(machines_of(inventory).items(), 2):
        root = SIZES[platform.machines.profile]["root_gib"]
        where = draw(st.sampled_from(names))
        disks = platform.machines.disks
        places[name] = Placed(where, f"10.126.0.{number}", f"2001:db8:103::{number:x}", root, disks)
    return inventory, places


@promise
@given(st.lists(st.tuples(inventories(), st.integers(0, 40)), min_size=1, max_size=4))
def test_what_is_locked_stays_and_nothing_is_given_twice(story: list[tuple[Inventory, int]]) -> None:
    locks, day = Locks(), DAY
    for inventory, days in story:
        day += timedelta(days)
        new = lock(inventory, locks, day).locks
        for name in locks.machines.keys() & new.machines.keys():
            old, now = locks.machines[name], new.machines[name]
            assert (old.address, old.address6) == (now.address, now.address6)
            assert old.root_gib <= now.root_gib
            assert all(now.disks[disk] >= old.disks[disk] for disk in now.disks.keys() & old.disks.keys())
            if old.removed is None:
                assert old.hypervisor == now.hypervisor
        for values in zip(*((one.address, one.address6) for one in new.machines.values()), strict=True):
            assert len(set(values)) == len(values)
        locks = new


@promise
@given(inventories(), st.randoms())
def test_order_never_matters(inventory: Inventory, random: Any) -> None:
    platforms, hypervisors = list(inventory.platforms), list(inventory.province.hypervisors)
    random.shuffle(platforms)
    random.shuffle(hypervisors)
    province = inventory.province.model_copy(update={"hypervisors": tuple(hypervisors)})
    again = inventory.model_copy(update={"platforms": tuple(platforms), "province": province})
    assert lock(again) == lock(inventory)


@promise
@given(inventories(), platform_sets())
def test_others_never_move_a_machine(inventory: Inventory, more: list[dict[str, Any]]) -> None:
    before = lock(inventory).locks
    names = {one.name for one in inventory.platforms}
    added = with_platforms(*(one for one in more if one["name"] not in names), profiles=SIZES).platforms
    after = lock(inventory.model_copy(update={"platforms": (*inventory.platforms, *added)}), before).locks
    assert {name: after.machines[name] for name in before.machines} == before.machines


@promise
@given(inventories())
def test_nothing_is_overfull_and_who_is_left_out_has_no_room(inventory: Inventory) -> None:
    planned = lock(inventory)
    floor = stand(inventory, planned.locks.machines)
    assert all(floor.left(name).fits for name in floor.hypervisors)
    left_out = machines_of(inventory).keys() - planned.locks.machines.keys()
    assert {finding.subject for finding in planned.findings} == {f'machine "{name}"' for name in left_out}
    assert {finding.rule for finding in planned.findings} <= {"no-room"}
    wanted = stand(inventory, {name: _anywhere(inventory, name) for name in left_out}).machines
    assert all(list(floor.rooms(machine)) == [] for machine in wanted.values())


@promise
@given(inventories())
def test_a_platform_is_apart_while_there_is_room(inventory: Inventory) -> None:
    floor = stand(inventory, lock(inventory).locks.machines)
    for name, machine in floor.machines.items():
        here = floor.where[name]
        on, within = floor.siblings(machine.platform, here)
        others = [floor.siblings(machine.platform, there) for there in floor.rooms(machine) if there != here]
        assert on == 1 or all(there > 0 for there, _ in others)
        assert within == 1 or all(there > 0 for _, there in others)


@promise
@given(inventories(), st.integers(0, 400))
def test_locking_again_changes_nothing(inventory: Inventory, days: int) -> None:
    first = lock(inventory)
    again = lock(inventory, first.locks, DAY + timedelta(days))
    assert again.locks == first.locks and not (again.added or again.removed or again.grown)
    assert verify(inventory, first.locks) == sorted(again.findings)


@promise
@given(inventories(), st.integers(0, 30))
def test_who_comes_back_has_its_addresses(inventory: Inventory, days: int) -> None:
    whole = lock(inventory).locks
    gone = lock(inventory.model_copy(update={"platforms": ()}), whole).locks
    back = lock(inventory, gone, DAY + timedelta(days)).locks.machines
    assert {name: (one.address, one.address6) for name, one in back.items()} == {
        name: (one.address, one.address6) for name, one in whole.machines.items()
    }
    assert all(one.removed == date(2025, 5, 1) for one in gone.machines.values())


@promise
@given(scattered(), st.sets(st.sampled_from(["hv1", "hv2", "hv3"]), max_size=2))
def test_moves_make_nothing_worse_and_are_enough(
    world: tuple[Inventory, Mapping[str, Placed]], names: set[str]
) -> None:
    inventory, locked = world
    without = names & {one.name for one in inventory.province.hypervisors}
    found = plan_moves(inventory, locked, without)
    before, after = stand(inventory, locked), stand(inventory, found.machines)
    assert {move.machine: move.target for move in found.moves} == {
        name: after.where[name] for name in after.where if after.where[name] != before.where[name]
    }
    for move in found.moves:
        assert move.target in after.hypervisors and move.target not in without and move.reason
    closed = without | set(before.where.values()) - before.hypervisors.keys()
    for name in after.hypervisors.keys() - without:
        assert all(now <= was for now, was in zip(after.left(name).lack, before.left(name).lack, strict=True))
    stuck = {f'machine "{name}"' for name, where in after.where.items() if where in closed}
    assert {finding.subject for finding in found.findings if finding.rule == "no-room"} == stuck
    again = plan_moves(inventory, found.machines, without)
    assert again.moves == () and again.machines == found.machines


@promise
@given(scattered(), st.sets(st.sampled_from(["hv1", "hv2", "hv3"]), max_size=2))
def test_no_move_can_be_left_out(world: tuple[Inventory, Mapping[str, Placed]], names: set[str]) -> None:
    inventory, locked = world
    without = names & {one.name for one in inventory.province.hypervisors}
    found = plan_moves(inventory, locked, without)
    closed = without | {one.hypervisor for one in locked.values()} - {
        one.name for one in inventory.province.hypervisors
    }
    best = _trouble(stand(inventory, found.machines), closed)
    for move in found.moves:
        one_less = {**found.machines, move.machine: locked[move.machine]}
        assert _trouble(stand(inventory, one_less), closed) > best


def _trouble(floor: Floor, closed: set[str]) -> tuple[int, int, int, int]:
    """What is not as it should be, told anew: who must leave, what is short, who shares a hypervisor, or a domain."""
    machines = [(machine.platform, floor.where[name]) for name, machine in floor.machines.items()]
    domains = {name: one.failure_domain for name, one in floor.hypervisors.items()}
    short = [left for name in floor.hypervisors.keys() - closed for left in floor.left(name) if left < 0]
    return (
        len([where for _, where in machines if where in closed]),
        -sum(short),
        len(machines) - len(set(machines)),
        len(machines) - len({(platform, domains.get(where, where)) for platform, where in machines}),
    )


def test_two_thousand_machines_are_placed_at_once() -> None:
    """On 60 hypervisors, and one of them emptied after that: a few seconds of processor time at most."""
    size = {"vcpus": 256, "memory_mib": 524288, "disk_gib": 16384}
    halls = [make_hypervisor(number, f"dc{number % 4}", **size) for number in range(60)]
    pools = make_pools(
        machines={"networks": ["10.120.0.0/16"], "prefix": 32},
        machines6={"networks": ["2001:db8:103::/64"], "prefix": 128},
    )
    platforms = [make_platform(f"p{number}", 10, sorted(SIZES)[number % 3]) for number in range(200)]
    inventory = with_platforms(*platforms, hypervisors=halls, profiles=SIZES, pools=pools)
    start = time.process_time()
    planned = lock(inventory)
    assert not planned.findings and len(planned.locks.machines) == 2000
    found = plan_moves(inventory, planned.locks.machines, ["hv1"])
    assert not found.findings and {move.source for move in found.moves} == {"hv1"}
    assert time.process_time() - start < 10


def _anywhere(inventory: Inventory, name: str) -> Placed:
    platform = machines_of(inventory)[name]
    root = inventory.province.profiles[platform.machines.profile].root_gib
    return replace(Placed("nowhere", "10.126.0.2", "2001:db8:103::2", root), disks=platform.machines.disks)
