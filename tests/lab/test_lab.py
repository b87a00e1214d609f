"""A lab of three hosts, from up to down."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from haicap.errors import HaicapError
from haicap.lab import HostStatus, Lab, LabHost, LabSpec
from haicap.lab.host import Host

pytestmark = pytest.mark.lab

HOSTS = (
    LabHost("gw-24958", "gateway", "24958", "100.64.0.2/30", "100.64.0.1"),
    LabHost("hub1", "hub", None, "100.64.0.6/30", "100.64.0.5"),
    LabHost("dns1", "dns", None, "100.64.0.10/30", "100.64.0.9"),
)
SPEC = LabSpec("lam-dong", HOSTS, "100.127.0.2/30", "100.127.0.1")
EXTRA = LabHost("hub2", "hub", None, "100.64.0.14/30", "100.64.0.13")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = Lab(tmp_path_factory.mktemp("twin") / "lab")
    try:
        lab.up(SPEC)
        yield lab
    finally:
        lab.down()


def test_up_reports_every_host_running(lab: Lab) -> None:
    statuses = lab.ps()
    assert [(s.name, s.role, s.unit, s.address, s.state, s.cut) for s in statuses] == [
        (h.name, h.role, h.unit, h.address, "running", False) for h in HOSTS
    ]
    assert all(status.pid and 0 < status.memory_mib < 64 for status in statuses)


def test_systemd_of_every_host_is_running(lab: Lab) -> None:
    for host in HOSTS:
        assert lab.run(host.name, ["timeout", "20", "systemctl", "is-system-running", "--wait", "--quiet"]) == 0


def test_hosts_reach_each_other_s_uplink(lab: Lab) -> None:
    for source in HOSTS:
        for target in HOSTS:
            assert _pings(lab, source.name, target)


def test_run_gives_the_command_its_arguments_and_returns_its_code(lab: Lab, capfd: pytest.CaptureFixture[str]) -> None:
    assert lab.run("hub1", ["sh", "-c", 'hostname; pwd; echo "$1"; exit 7', "sh", "two words"]) == 7
    assert capfd.readouterr().out == "hub1\n/root\ntwo words\n"


def test_ssh_from_the_controller_by_the_lab_s_key_only(lab: Lab) -> None:
    assert _ssh(lab, HOSTS[0], "hostname").stdout == "gw-24958\n"
    assert "Permission denied (publickey)" in _ssh(lab, HOSTS[0], "hostname", key=Path("/dev/null")).stderr


def test_every_host_made_its_own_host_key(lab: Lab) -> None:
    keys = [_upper(lab, host.name) / "etc/ssh/ssh_host_ed25519_key.pub" for host in HOSTS]
    assert len({key.read_text() for key in keys}) == len(HOSTS)


def test_enter_moves_the_process_to_the_controller(lab: Lab) -> None:
    child = os.fork()
    if child == 0:
        lab.enter()
        os._exit(0 if b"100.127.0.2/30" in subprocess.check_output(["ip", "-4", "address"]) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_up_again_changes_nothing(lab: Lab) -> None:
    before = [status.pid for status in lab.ps()]
    assert [status.pid for status in lab.up(SPEC)] == before


def test_a_cut_is_silent_and_heal_mends_it(lab: Lab) -> None:
    lab.cut("hub1")
    try:
        assert [status.name for status in lab.ps() if status.cut] == ["hub1"]
        assert not _pings(lab, "gw-24958", HOSTS[1])
        assert not _pings(lab, "hub1", HOSTS[0])
        assert _pings(lab, "gw-24958", HOSTS[2])
        carrier = ["sh", "-c", "test $(cat /sys/class/net/wan0/carrier) = 1"]
        assert lab.run("hub1", carrier) == 0
        assert [status.state for status in lab.up(SPEC)] == ["running"] * 3
    finally:
        lab.heal("hub1")
    lab.heal("hub1")
    assert _pings(lab, "gw-24958", HOSTS[1])


def test_a_stopped_host_is_reported_and_keeps_its_files(lab: Lab) -> None:
    lab.run("dns1", ["sh", "-c", "echo kept > /root/kept; ip link add br0 type bridge"])
    lab.stop_host("dns1")
    assert _status(lab, "dns1").state == "stopped"
    assert _status(lab, "dns1").pid is None
    with pytest.raises(HaicapError, match='host "dns1" is off'):
        lab.run("dns1", ["true"])
    lab.start_host("dns1")
    assert _status(lab, "dns1").state == "running"
    assert lab.run("dns1", ["grep", "-q", "kept", "/root/kept"]) == 0
    assert lab.run("dns1", ["test", "-e", "/sys/class/net/br0"]) == 1
    assert _pings(lab, "gw-24958", HOSTS[2])


def test_up_restarts_a_host_that_crashed(lab: Lab) -> None:
    pid = _status(lab, "dns1").pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    _wait(lambda: _status(lab, "dns1").state == "stopped")
    assert [status.state for status in lab.up(SPEC)] == ["running"] * 3


def test_up_adds_a_host_to_a_running_lab(lab: Lab) -> None:
    before = [status.pid for status in lab.ps()]
    after = lab.up(LabSpec(SPEC.province, (EXTRA,), SPEC.controller, SPEC.controller_router))
    assert [status.pid for status in after[:3]] == before
    assert after[3].name == "hub2"
    assert _pings(lab, "hub2", HOSTS[0])


def test_unknown_host(lab: Lab) -> None:
    with pytest.raises(HaicapError, match='the lab has no host "hub9"'):
        lab.cut("hub9")


def test_a_second_command_waits_for_the_first(lab: Lab) -> None:
    lines: list[str] = []
    with lab._locked():
        second = threading.Thread(target=lab.up, args=(SPEC, lines.append))
        second.start()
        _wait(lambda: bool(lines))
        assert second.is_alive()
    second.join(30)
    assert lines == ["waiting for another command on this lab"]


def test_a_host_that_cannot_start_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(tmp_path / "lab")
    monkeypatch.setattr(Host, "furnish", lambda self, _key: self.folder.mkdir(parents=True))
    try:
        with pytest.raises(HaicapError, match=r"1 of the lab's hosts did not start\n  gw-24958: .*\n.*mount"):
            lab.up(LabSpec(SPEC.province, HOSTS[:1], SPEC.controller, SPEC.controller_router))
    finally:
        lab.down()


def test_down_keeping_files_then_up_then_down_leaves_nothing(tmp_path: Path) -> None:
    """Beside the other tests' lab, with the same names and addresses: two labs coexist."""
    lab = Lab(tmp_path / "lab")
    try:
        lab.up(SPEC)
        lab.run("hub1", ["touch", "/root/kept"])
        lab.down(remove=False)
        assert _traces(lab) == []
        assert [status.state for status in lab.ps()] == ["stopped"] * 3
        _leave_stale_names(lab)
        lab.up(SPEC)
        assert lab.run("hub1", ["test", "-e", "/root/kept"]) == 0
    finally:
        lab.down()
    assert _traces(lab) == []
    assert not lab.directory.exists()
    assert not lab.exists
    assert lab.ps() == []
    lab.down()


def test_down_leaves_a_folder_alone_that_is_no_lab(tmp_path: Path) -> None:
    (tmp_path / "hosts").mkdir()
    Lab(tmp_path).down()
    assert [file.name for file in tmp_path.iterdir()] == ["hosts"]


def _leave_stale_names(lab: Lab) -> None:
    """What a machine that lost power has in /run/netns: names without namespaces."""
    for name in ("backbone", "controller", "hub1"):
        Path(f"/run/netns/haicap-{lab.id}-{name}").touch()


def _traces(lab: Lab) -> list[str]:
    """Whatever of a lab is still on the machine: namespaces, groups, machines, mounts, processes."""
    mark = f"haicap-{lab.id}"
    places = ("/run/netns", "/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids")
    traces = [
        str(file) for place in (*places, "/run/systemd/nspawn/propagate") for file in Path(place).glob(f"{mark}*")
    ]
    traces += [line for line in Path("/proc/mounts").read_text().splitlines() if str(lab.directory) in line]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        traces += [command] if mark in command else []
    return traces


def _pings(lab: Lab, source: str, target: LabHost) -> bool:
    return lab.run(source, ["ping", "-q", "-c1", "-W1", target.address.partition("/")[0]]) == 0


def _ssh(lab: Lab, host: LabHost, command: str, key: Path | None = None) -> subprocess.CompletedProcess[str]:
    options = (
        "-oStrictHostKeyChecking=no",
        "-oUserKnownHostsFile=/dev/null",
        "-oBatchMode=yes",
        "-oIdentityAgent=none",
    )
    target = f"root@{host.address.partition('/')[0]}"
    argv = ["ssh", "-F/dev/null", *options, "-oIdentitiesOnly=yes", f"-i{key or lab.ssh_key}", target, command]
    namespace = f"--net=/run/netns/haicap-{lab.id}-controller"
    return subprocess.run(["nsenter", namespace, *argv], capture_output=True, text=True, check=False)


def _status(lab: Lab, name: str) -> HostStatus:
    return next(status for status in lab.ps() if status.name == name)


def _upper(lab: Lab, name: str) -> Path:
    return lab.directory / "hosts" / name / "upper"


def _wait(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)
