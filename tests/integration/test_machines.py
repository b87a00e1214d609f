"""Machines on real libvirt: made, changed, broken by hand, mended, moved and taken away; and killed at every step."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from haicap.errors import HaicapError
from haicap.lab import missing
from haicap.machines import move as moving
from haicap.machines.move import Move, move
from haicap.provider.context import RunContext
from haicap.provider.machines import Machines
from tests.integration.hypervisors import POOL, Hypervisors, Inputs, Machine, at, changed, lab_of_hypervisors

pytestmark = [
    pytest.mark.lab,
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing()), reason="this machine cannot run a lab with guests: `haicap lab check`"),
]

BOOT = "cat /proc/sys/kernel/random/boot_id"
FILES = ["app-1-data.qcow2", "app-1-root.qcow2", "app-1-seed.iso"]


@pytest.fixture(scope="module")
def hv(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hypervisors]:
    with lab_of_hypervisors(tmp_path_factory.mktemp("machines")) as found:
        yield found


@pytest.fixture(scope="module")
def app(hv: Hypervisors) -> Machine:
    """A machine that the tests change one after another."""
    return Machine(hv, hv.machine(1))


@pytest.fixture
def other(hv: Hypervisors) -> Iterator[Inputs]:
    """Inputs of a second machine, which is taken away afterwards, with its data."""
    wanted = hv.machine(2)
    yield wanted
    for host in ("hv1", "hv2"):
        hv.delete(changed(wanted, disks={"data": 1, "log": 1}, **at(host)))


def test_a_machine_is_as_it_is_wanted_and_nothing_is_left_to_do(hv: Hypervisors, app: Machine) -> None:
    assert app.drift() == {}
    booted = app.guest(BOOT)
    assert app.write() == "unchanged"
    assert app.guest(BOOT) == booted
    assert app.guest("hostname") == "app-1"
    assert hv.files() == FILES
    assert "haicap" in hv.on("hv1", "virsh pool-list --name")


def test_sizes_and_disks_change_while_it_runs(app: Machine) -> None:
    booted = app.guest(BOOT)
    assert app.write(vcpus=2, memory_mib=192, disks={"data": 2, "log": 1}) == "changed while it ran"
    assert app.drift() == {}
    assert app.guest("ls -d /sys/devices/system/cpu/cpu1 /dev/vdd").split() == [
        "/dev/vdd",
        "/sys/devices/system/cpu/cpu1",
    ]
    assert app.guest("grep vdb$ /proc/partitions").split()[2] == "2097152"
    assert app.guest(BOOT) == booted


def test_a_disk_that_is_not_wanted_is_kept_and_comes_back(hv: Hypervisors, app: Machine) -> None:
    app.guest("printf kept > /dev/vdd; sync")
    assert app.write(disks={"data": 2}) == "changed while it ran"
    assert app.drift() == {}
    assert "app-1-log.qcow2" in hv.files()
    assert app.write(disks={"data": 2, "log": 1}) == "changed while it ran"
    assert app.guest("head -c4 /dev/vdd") == "kept"
    assert app.write(disks={"data": 2}, destroy=True) == "changed while it ran"
    assert "app-1-log.qcow2" not in hv.files()


def test_what_a_running_machine_can_not_take_is_done_while_it_is_off(hv: Hypervisors, app: Machine) -> None:
    app.guest("echo root > /root/kept; echo data > /data/kept; sync")
    assert app.write(vcpus=1, memory_mib=128, max_vcpus=3, root_gib=2) == "changed while it was off"
    assert app.drift() == {}
    assert app.guest("cat /root/kept /data/kept") == "root\ndata"
    assert int(app.guest("df -m / | awk 'END { print $2 }'")) > 1800
    assert hv.on("hv1", "virsh snapshot-list app-1 --name") == ""
    assert "snapshots" not in hv.on("hv1", f"qemu-img info -U --output=json {POOL}/app-1-root.qcow2")


def test_a_disk_never_shrinks(app: Machine) -> None:
    assert "data disk data has 2 GiB, and 1 GiB are wanted: a disk never shrinks" in app.refusal(disks={"data": 1})
    assert "a disk never shrinks" in app.refusal(root_gib=1)


def test_a_change_that_it_does_not_come_through_is_taken_back(app: Machine) -> None:
    app.guest("echo before > /root/kept; sync")
    said = app.refusal(max_memory_mib=24, memory_mib=24)
    assert "did not answer SSH at 10.126.0.5 within 40 s after its change (max_memory_mib 256 -> 24" in said
    assert "It was put back" in said
    app.wait()
    assert app.drift() == {}
    assert app.guest("cat /root/kept") == "before"


def test_a_new_root_disk_that_does_not_come_up_gives_way_to_the_old_one(hv: Hypervisors, app: Machine) -> None:
    app.guest("echo before > /root/kept; sync")
    said = app.refusal(cloud_init=app.seed(network_config="version: 2\n"))
    assert "after its change (image or cloud-init)" in said
    app.wait()
    assert app.drift() == {}
    assert app.guest("cat /root/kept") == "before"
    assert hv.files() == FILES


def test_a_change_that_can_not_be_made_leaves_the_machine_at_work(hv: Hypervisors, app: Machine) -> None:
    app.guest("echo before > /root/kept; sync")
    hv.on("hv1", "mount --bind /bin/false /usr/bin/xorriso")
    said = app.refusal(cloud_init=app.seed(meta_data="instance-id: app-1-0\n"))
    hv.on("hv1", "umount /usr/bin/xorriso")
    assert "xorriso: it failed" in said and "app-1 was put back" in said
    app.wait()
    assert app.drift() == {}
    assert app.guest("cat /root/kept") == "before"


def test_another_birth_makes_a_new_root_disk_and_keeps_the_data(hv: Hypervisors, app: Machine) -> None:
    born = app.seed(meta_data="instance-id: app-1-2\nlocal-hostname: app-1\n")
    app.guest("echo mine > /data/kept; sync")
    assert set(app.drift(cloud_init=born)) == {"cloud_init", "image"}
    assert app.write(cloud_init=born) == "changed while it was off"
    assert app.drift() == {}
    assert app.guest("ls /root/kept 2>/dev/null; cat /data/kept") == "mine"
    assert hv.files() == FILES


def test_keys_alone_make_no_new_root_disk(app: Machine) -> None:
    keyed = app.seed(user_data=app.now["cloud_init"]["user-data"] + "# more\n")
    booted = app.guest(BOOT)
    assert set(app.drift(cloud_init=keyed)) == {"cloud_init"}
    app.write(cloud_init=keyed)
    assert app.drift() == {}
    assert app.guest(BOOT) == booted


EDIT = "virsh dumpxml --inactive app-1 | sed 's/<on_crash>restart/<on_crash>destroy/' > /root/x; virsh define /root/x"


@pytest.mark.parametrize(
    ("command", "seen"),
    [
        ("virsh setmem app-1 200M --live", {"memory_mib": 200}),
        ("virsh setvcpus app-1 2 --live", {"vcpus": 2}),
        ("virsh autostart app-1 --disable", {"autostart": False}),
        (EDIT, {"definition": "edited by hand"}),
        ("virsh suspend app-1", {"state": "paused"}),
        ("virsh detach-disk app-1 vdb --live", {"disks": {}}),
        ("virsh destroy app-1", {"state": "stopped"}),
        ("kill -9 $(cat /run/libvirt/qemu/app-1.pid)", {"state": "stopped"}),
    ],
)
def test_what_is_done_by_hand_is_seen_and_mended(
    hv: Hypervisors, app: Machine, command: str, seen: dict[str, Any]
) -> None:
    hv.on("hv1", command)
    hv.until(lambda: app.drift() == seen, f"{app.drift()} is seen")
    app.write()
    assert app.drift() == {}


def test_a_machine_that_is_gone_is_gone(hv: Hypervisors, app: Machine) -> None:
    for _ in range(2):
        hv.delete(app.now)
        assert app.drift() == {"machine": None}
        assert hv.files() == []


def test_a_machine_whose_making_was_killed_at_any_step_is_finished(hv: Hypervisors, other: Inputs) -> None:
    for point in (
        "write.ensure_image",
        "disks.make_seed",
        "guests.Hypervisor.define",
        "write.set_mark",
        "disks.make_root",
        "disks.make_data_disk",
        "write.start",
        "write.wait_for_ssh",
        "before.drop_former",
    ):
        hv.die_at(point, other)
    hv.write(other)
    assert hv.drift(other) == {}
    assert [name for name in hv.files() if name.endswith(".part")] == []


def test_a_change_that_was_killed_at_any_step_is_finished_with_its_data(hv: Hypervisors, other: Inputs) -> None:
    hv.write(other)
    hv.guest(other, "echo mine > /data/kept; sync")
    meta = {"meta-data": "instance-id: app-2-2\nlocal-hostname: app-2\n"}
    wanted = changed(other, max_vcpus=3, cloud_init={**other["cloud_init"], **meta})
    for point in (
        "disks.take_snapshot",
        "before.set_aside",
        "disks.make_seed",
        "guests.Hypervisor.define",
        "write.set_mark",
        "disks.make_root",
        "write.start",
        "write.wait_for_ssh",
        "before.drop_former",
    ):
        hv.die_at(point, wanted, other)
    hv.write(wanted, other)
    assert hv.drift(wanted) == {}
    assert hv.guest(other, "cat /data/kept") == "mine"
    assert sorted(hv.files()) == ["app-2-data.qcow2", "app-2-root.qcow2", "app-2-seed.iso"]
    assert hv.on("hv1", "virsh snapshot-list app-2 --name") == ""


def test_going_back_that_was_killed_is_finished(hv: Hypervisors, other: Inputs) -> None:
    hv.write(other)
    hv.guest(other, "echo mine | tee /data/kept > /root/kept; sync")
    silent = changed(other, cloud_init={**other["cloud_init"], "network-config": "version: 2\n"})
    for point in ("disks.put_back", "disks.drop_snapshots"):
        hv.die_at(point, silent, other, patience=15)
    hv.write(other, other)
    assert hv.drift(other) == {}
    assert hv.guest(other, "cat /data/kept /root/kept") == "mine\nmine"


def test_a_domain_that_is_not_ours_is_never_touched(hv: Hypervisors, other: Inputs) -> None:
    bare = "<domain type='qemu'><name>app-2</name><memory>65536</memory><os><type>hvm</type></os></domain>"
    hv.on("hv1", f'echo "{bare}" > /root/bare; virsh define /root/bare')
    before = hv.on("hv1", "virsh dumpxml app-2")
    assert 'a domain "app-2" that haicap did not make: rename it' in hv.refusal(other)
    with pytest.raises(HaicapError, match="haicap did not make"):
        hv.delete(other)
    assert hv.drift(other) == {"machine": None}
    assert hv.on("hv1", "virsh dumpxml app-2") == before
    hv.on("hv1", "virsh undefine app-2")
    foreign = changed(other, province="nghe-an", state="stopped")
    hv.write(foreign)
    assert "is the machine app-2 of the province nghe-an" in hv.refusal(other)
    hv.delete(foreign)


def test_an_image_of_another_content_names_both_sums(hv: Hypervisors, other: Inputs) -> None:
    real = other["image"]["sha256"]
    said = hv.refusal(changed(other, image={**other["image"], "sha256": "a" * 64}))
    assert f"its sha256 is {real}, the inventory says {'a' * 64}" in said
    assert hv.files() == [] and hv.on("hv1", f"ls {POOL} | grep -c part", code=1) == "0"


def test_a_full_pool_says_what_is_missing_and_is_left_clean(hv: Hypervisors, other: Inputs) -> None:
    wanted = changed(other, **at("hv2"))
    hv.on("hv2", f"mkdir -p {POOL}; mount -t tmpfs -o size=8m tmpfs {POOL}")
    try:
        said = hv.refusal(wanted)
        assert "it needs 18 MiB, and 8 MiB are free" in said
        assert hv.on("hv2", f"ls {POOL}") == ""
    finally:
        hv.on("hv2", f"umount {POOL}")


def test_data_outlives_its_machine_until_it_is_deleted_on_purpose(hv: Hypervisors, other: Inputs) -> None:
    hv.write(other)
    hv.guest(other, "echo mine > /data/kept; sync")
    with pytest.raises(HaicapError, match="is a disk of the domain app-2, and stays"):
        hv.ask({"key": "it", "op": "delete-disk", "name": "app-2-data.qcow2"}).result("it")
    hv.delete(other, destroy=False)
    assert hv.files() == ["app-2-data.qcow2"]
    hv.write(other)
    assert hv.guest(other, "cat /data/kept") == "mine"
    hv.delete(other, destroy=False)
    found = hv.ask({"key": "it", "op": "leftover", "known": []}).result("it")
    assert [(disk["name"], disk["machine"]) for disk in found["disks"]] == [("app-2-data.qcow2", "app-2")]
    for _ in range(2):
        hv.ask({"key": "it", "op": "delete-disk", "name": "app-2-data.qcow2"}).result("it")
    assert hv.files() == []


def test_machines_of_one_call_boot_beside_each_other_and_fail_alone(hv: Hypervisors, other: Inputs) -> None:
    kind = Machines(lambda: RunContext(hv.connection, {}, Path()))
    broken = changed(hv.machine(3), image={**other["image"], "source": "file:///nowhere"} | {"sha256": "b" * 64})

    def write(wanted: Inputs) -> str:
        try:
            kind.write(f"vm-{wanted['machine']}", wanted, None)
        except HaicapError as error:
            return str(error)
        return kind.read(f"vm-{wanted['machine']}", wanted)["state"]

    def write_all() -> list[str]:
        with ThreadPoolExecutor(initializer=hv.enter) as threads:
            return list(threads.map(write, [other, broken, changed(hv.machine(4), disks={})]))

    made, failed, third = hv.within(write_all)
    assert (made, third) == ("running", "running")
    assert "cannot be fetched" in failed
    for number in (3, 4):
        hv.delete(hv.machine(number))


def test_a_machine_moves_with_its_data_though_it_is_killed_at_every_step(
    hv: Hypervisors, other: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = changed(other, disks={"data": 1, "log": 1})
    hv.write(here)
    hv.guest(here, "echo mine | tee /data/kept > /root/kept; sync")
    there = changed(other, vcpus=2, **at("hv2"))
    real_call, real_pipe = moving.call, moving.pipe
    steps = 0
    for last in range(1, 20):
        done: list[str] = []

        def die(what: str, done: list[str] = done, last: int = last) -> None:
            done.append(what)
            if len(done) == last:
                raise KeyboardInterrupt

        def call(host: Any, connection: Any, jobs: Any) -> Any:
            answers = real_call(host, connection, jobs)
            die(jobs[0]["op"])
            return answers

        def pipe(*ends: Any, seconds: float) -> None:
            real_pipe(*ends, seconds=seconds)
            die("pipe")

        monkeypatch.setattr(moving, "call", call)
        monkeypatch.setattr(moving, "pipe", pipe)
        try:
            hv.within(lambda: move(Move(here, there, destroy=False, patience=240), hv.connection))
            break
        except KeyboardInterrupt:
            steps += 1
    assert steps > 4
    assert hv.drift(there) == {}
    assert hv.drift(here) == {"machine": None}
    assert hv.guest(there, "cat /data/kept /root/kept") == "mine\nmine"
    assert hv.files("hv1") == ["app-2-log.qcow2"]
    assert sorted(hv.files("hv2")) == ["app-2-data.qcow2", "app-2-root.qcow2", "app-2-seed.iso"]


def test_a_machine_that_does_not_come_up_where_it_went_is_back_where_it_was(hv: Hypervisors, other: Inputs) -> None:
    hv.write(other)
    hv.guest(other, "echo mine | tee /data/kept > /root/kept; sync")
    there = changed(other, memory_mib=24, max_memory_mib=24, **at("hv2"))
    with pytest.raises(HaicapError, match=r"did not answer SSH .* app-2 was started on hv1 again"):
        hv.within(lambda: move(Move(other, there, destroy=False, patience=40), hv.connection))
    hv.until(lambda: not hv.refusal(other, other), "it did not come back", 200)
    assert hv.drift(other) == {}
    assert hv.guest(other, "cat /data/kept /root/kept") == "mine\nmine"
    assert hv.drift(there) == {"machine": None}
    assert hv.files("hv2") == []
