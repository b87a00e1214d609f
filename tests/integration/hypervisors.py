"""Two hypervisors in a lab without a province, for what is done to machines: libvirt and a bridge, brought by hand."""

from __future__ import annotations

import copy
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from haicap.errors import HaicapError
from haicap.lab import Lab, LabHost, LabSpec, guest_image
from haicap.machines.call import _MODULES, _PACKAGE, HypervisorHost, call
from haicap.reach.context import Connection
from haicap.reach.jobs import Answers, ask
from haicap.reach.remote import program

HOSTS = {"hv1": "100.64.0.2", "hv2": "100.64.0.6"}
POOL = "/var/lib/haicap/machines"
PATIENCE = 240  # a machine with other work needs ten times what an idle one does
_SPEC = LabSpec(
    "machines",
    (
        LabHost("hv1", "hypervisor", None, "100.64.0.2/30", "100.64.0.1"),
        LabHost("hv2", "hypervisor", None, "100.64.0.6/30", "100.64.0.5"),
    ),
    "100.127.0.2/30",
    "100.127.0.1",
)
_BRIDGE = """\
systemctl start libvirtd
ip link add br-machines type bridge
ip link set br-machines up
ip addr add 10.126.0.1/24 dev br-machines
ip addr add fe80::1/64 dev br-machines nodad
"""
_SSH = "ssh -F/dev/null -i/root/key -oBatchMode=yes -oConnectTimeout=5 -oStrictHostKeyChecking=no " + (
    "-oUserKnownHostsFile=/dev/null -oLogLevel=ERROR"
)
T = TypeVar("T")
Inputs = dict[str, Any]


class Hypervisors:
    """The lab, and how it is worked on; all that is sent to it is sent from the controller's network."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._pids = {status.name: status.pid for status in lab.ps()}
        self.enter = lab.enter
        self._controller = ThreadPoolExecutor(4, initializer=lab.enter)
        keys = {name: self.on(name, "cat /etc/ssh/ssh_host_ed25519_key.pub") for name in HOSTS}
        self.connection = Connection(key_file=lab.ssh_key, known_hosts=keys)
        for name in HOSTS:
            self.on(name, f"{_BRIDGE}umask 077; echo {shlex.quote(lab.ssh_key.read_text())} > /root/key")

    def within(self, work: Callable[[], T]) -> T:
        """Do something from the controller's network."""
        return self._controller.submit(work).result()

    def ask(self, *jobs: Mapping[str, Any], host: str = "hv1") -> Answers:
        """Have a hypervisor do jobs; those without a patience get one."""
        jobs = tuple({"patience": PATIENCE, **job} for job in jobs)
        return self.within(lambda: call(HypervisorHost(host, HOSTS[host]), self.connection, jobs))

    def write(self, wanted: Inputs, previous: Inputs | None = None, **more: Any) -> str:
        """Write a machine; what was done. HaicapError when it can't be."""
        job = {"key": "it", "op": "write", "wanted": wanted, "previous": previous, "destroy": False, **more}
        return str(self.ask(job, host=wanted["hypervisor"]).result("it"))

    def refusal(self, wanted: Inputs, previous: Inputs | None = None, **more: Any) -> str:
        """Why a machine can't be written; "" when it was."""
        try:
            self.write(wanted, previous, **more)
        except HaicapError as error:
            return str(error)
        return ""

    def drift(self, wanted: Inputs) -> dict[str, Any]:
        """What is not as it is wanted, by its key: as it is; {} when all is."""
        answers = self.ask({"key": "it", "op": "read", "wanted": wanted}, host=wanted["hypervisor"])
        found = answers.result("it")
        if found is None:
            return {"machine": None}
        return {key: found.get(key) for key in {*wanted, *found} if found.get(key) != wanted.get(key)}

    def delete(self, gone: Inputs, *, destroy: bool = True) -> None:
        """Take a machine away."""
        job = {"key": "it", "op": "delete", "gone": gone, "destroy": destroy}
        self.ask(job, host=gone["hypervisor"]).result("it")

    def die_at(self, point: str, wanted: Inputs, previous: Inputs | None = None, *, patience: float = PATIENCE) -> None:
        """Write a machine, with a program that is killed where `point` ("module.function") would be called."""
        host = wanted["hypervisor"]
        job = {"key": "it", "op": "write", "wanted": wanted, "previous": previous, "patience": patience}
        text = program(_PACKAGE, _MODULES, {"jobs": [job]})
        module, _, function = point.rpartition(".")
        place = "".join(f".{part}" for part in function.split(".")[:-1])
        start = text.rindex(f"sys.modules['{_PACKAGE}.main']")
        die = (
            f"import os\nfound = sys.modules['{_PACKAGE}.{module}']{place}\n"
            f"assert hasattr(found, '{function}')\n"
            f"setattr(found, '{function}', lambda *_, **__: os.kill(os.getpid(), 9))\n"
        )
        answers = self.within(
            lambda: ask(host, HOSTS[host], self.connection, text[:start] + die + text[start:], seconds=PATIENCE)
        )
        assert not answers.results and not answers.errors, f"{point} was never reached: {answers}"

    def on(self, host: str, command: str, code: int = 0) -> str:
        """Do something by hand on a hypervisor; what it says."""
        inside = ["nsenter", f"--target={self._pids[host]}", "--mount", "--uts", "--ipc", "--net", "--pid", "--root"]
        ran = subprocess.run([*inside, "sh", "-c", command], capture_output=True, text=True, check=False, timeout=300)
        assert ran.returncode == code, f"{host}: {command}: {ran.returncode}\n{ran.stdout}{ran.stderr}"
        return ran.stdout.strip()

    def guest(self, wanted: Inputs, command: str) -> str:
        """Do something in a machine; what it says."""
        return self.on(wanted["hypervisor"], f"{_SSH} root@{wanted['network']['address']} {shlex.quote(command)}")

    def files(self, host: str = "hv1", pattern: str = "") -> list[str]:
        """The names of the pool's files, without images."""
        listed = self.on(host, f"ls {POOL}{pattern}").split()
        return [name for name in listed if not name.startswith("image-")]

    def until(self, done: Callable[[], bool], what: str, seconds: float = 60) -> None:
        """Wait for something."""
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, what
            time.sleep(0.3)

    def machine(self, number: int, **changes: Any) -> Inputs:
        """The inputs of a machine of the guest `tiny`."""
        image = guest_image("tiny")
        name, address, mac = f"app-{number}", f"10.126.0.{4 + number}", f"52:54:0a:7e:00:{4 + number:02x}"
        key = self._lab.ssh_key.with_suffix(".pub").read_text().strip()
        inputs: Inputs = {
            "unit": "",
            "machine": name,
            "platform": "app",
            "province": "lam-dong",
            "hypervisor": "hv1",
            "address": HOSTS["hv1"],
            "vcpus": 1,
            "max_vcpus": 2,
            "memory_mib": 128,
            "max_memory_mib": 256,
            "root_gib": 1,
            "disks": {"data": 1},
            "image": {"name": "tiny", "source": image.source, "sha256": image.sha256, "format": image.format},
            "network": {"bridge": "br-machines", "mac": mac, "address": address},
            "cloud_init": {
                "meta-data": f"instance-id: {name}-1\nlocal-hostname: {name}\n",
                "user-data": f"#cloud-config\nusers:\n  - name: root\n    ssh_authorized_keys:\n      - {key}\n",
                "network-config": (
                    f'version: 2\nethernets:\n  nic0:\n    match:\n      macaddress: "{mac}"\n'
                    f'    addresses: ["{address}/24"]\n    gateway4: 10.126.0.1\n'
                ),
            },
            "state": "running",
            "autostart": True,
        }
        return changed(inputs, **changes)


class Machine:
    """A machine that is changed step by step; `now` is what was written last."""

    def __init__(self, hv: Hypervisors, inputs: Inputs) -> None:
        self._hv, self.now = hv, inputs
        assert hv.write(inputs) == "made"

    def write(self, *, destroy: bool = False, **changes: Any) -> str:
        """Write it with other values; what was done."""
        wanted = changed(self.now, **changes)
        done = self._hv.write(wanted, self.now, destroy=destroy)
        self.now = wanted
        return done

    def refusal(self, **changes: Any) -> str:
        """Why it can't be written with other values."""
        return self._hv.refusal(changed(self.now, **changes), self.now, patience=40)

    def seed(self, **files: str) -> dict[str, str]:
        """What cloud-init reads, with other files."""
        return {**self.now["cloud_init"], **{name.replace("_", "-"): text for name, text in files.items()}}

    def drift(self, **changes: Any) -> dict[str, Any]:
        """What is not as it is wanted."""
        return self._hv.drift(changed(self.now, **changes))

    def guest(self, command: str) -> str:
        """Do something in it."""
        return self._hv.guest(self.now, command)

    def wait(self) -> None:
        """Wait until it answers."""
        self._hv.until(lambda: not self._hv.refusal(self.now, self.now), "it did not come back", 200)


def changed(inputs: Inputs, **changes: Any) -> Inputs:
    """Inputs with other values."""
    return {**copy.deepcopy(inputs), **copy.deepcopy(changes)}


def at(host: str) -> Inputs:
    """What a machine's inputs say of where it is."""
    return {"hypervisor": host, "address": HOSTS[host]}


@contextmanager
def lab_of_hypervisors(directory: Path) -> Iterator[Hypervisors]:
    """Both are up while the block runs."""
    lab = Lab(directory / "lab")
    try:
        lab.up(_SPEC, lambda line: print(line, file=sys.stderr))
        yield Hypervisors(lab)
    finally:
        lab.down()
