"""Which machines move, where to, and why."""

from __future__ import annotations

from dataclasses import replace

from haicap.addressing.model import Placed
from haicap.addressing.rebalance import Rebalanced, plan_moves
from haicap.inventory.model import Inventory
from tests.unit.addressing.samples import lock, make_hypervisor, make_platform, with_platforms

Where = dict[str, str]


def place(inventory: Inventory, **where: str) -> dict[str, Placed]:
    """The machines as they are locked, on these hypervisors: `place(inventory, x_1="hv1")`."""
    roomy = [make_hypervisor(n, vcpus=999, memory_mib=999999, disk_gib=99999) for n in range(1, 9)]
    sizes = inventory.province.model_dump()["profiles"]
    wide = with_platforms(*(one.model_dump() for one in inventory.platforms), hypervisors=roomy, profiles=sizes)
    machines = lock(wide).locks.machines
    named = {name.replace("_", "-"): hypervisor for name, hypervisor in where.items()}
    assert named.keys() == machines.keys()
    return {name: replace(placed, hypervisor=named[name]) for name, placed in machines.items()}


def told(found: Rebalanced) -> list[tuple[str, str, str, str]]:
    return [(move.machine, move.source, move.target, move.reason) for move in found.moves]


def test_nothing_moves_where_all_is_well() -> None:
    inventory = with_platforms(make_platform("x", 2), make_platform("y"))
    locked = lock(inventory).locks.machines
    assert plan_moves(inventory, locked) == Rebalanced((), locked)


def test_a_hypervisor_is_emptied() -> None:
    three = [make_hypervisor(1), make_hypervisor(2), make_hypervisor(3)]
    inventory = with_platforms(make_platform("x", 2), make_platform("y", disks={"data": 30}), hypervisors=three)
    locked = place(inventory, x_1="hv1", x_2="hv2", y_1="hv1")
    found = plan_moves(inventory, locked, ["hv1"])
    assert told(found) == [
        ("x-1", "hv1", "hv3", "hv1 shall be empty"),
        ("y-1", "hv1", "hv3", "hv1 shall be empty"),
    ]
    assert [move.disk_gib for move in found.moves] == [20, 50]
    assert found.machines == {
        name: replace(placed, hypervisor={"x-1": "hv3", "y-1": "hv3"}.get(name, placed.hypervisor))
        for name, placed in locked.items()
    }


def test_who_is_on_a_hypervisor_that_is_gone_moves() -> None:
    inventory = with_platforms(make_platform("x", 2))
    found = plan_moves(inventory, place(inventory, x_1="hv1", x_2="hv7"))
    assert told(found) == [("x-2", "hv7", "hv2", "hv7 is not in the inventory")]
    assert found.findings == ()


def test_who_rests_does_not_move() -> None:
    whole = lock(with_platforms(make_platform("x", 2), make_platform("y", 2))).locks
    fewer = with_platforms(make_platform("x", 2), hypervisors=[make_hypervisor(1)])
    left = lock(fewer, whole).locks.machines
    found = plan_moves(fewer, left)
    assert [move.machine for move in found.moves] == ["x-2"]
    assert {name: found.machines[name] for name in ("y-1", "y-2")} == {name: left[name] for name in ("y-1", "y-2")}


def test_a_platform_is_brought_apart() -> None:
    halls = [make_hypervisor(1, "a"), make_hypervisor(2, "a"), make_hypervisor(3, "b")]
    inventory = with_platforms(make_platform("x", 3), hypervisors=halls)
    one_host = plan_moves(inventory, place(inventory, x_1="hv1", x_2="hv1", x_3="hv1"))
    assert told(one_host) == [
        ("x-2", "hv1", "hv2", "x-1 is on hv1, too"),
        ("x-3", "hv1", "hv3", "x-1 is on hv1, too"),
    ]
    one_hall = plan_moves(inventory, place(inventory, x_1="hv1", x_2="hv2", x_3="hv2"))
    assert told(one_hall) == [("x-3", "hv2", "hv3", "x-2 is on hv2, too")]


def test_a_platform_leaves_a_failure_domain() -> None:
    halls = [make_hypervisor(1, "a"), make_hypervisor(2, "a"), make_hypervisor(3, "b")]
    inventory = with_platforms(make_platform("x", 2), hypervisors=halls)
    found = plan_moves(inventory, place(inventory, x_1="hv1", x_2="hv2"))
    assert told(found) == [("x-2", "hv2", "hv3", "x-1 is in a, too")]


def test_what_cannot_be_apart_stays_together() -> None:
    inventory = with_platforms(make_platform("x", 2), hypervisors=[make_hypervisor(1), make_hypervisor(2, vcpus=1)])
    assert plan_moves(inventory, place(inventory, x_1="hv1", x_2="hv1")).moves == ()


def test_an_overfull_hypervisor_is_relieved_by_the_fewest() -> None:
    small = make_hypervisor(1, memory_mib=8192), make_hypervisor(2), make_hypervisor(3)
    names = ("a", "b", "c", "d")
    inventory = with_platforms(
        *(make_platform(name, profile="small") for name in names),
        make_platform("x"),
        make_platform("y"),
        hypervisors=small,
    )
    locked = place(inventory, a_1="hv1", b_1="hv1", c_1="hv1", d_1="hv1", x_1="hv1", y_1="hv1")
    found = plan_moves(inventory, locked)
    assert told(found) == [("x-1", "hv1", "hv2", "hv1 is 2048 MiB of memory short")]


def test_a_hypervisor_that_cannot_be_relieved_is_left_as_it_is() -> None:
    short = [make_hypervisor(1, vcpus=1), make_hypervisor(2, vcpus=2)]
    inventory = with_platforms(make_platform("a"), make_platform("b"), hypervisors=short)
    found = plan_moves(inventory, place(inventory, a_1="hv1", b_1="hv1"))
    assert found.moves == ()
    assert [(one.subject, one.reason, one.rule) for one in found.findings] == [
        (
            'hypervisor "hv1"',
            "its machines need 3 vCPUs more than it has, and the others have no room for them; "
            "give it more, or add a hypervisor",
            "hypervisor-full",
        )
    ]


def test_one_may_make_room_for_another() -> None:
    three = [make_hypervisor(1), make_hypervisor(2, vcpus=3), make_hypervisor(3, vcpus=1)]
    inventory = with_platforms(make_platform("x"), make_platform("y", 2, "small"), hypervisors=three)
    found = plan_moves(inventory, place(inventory, x_1="hv1", y_1="hv1", y_2="hv2"), ["hv1"])
    assert told(found) == [
        ("x-1", "hv1", "hv2", "hv1 shall be empty"),
        ("y-1", "hv1", "hv3", "hv1 shall be empty"),
    ]
    four = [*three, make_hypervisor(4, vcpus=1)]
    wide = with_platforms(make_platform("x"), make_platform("y", 2, "small"), hypervisors=four)
    both = plan_moves(wide, place(wide, x_1="hv1", y_1="hv2", y_2="hv2"), ["hv1"])
    assert [(move.machine, move.source) for move in both.moves] == [("x-1", "hv1"), ("y-1", "hv2")]
    assert both.findings == ()


def test_one_makes_room_where_nothing_is_left() -> None:
    three = [make_hypervisor(1), make_hypervisor(2, vcpus=2), make_hypervisor(3, vcpus=1)]
    inventory = with_platforms(make_platform("x"), make_platform("z", 1, "small"), hypervisors=three)
    found = plan_moves(inventory, place(inventory, x_1="hv1", z_1="hv2"), ["hv1"])
    assert told(found) == [
        ("x-1", "hv1", "hv2", "hv1 shall be empty"),
        ("z-1", "hv2", "hv3", "makes room for x-1"),
    ]


def test_nowhere_to_go_is_a_finding() -> None:
    inventory = with_platforms(make_platform("x", 2))
    found = plan_moves(inventory, lock(inventory).locks.machines, ["hv1", "hv2"])
    assert found.moves == ()
    assert [one.reason for one in found.findings] == [
        f"on hv{n}: it needs 2 vCPUs, 4096 MiB of memory and 20 GiB of disk, and there is no hypervisor for it; "
        "add one to hypervisors"
        for n in (1, 2)
    ]
