"""A machine's definition: what is in it, and what is read back of it, and of libvirt's own."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest

from haicap.machines.onhost.definition import data_disk, place_disks
from haicap.machines.onhost.facts import Disk, Network, machine_type, paths_in, read_facts
from haicap.machines.onhost.marks import NAMESPACE, Mark, birth_of, read_mark, seal_of
from haicap.machines.onhost.names import check_names, data_disks, owner_of
from haicap.plan.machine import cost_of
from tests.unit.machines.samples import NAMES, WANTED, captured, defined, mark

POOL = "/var/lib/haicap/machines"


def test_what_is_defined_is_read_back() -> None:
    facts = read_facts(defined())
    assert (facts.vcpus, facts.max_vcpus, facts.memory_mib, facts.max_memory_mib) == (1, 2, 512, 1024)
    assert facts.disks == {
        "vda": Disk(f"{POOL}/procedures-1-root.qcow2", "qcow2", True),
        "vdz": Disk(f"{POOL}/procedures-1-seed.iso", "raw", False),
        "vdb": Disk(f"{POOL}/procedures-1-data.qcow2", "qcow2", True),
    }
    assert facts.networks == (Network("br-machines", "52:54:0a:7e:00:05", "virtio"),)
    assert facts.data_disks("procedures-1") == {"data": "vdb"}


def test_libvirt_tells_the_same_of_it_whether_it_runs_or_not() -> None:
    ours, inactive, running = read_facts(defined()), read_facts(captured("inactive")), read_facts(captured("running"))
    assert inactive == ours
    assert running.fixed("procedures-1") == ours.fixed("procedures-1")
    assert (running.vcpus, running.data_disks("procedures-1")) == (1, {"data": "vdb"})
    assert machine_type(captured("inactive")) == "pc-q35-7.2"


def test_without_kvm_qemu_gets_little_memory_of_its_own_and_may_forget_on_a_crash() -> None:
    slow, fast = ET.fromstring(defined()), ET.fromstring(defined(accelerated=True))
    assert (slow.get("type"), fast.get("type")) == ("qemu", "kvm")
    assert slow.findtext("features/tcg/tb-cache") == "128"
    assert fast.find("features/tcg") is None
    assert {driver.get("cache") for driver in fast.iter("driver")} == {None}
    assert fast.find("cpu").get("mode") == "host-model"  # type: ignore[union-attr]


def test_a_guest_finds_a_data_disk_by_its_name() -> None:
    disk = ET.fromstring(data_disk(NAMES.disk("data"), "vdc", "data", accelerated=True))
    assert disk.findtext("serial") == "data"
    assert disk.find("target").get("dev") == "vdc"  # type: ignore[union-attr]


def test_there_is_room_for_disks_that_come_while_it_runs() -> None:
    ports = [c for c in ET.fromstring(defined()).iter("controller") if c.get("model") == "pcie-root-port"]
    assert len(ports) == 10


def test_disks_keep_their_places() -> None:
    assert place_disks(["a", "b", "c"], {"b": "vdb", "gone": "vdc"}) == {"b": "vdb", "a": "vdc", "c": "vdd"}
    assert place_disks([], {}) == {}
    with pytest.raises(ValueError, match="at most 24"):
        place_disks([f"d{n}" for n in range(25)], {})


def test_the_mark_is_read_back_and_nothing_else_is_one() -> None:
    assert read_mark(defined()) == mark()
    found = read_mark(captured("running"))
    assert found is not None and (found.province, found.answered) == ("lam-dong", "yes")
    assert read_mark("<domain><metadata><machine/></metadata></domain>") is None
    assert read_mark("<domain/>") is None
    assert f'xmlns="{NAMESPACE}"' not in Mark("p", "n", "f", "b").text()


def test_the_seal_is_of_the_definition_alone() -> None:
    text = captured("inactive")
    assert seal_of(text) == read_mark(text).definition  # type: ignore[union-attr]
    assert seal_of(text.replace('answered="yes"', "")) == seal_of(text)
    assert seal_of(text.replace("<vcpu placement='static' current='1'>2<", "<vcpu placement='static'>2<")) != seal_of(
        text
    )


def _with(**cloud_init: str) -> dict[str, Any]:
    return {**WANTED, "cloud_init": {**WANTED["cloud_init"], **cloud_init}}


@pytest.mark.parametrize(
    ("after", "born_again"),
    [
        ({**WANTED, "image": {**WANTED["image"], "source": "file:///d.qcow2", "name": "d"}, "vcpus": 2}, False),
        ({**WANTED, "image": {**WANTED["image"], "sha256": "b" * 64}}, True),
        (_with(**{"user-data": "#cloud-config\nusers: []\n"}), False),
        (_with(**{"meta-data": "instance-id: two\n"}), True),
        (_with(**{"network-config": "version: 1\n"}), True),
    ],
)
def test_a_root_disk_is_made_anew_where_the_plan_says_so(after: dict[str, Any], born_again: bool) -> None:
    assert (birth_of(after) != birth_of(WANTED)) is born_again
    assert cost_of(WANTED, after).startswith("root disk made anew") is born_again


def test_all_files_below_a_domain_are_seen() -> None:
    assert f"{POOL}/image-014198b5e8bf1084.qcow2" in paths_in(captured("running"))
    assert len(paths_in(captured("inactive"))) == 3


@pytest.mark.parametrize("name", ["", "../x", "Procedures", "1a", "a-", "image", "a" * 61])
def test_names_that_are_no_files_beside_all_others_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name for a machine"):
        check_names(name, [])


@pytest.mark.parametrize("name", ["", "root", "seed", "a/b", "a" * 21, "-a"])
def test_names_that_are_no_data_disks_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name for a data disk"):
        check_names("procedures-1", [name])


def test_data_disks_and_whose_they_are() -> None:
    names = ["image-014198b5e8bf1084.qcow2", "a-1-root.qcow2", "a-1-seed.iso", "a-1-data.qcow2", "a-1-log-1.qcow2"]
    assert data_disks([*names, "a-1-data.qcow2.part"]) == ["a-1-data.qcow2", "a-1-log-1.qcow2"]
    assert owner_of("a-1-log-1.qcow2", ["a-1", "a"]) == "a-1"
    assert owner_of("a-1-data.qcow2", []) == "a-1"
