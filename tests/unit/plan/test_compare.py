"""Two designs against each other: what was renamed or moved is one change, and everything else is as in a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from haicap.plan.compare import Comparison, compare
from haicap.plan.kin import find_kin
from haicap.plan.model import Difference


@dataclass(frozen=True)
class Thing:
    name: str
    unit: str | None
    system: str
    inputs: Mapping[str, Any]


def _side(*things: Thing) -> dict[str, Thing]:
    return {thing.name: thing for thing in things}


def _gateway(code: str, text: str = "a\n") -> Thing:
    return Thing(f"gw-{code}", code, "gateway", {"host": f"gw-{code}", "unit": code, "files": {"/etc/x": text}})


def _accounts(code: str, **people: Any) -> Thing:
    return Thing(f"mail-{code}", code, "mail", {"unit": code, "name": f"Unit {code}", "people": people})


def _person(unit: str, **more: Any) -> dict[str, Any]:
    return {"name": "Hải", "position": "Văn thư", "address": f"hai.{unit}@x.vn", "stage": "live", **more}


def _unit(name: str, *predecessors: str, block: str | None = None) -> dict[str, Any]:
    return {"name": name, "predecessors": list(predecessors), "gateway": {"name": "gw", "block": block}}


def _actions(found: Comparison) -> dict[str, str]:
    return {change.resource: change.action for change in found.changes}


def test_what_comes_differs_and_goes() -> None:
    found = compare(_side(_gateway("1"), _gateway("2")), _side(_gateway("2", "b\n"), _gateway("3")))
    assert _actions(found) == {"gw-2": "update", "gw-3": "create", "gw-1": "delete"}
    assert found.changes[0].diff == (Difference(("files", "/etc/x"), "a\n", "b\n"),)
    assert found.summary == {"create": 1, "update": 1, "replace": 0, "delete": 1, "unchanged": 0}


def test_the_same_is_no_change() -> None:
    found = compare(_side(_gateway("1")), _side(_gateway("1")))
    assert (found.changes, found.moves, found.unchanged) == ((), (), 1)


def test_a_unit_that_changed_its_code_is_one_change() -> None:
    units = {"24958": _unit("Đức Trọng", "1", "2")}, {"24999": _unit("Đức Trọng", "1", "2")}
    found = compare(
        _side(_gateway("24958"), _accounts("24958", n=_person("d"))),
        _side(_gateway("24999"), _accounts("24999", n=_person("d"))),
        units,
    )
    assert _actions(found) == {"gw-24999": "replace", "mail-24999": "replace"}
    assert {one.path for one in found.changes[0].diff} == {("host",), ("unit",)}
    [move] = found.moves
    assert (move.kind, move.what, move.before, move.after) == ("unit", "Đức Trọng", "24958", "24999")
    assert move.resources == ("gw-24999", "mail-24999")
    assert found.formerly == {"gw-24999": "gw-24958", "mail-24999": "mail-24958"}


def test_a_unit_with_another_name_is_told_of() -> None:
    units = {"24958": _unit("Đức Trọng")}, {"24958": _unit("Đức Trọng Mới")}
    [move] = compare({}, {}, units).moves
    assert (move.what, move.before, move.after) == ("24958", "Đức Trọng", "Đức Trọng Mới")


def test_a_machine_on_another_hypervisor_is_one_change() -> None:
    def machine(hypervisor: str) -> Thing:
        inputs = {"machine": "p-1", "hypervisor": hypervisor, "image": {"sha256": "0"}, "cloud_init": {}}
        return Thing("vm-p-1", None, "machine", {**inputs, "root_gib": 3, "disks": {"data": 2}})

    found = compare(_side(machine("hv1")), _side(machine("hv2")))
    assert _actions(found) == {"vm-p-1": "update"}
    assert found.changes[0].cost == "off while 5 GiB move from hv1 to hv2"
    [move] = found.moves
    assert (move.kind, move.what, move.before, move.after) == ("machine", "p-1", "hv1", "hv2")


def test_a_person_in_another_unit_is_one_difference() -> None:
    before = _side(_accounts("1", n=_person("a")), _accounts("2"))
    after = _side(_accounts("1"), _accounts("2", n=_person("b")))
    found = compare(before, after)
    assert _actions(found) == {"mail-2": "update"}
    assert found.changes[0].diff == (Difference(("people", "n"), _person("a"), _person("b")),)
    [move] = found.moves
    assert (move.kind, move.what, move.before, move.after) == ("person", "n", "1", "2")
    assert [change.destroys for change in found.changes] == [()], "a mailbox that moves is not deleted"


def test_a_person_known_in_both_units_moves_with_the_mailbox() -> None:
    gone, waiting = _person("a", stage="moved", home="2"), _person("b", stage="prepare", home="1")
    before = _side(_accounts("1", n=_person("a")), _accounts("2", n=waiting))
    after = _side(_accounts("1", n=gone), _accounts("2", n=_person("b")))
    found = compare(before, after)
    assert [(change.resource, len(change.diff)) for change in found.changes] == [("mail-2", 1)]


def test_what_else_differs_beside_a_move_stays() -> None:
    before = _side(_accounts("1", n=_person("a"), m=_person("m")), _accounts("2"))
    after = _side(_accounts("1", m=_person("m", stage="frozen")), _accounts("2", n=_person("b")))
    diffs = {change.resource: {one.path for one in change.diff} for change in compare(before, after).changes}
    assert diffs == {"mail-1": {("people", "m")}, "mail-2": {("people", "n")}}


def test_people_of_a_unit_with_another_code_did_not_move() -> None:
    units = {"24958": _unit("Đức Trọng", "1")}, {"24999": _unit("Đức Trọng", "1")}
    found = compare(_side(_accounts("24958", n=_person("d"))), _side(_accounts("24999", n=_person("d"))), units)
    assert [move.kind for move in found.moves] == ["unit"]


def test_a_mailbox_that_goes_is_named() -> None:
    found = compare(_side(_accounts("1", n=_person("a"))), _side(_accounts("1")))
    assert found.changes[0].destroys == ("mailbox of n Hải (hai.a@x.vn)",)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (_unit("Tân Lập", "1"), _unit("Tân Lập", "2")),  # names repeat
        (_unit("Tân Lập"), _unit("Tân Lập")),
        (_unit("Tân Lập", block="10.0.0.0/22"), _unit("Tân Hà", block="10.0.0.0/22")),  # a block is handed on
        (_unit("Tân Lập", "1", "2"), _unit("Tân Hà", "2")),  # a unit that was split
    ],
)
def test_units_with_too_little_in_common_are_two(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert find_kin({"00001": before}, {"00002": after}) == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (_unit("Tân Lập", "1", "2"), _unit("Tân Hà", "2", "1")),  # made from the same communes, renamed
        (_unit("Tân Lập", block="10.0.0.0/22"), _unit("Tân Lập", block="10.0.0.0/22")),
        (_unit("Tân Lập"), _unit("Tân Lập", "00001")),  # the old code is what it was made from
        (_unit("Ta\u0302n Lập", "1"), _unit("Tân Lập", "1")),  # letters composed another way
    ],
)
def test_units_with_enough_in_common_are_one(before: dict[str, Any], after: dict[str, Any]) -> None:
    [kin] = find_kin({"00001": before}, {"00002": after})
    assert (kin.before, kin.after) == ("00001", "00002")


def test_a_unit_has_one_partner_and_that_with_most_in_common() -> None:
    before = {"00001": _unit("Tân Lập", "1", "2")}
    after = {"00002": _unit("Tân Hà", "1", "2"), "00003": _unit("Tân Lập", "1", "2")}
    assert [(kin.before, kin.after) for kin in find_kin(before, after)] == [("00001", "00003")]


def test_a_code_that_both_sides_have_is_never_another_unit() -> None:
    units = {"00001": _unit("Tân Lập", "1")}, {"00001": _unit("Tân Hà", "2"), "00002": _unit("Tân Lập", "1")}
    assert find_kin(*units) == ()
