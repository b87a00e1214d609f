"""One lab in one folder: up, ps, exec, faults, down."""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from haicap.errors import HaicapError
from haicap.lab import cgroups, machine
from haicap.lab.boot import boot_all
from haicap.lab.command import run
from haicap.lab.host import Host
from haicap.lab.image import image_path
from haicap.lab.network import Network
from haicap.lab.spec import (
    HostStatus,
    LabHost,
    LabSpec,
    check,
    from_json,
    merge,
    to_json,
)

if TYPE_CHECKING:
    from haicap.lab.authority import Authority

Progress = Callable[[str], None]

_POWER_OFF = 20.0  # seconds that hosts have to shut down in order
_OWN = ("lab.json", "ssh_key", "ssh_key.pub", "lock")


class Lab:
    """The lab that lives in `directory`: its hosts' files and logs, ssh key, lab.json. Labs in two folders coexist."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()
        self.id = hashlib.sha256(os.fsencode(self.directory.resolve())).hexdigest()[:6]
        self.ssh_key = self.directory / "ssh_key"
        self._lock = self.directory / "lock"
        self._prefix = f"haicap-{self.id}-"
        self._network = Network(self._prefix)

    @property
    def authority(self) -> "Authority":
        """The lab's own certificate authority, and the officer who gets first passwords."""
        from haicap.lab.authority import Authority  # `haicap check` does not wait for cryptography

        return Authority(self.directory / "authority")

    @property
    def exists(self) -> bool:
        """Whether a lab was made here, running or not."""
        return (self.directory / "lab.json").is_file()

    def up(self, spec: LabSpec, progress: Progress | None = None) -> list[HostStatus]:
        """Start what is missing of `spec` and of what the lab here already holds, in a new lab or in a running one.

        Returns when sshd answers in every host that it started. HaicapError when the machine lacks something, when
        `spec` contradicts the lab that is there, or when a host does not start.
        """
        report = progress or (lambda _line: None)
        check(spec)
        machine.require(guests=any(host.role == "hypervisor" for host in spec.hosts))
        with self._locked(report):
            if not self.exists:
                self._clear()  # what a lab left whose folder was deleted while it ran
            spec, image = self._record(spec)
            machine.prepare()
            self._make_key()
            self._network.build(spec)
            self._start([self._host(host) for host in spec.hosts], image, report)
        return self.ps()

    def ps(self) -> list[HostStatus]:
        """Every host of the lab, as it is now; empty when there is no lab."""
        if not self.exists:
            return []
        cuts = self._network.cuts()
        return [self._status(self._host(host), cuts) for host in self._load()[0].hosts]

    def run(self, host: str, argv: list[str]) -> int:
        """Run a command in a host as root, on this terminal, and return its exit code; without one, a shell."""
        return self._find(host).run(argv)

    def cut(self, name: str) -> None:
        """Drop everything on a host's line, both ways, in silence."""
        self._find(name)
        with self._locked():
            self._network.cut(name)

    def heal(self, name: str) -> None:
        """Undo `cut`."""
        self._find(name)
        with self._locked():
            self._network.heal(name)

    def stop_host(self, name: str) -> None:
        """Power a host off, in order if it will, at once if not. Its files stay."""
        host = self._find(name)
        with self._locked():
            self._stop([host])

    def start_host(self, name: str) -> None:
        """Power a host on and wait until its sshd answers. HaicapError when it does not start."""
        host = self._find(name)
        machine.require(guests=host.host.role == "hypervisor")
        with self._locked():
            spec, image = self._load()
            machine.prepare()
            self._network.build(spec)
            self._start([host], image, lambda _line: None)

    def down(self, remove: bool = True) -> None:
        """Stop all and remove every namespace, control group and mount; with `remove` the hosts' files and the key too.

        It needs no record of what was made, so it cleans up after a crash as well.
        """
        if not (self.directory.is_dir() or self._network.names() or cgroups.groups(self._prefix)):
            return
        with self._locked():
            if not remove and self.exists:
                self._stop([self._host(host) for host in self._load()[0].hosts])
            self._clear()
            if remove:
                self._erase()

    def _clear(self) -> None:
        """End every host's processes, and remove control groups and namespaces."""
        groups = cgroups.groups(self._prefix)
        cgroups.kill(groups)
        for group in groups:
            _forget_machine(group)
        self._network.remove()

    def enter(self) -> None:
        """Move this process into the controller's network namespace. Call it before any thread is started."""
        self._network.enter("controller")

    def _record(self, spec: LabSpec) -> tuple[LabSpec, Path]:
        """Add `spec` to the lab that is recorded here, and return the whole and the image it stands on."""
        old, image = self._load() if self.exists else (None, image_path())
        whole = merge(old, spec)
        if not image.is_dir():
            raise HaicapError(f"the lab's base image {image} is gone: run `haicap lab down`, then `haicap lab up`")
        part = self.directory / "lab.json.part"
        part.write_text(to_json(whole, str(image)))
        part.replace(self.directory / "lab.json")
        return whole, image

    def _load(self) -> tuple[LabSpec, Path]:
        if not self.exists:
            raise HaicapError("there is no lab: make one with `haicap lab up`")
        spec, image = from_json((self.directory / "lab.json").read_text())
        return spec, Path(image)

    def _make_key(self) -> None:
        if not self.ssh_key.exists():
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"haicap lab {self.id}", "-f", str(self.ssh_key)])

    def _host(self, host: LabHost) -> Host:
        return Host(host, self.directory / "hosts" / host.name, self._prefix + host.name)

    def _find(self, name: str) -> Host:
        hosts = {host.name: host for host in self._load()[0].hosts}
        if name not in hosts:
            raise HaicapError(f'the lab has no host "{name}"; it has {", ".join(sorted(hosts))}')
        return self._host(hosts[name])

    def _start(self, hosts: Iterable[Host], image: Path, report: Progress) -> None:
        """Boot those of `hosts` that are off, and wait for them and for those that are still starting."""
        late = [host for host in hosts if host.state() != "running"]
        off = [host for host in late if host.state() == "stopped"]
        cgroups.kill(host.group for host in off)
        key = self.ssh_key.with_suffix(".pub").read_text()
        for host in off:
            host.furnish(key)
        if off:
            self._network.connect(host.host for host in off)
        if late:
            boot_all(late, image, self._network, report)

    def _stop(self, hosts: list[Host]) -> None:
        for host in hosts:
            host.power_off()
        deadline = time.monotonic() + _POWER_OFF
        while any(cgroups.pids(host.group) for host in hosts) and time.monotonic() < deadline:
            time.sleep(0.05)
        cgroups.kill(host.group for host in hosts)

    def _status(self, host: Host, cuts: set[str]) -> HostStatus:
        told = host.host
        return HostStatus(
            *(told.name, told.role, told.unit, told.address),
            state=host.state(),
            pid=host.leader(),
            memory_mib=cgroups.memory_mib(host.group),
            cut=told.name in cuts,
        )

    def _erase(self) -> None:
        if self.exists:  # or else a folder named hosts is not the lab's
            for name in ("hosts", "authority"):
                shutil.rmtree(self.directory / name, ignore_errors=True)
        for name in _OWN:
            (self.directory / name).unlink(missing_ok=True)
        if not any(self.directory.iterdir()):
            self.directory.rmdir()

    @contextmanager
    def _locked(self, report: Progress | None = None) -> Iterator[None]:
        """Hold the lab's lock: a second command on the same lab waits until the first one is done."""
        while True:
            self.directory.mkdir(parents=True, exist_ok=True)
            with self._lock.open("w") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    if report:
                        report("waiting for another command on this lab")
                    fcntl.flock(lock, fcntl.LOCK_EX)
                if self._lock.exists() and os.fstat(lock.fileno()).st_ino == self._lock.stat().st_ino:
                    yield
                    return
                # The other command was `down` and removed the lock with the lab: there is a new one to take.


def _forget_machine(group: str) -> None:
    """systemd-nspawn leaves an empty folder a machine behind."""
    for place in ("propagate", "unix-export"):
        shutil.rmtree(Path("/run/systemd/nspawn") / place / group, ignore_errors=True)
