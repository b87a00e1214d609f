"""What has to happen to a machine, and what is told of one that was changed by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from haicap.machines.onhost.change import Live, live_change, reasons_to_change, reasons_to_restart
from haicap.machines.onhost.facts import Facts, read_facts
from haicap.machines.onhost.read import found_values, told_by_hand
from tests.unit.machines.samples import WANTED, captured, defined, mark

NAME = "procedures-1"
FOUND = read_facts(captured("running"))


def _wanted(targets: dict[str, str] | None = None, **changes: Any) -> Facts:
    return read_facts(defined(targets=targets, **changes))


def test_what_is_as_it_shall_be_needs_nothing() -> None:
    found = replace(FOUND, memory_mib=512)
    assert reasons_to_restart(found, _wanted(), NAME) == reasons_to_change(found, _wanted(), NAME) == []
    assert not live_change(found, _wanted(), NAME)


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"max_vcpus": 4}, ["max_vcpus 2 -> 4"]),
        ({"max_memory_mib": 2048}, ["max_memory_mib 1024 -> 2048"]),
        ({"network": {**WANTED["network"], "bridge": "br0"}}, ["network"]),
    ],
)
def test_what_a_running_machine_can_not_take(changes: dict[str, Any], reasons: list[str]) -> None:
    assert reasons_to_restart(FOUND, _wanted(**changes), NAME) == reasons


def test_processors_come_while_it_runs_and_go_by_a_restart() -> None:
    assert reasons_to_restart(FOUND, _wanted(vcpus=2), NAME) == []
    assert reasons_to_restart(replace(FOUND, vcpus=2), _wanted(), NAME) == ["vcpus 2 -> 1"]
    assert live_change(FOUND, _wanted(vcpus=2, memory_mib=768), NAME) == Live(2, 768, (), ())


def test_data_disks_come_and_go_while_it_runs() -> None:
    wanted = _wanted({"log": "vdc"})
    assert reasons_to_restart(FOUND, wanted, NAME) == []
    assert live_change(replace(FOUND, memory_mib=512), wanted, NAME) == Live(None, None, ("log",), ("data",))
    assert reasons_to_change(replace(FOUND, memory_mib=512), wanted, NAME) == ["data disks"]


def test_another_place_is_no_change() -> None:
    assert not live_change(replace(FOUND, memory_mib=512), _wanted({"data": "vdc"}), NAME)


def test_a_disk_that_is_not_the_machines_own_goes_by_a_restart() -> None:
    disks = {**FOUND.disks, "vdc": replace(FOUND.disks["vdb"], path="/srv/other.qcow2")}
    assert reasons_to_restart(replace(FOUND, disks=disks), _wanted(), NAME) == ["disks that are not data disks"]


def test_values_are_told_as_they_are_wanted_and_what_runs_counts() -> None:
    settled = replace(FOUND, memory_mib=512)
    inactive = read_facts(captured("inactive"))
    assert found_values(WANTED, mark(), inactive, settled) == WANTED
    assert found_values(WANTED, mark(), inactive, None) == WANTED
    assert found_values(WANTED, mark(), inactive, replace(settled, memory_mib=700))["memory_mib"] == 700
    assert found_values(WANTED, mark(), replace(inactive, vcpus=2), settled)["vcpus"] == 2


def test_another_birth_is_told_without_its_content() -> None:
    found = found_values(WANTED, mark(birth="other"), FOUND, None)
    assert found["image"] == found["cloud_init"] == {"birth": "another image or cloud-init"}


def test_a_definition_that_is_not_ours_is_told() -> None:
    made = mark(definition="seal")
    assert told_by_hand(made, "seal", FOUND, FOUND) == {}
    assert told_by_hand(made, "other", FOUND, FOUND) == {"definition": "edited by hand"}
    assert told_by_hand(mark(), "seal", FOUND, None) == {"definition": "not finished"}
    assert told_by_hand(mark(moving="to hv2"), "seal", FOUND, None) == {"definition": "on its way to hv2"}
    other = replace(FOUND, max_vcpus=8)
    assert told_by_hand(made, "seal", FOUND, other) == {"definition": "it runs with another one"}
