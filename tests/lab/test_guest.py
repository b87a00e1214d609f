"""The guests' images boot in a lab's hypervisor, under a real libvirtd that is started by hand."""

import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from haicap.lab import Lab, LabHost, LabSpec, guest_image, guest_recipe, missing
from haicap.lab.guest import GuestName

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(bool(missing()), reason="this machine cannot run a lab with guests: `haicap lab check`"),
]

HOSTS = (
    LabHost("hv1", "hypervisor", None, "100.64.0.2/30", "100.64.0.1"),
    LabHost("hub1", "hub", None, "100.64.0.6/30", "100.64.0.5"),
)
SPEC = LabSpec("lam-dong", HOSTS, "100.127.0.2/30", "100.127.0.1")
SCRIPT = (Path(__file__).parent / "guest.sh").read_text()
DEBIAN, TINY = "10.126.0.5", "10.126.0.6"
SSH = (
    *("ssh", "-F/dev/null", "-i/root/guest_key", "-oBatchMode=yes", "-oConnectTimeout=30"),
    *("-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null", "-oLogLevel=ERROR"),
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = Lab(tmp_path_factory.mktemp("twin") / "lab")
    try:
        lab.up(SPEC)
        yield lab
    finally:
        lab.down()


def test_no_host_starts_libvirt_by_itself(lab: Lab) -> None:
    for host in HOSTS:
        assert lab.run(host.name, ["sh", "-c", "! systemctl list-units --all --plain | grep virt"]) == 0
        assert lab.run(host.name, ["sh", "-c", "! ip -br link | grep virbr"]) == 0


def test_only_hypervisors_see_the_images_and_read_only(lab: Lab) -> None:
    assert lab.run("hub1", ["test", "-e", "/var/lib/haicap-lab"]) == 1
    image = guest_image("debian")
    path = image.source.removeprefix("file://")
    assert lab.run("hv1", ["sh", "-c", f"echo '{image.sha256}  {path}' | sha256sum --check --quiet"]) == 0
    assert lab.run("hv1", ["touch", path]) == 1


def test_tiny_takes_its_seed_and_its_disks(lab: Lab) -> None:
    _boot(lab, "tiny1", "tiny", TINY, memory_mib=96)
    _wait_for_ssh(lab, TINY, "tiny1")
    assert _in_guest(lab, TINY, "hostname") == "tiny1"
    assert "2001:db8:103::6/128" in _in_guest(lab, TINY, "ip -6 addr")
    assert "default via fe80::1" in _in_guest(lab, TINY, "ip -6 route")
    assert "default via 10.126.0.1" in _in_guest(lab, TINY, "ip route")
    assert _in_guest(lab, TINY, "cat /etc/resolv.conf") == "nameserver 10.127.0.3"
    assert int(_in_guest(lab, TINY, "df -m / | awk 'END { print $2 }'")) > 1800  # of 2048: the partition has grown
    assert _in_guest(lab, TINY, "awk '$2 == \"/data\" { print $1, $3 }' /proc/mounts") == "/dev/vdb ext4"
    assert "Mem:" in _in_guest(lab, TINY, "free")


def test_tiny_ends_at_the_power_button_and_keeps_its_files_and_host_key(lab: Lab) -> None:
    key = _host_key(lab, TINY)
    assert key.startswith("ssh-ed25519 ")
    _in_guest(lab, TINY, "echo kept | tee /root/kept > /data/kept; sync")
    _power_off(lab, "tiny1")
    assert lab.run("hv1", ["virsh", "--quiet", "start", "tiny1"]) == 0
    _wait_for_ssh(lab, TINY, "tiny1")
    assert _in_guest(lab, TINY, "cat /root/kept /data/kept") == "kept\nkept"
    assert _host_key(lab, TINY) == key
    assert key in _sh(lab, "cat /var/log/libvirt/qemu/tiny1-console.log")
    _power_off(lab, "tiny1")


@pytest.mark.slow
def test_debian_takes_its_seed_and_runs_services(lab: Lab) -> None:
    _boot(lab, "debian1", "debian", DEBIAN, memory_mib=512)
    _wait_for_ssh(lab, DEBIAN, "debian1")
    assert _in_guest(lab, DEBIAN, "hostname --fqdn") == "debian1.example.vn"
    assert "2001:db8:103::5/128" in _in_guest(lab, DEBIAN, "ip -6 addr")
    assert "default via fe80::1" in _in_guest(lab, DEBIAN, "ip -6 route")
    assert _in_guest(lab, DEBIAN, "cloud-init status --wait").endswith("status: done")
    assert _in_guest(lab, DEBIAN, "systemctl is-system-running --wait") == "running"
    for name in guest_recipe.DISABLED:
        assert (
            _in_guest(lab, DEBIAN, f"systemctl is-enabled {name}; systemctl is-active {name}") == "disabled\ninactive"
        )
    assert int(_in_guest(lab, DEBIAN, "df -m / | awk 'END { print $2 }'")) > 1800
    assert (
        _in_guest(lab, DEBIAN, "cd / && systemctl start postgresql && su postgres -c 'psql -Atc \"select 6 * 7\"'")
        == "42"
    )
    _power_off(lab, "debian1")


def _boot(lab: Lab, name: str, image: GuestName, address: str, memory_mib: int) -> None:
    path = guest_image(image).source.removeprefix("file://")
    assert lab.run("hv1", ["bash", "-c", SCRIPT, "guest.sh", name, path, address, str(memory_mib)]) == 0


def _wait_for_ssh(lab: Lab, address: str, name: str) -> None:
    """Patient: each connection costs a guest half a second, and one of a busy machine ten times the time."""
    deadline = time.monotonic() + 600
    while not _in_guest(lab, address, "echo up"):
        assert time.monotonic() < deadline, _sh(lab, f"tail -n 40 /var/log/libvirt/qemu/{name}-console.log")
        time.sleep(2)


def _in_guest(lab: Lab, address: str, command: str) -> str:
    """What a command in a guest prints, reached from its hypervisor; empty when it is not reached."""
    return _sh(lab, shlex.join([*SSH, f"root@{address}", command]))


def _host_key(lab: Lab, address: str) -> str:
    return _sh(lab, f"ssh-keyscan -t ed25519 {address}").partition(" ")[2]


def _power_off(lab: Lab, name: str) -> None:
    lab.run("hv1", ["virsh", "--quiet", "shutdown", name])
    deadline = time.monotonic() + 120
    while _sh(lab, f"virsh domstate {name}") != "shut off":
        assert time.monotonic() < deadline
        time.sleep(0.2)


def _sh(lab: Lab, command: str) -> str:
    """What a command prints in the hypervisor."""
    inside = f"--target={lab.ps()[0].pid}"
    argv = [
        "nsenter",
        inside,
        "--mount",
        "--uts",
        "--ipc",
        "--net",
        "--pid",
        "--root",
        "--wdns=/root",
        "--",
        "sh",
        "-c",
    ]
    return subprocess.run([*argv, f"{command} 2>/dev/null"], capture_output=True, text=True, check=False).stdout.strip()
