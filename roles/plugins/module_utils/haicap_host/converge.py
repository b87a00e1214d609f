"""One run on one host: apply what is wanted, take away what was ours, show what would change, or only look."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.haicap_host import disk, swap
from ansible.module_utils.haicap_host.command import Host, HostError
from ansible.module_utils.haicap_host.compare import UNCHANGED, Change, compare
from ansible.module_utils.haicap_host.disk import Manifest
from ansible.module_utils.haicap_host.packages import install_packages, missing_packages
from ansible.module_utils.haicap_host.rules import Rule
from ansible.module_utils.haicap_host.services import Unit, check_present, show
from ansible.module_utils.haicap_host.steps import PAST, Step, named_units, plan_steps
from ansible.module_utils.haicap_host.text import redact, redact_keys, sha256, tail

LOCK = "/run/haicap.lock"
LOCK_SECONDS = 60.0


@dataclass(frozen=True)
class Wanted:
    """What a host is to hold. `initial`: [{"creates": path, "command": shell text}], each run once on this host."""

    files: Mapping[str, str] = field(default_factory=dict)
    services: Sequence[str] = ()
    packages: Sequence[str] = ()
    initial: Sequence[Mapping[str, str]] = ()
    rules: Sequence[Rule] = ()


@dataclass
class Outcome:
    """What a run did, or in check mode would do. `services`: unit -> started, reloaded, restarted, enabled, stopped."""

    changes: Sequence[Change] = ()
    services: dict[str, str] = field(default_factory=dict)
    packages: Sequence[str] = ()
    initialised: Sequence[str] = ()
    recovered: bool = False

    @property
    def changed(self) -> bool:
        """Whether anything on the host is another than before."""
        moved = any(change.action != UNCHANGED for change in self.changes)
        return moved or bool(self.services or self.packages or self.initialised or self.recovered)

    @property
    def actions(self) -> list[dict[str, Any]]:
        """Each file's path, action, and whether someone had changed it since we wrote it."""
        return [{"path": c.path, "action": c.action, "drifted": c.drifted} for c in self.changes]


def observe(host: Host, files: Sequence[str], services: Sequence[str]) -> dict[str, dict[str, str | None]]:
    """What is there for exactly these files and units; text redacted, None for a file that is not there."""
    states = show(host, list(services))
    ours = disk.load_manifest(host).files
    return {
        "files": {path: _observed(host, path, ours.get(path)) for path in files},
        "services": {unit: states[unit].word for unit in services},
    }


def apply(host: Host, wanted: Wanted) -> Outcome:
    """Bring the host to what is wanted. HostError, with the host as it was, if that cannot be."""
    with lock(host):
        recovered = swap.recover(host)
        manifest = disk.load_manifest(host)
        swap.sweep(host, sorted({*wanted.files, *manifest.files}))
        remembered = _remember(host, manifest, wanted.services)
        packages = missing_packages(host, wanted.packages)
        install_packages(host, packages)
        initialised = _initialise(host, wanted.initial)
        changes = compare(host, wanted.files, manifest, wanted.rules)
        done = _transact(host, wanted, changes, remembered)
        return Outcome(changes, done, packages, initialised, recovered)


def absent(host: Host, rules: Sequence[Rule]) -> Outcome:
    """Take everything of ours away: services as they were before us, originals back, and what we knew of the host.

    Of the state folder only what is this module's: mail's archive and the disks of machines are in it too.
    """
    outcome = apply(host, Wanted(rules=rules))
    disk.forget(host)
    return outcome


def check(host: Host, wanted: Wanted) -> Outcome:
    """What `apply` would do, with nothing changed. Validators do not run: they need the staged files."""
    manifest = disk.load_manifest(host)
    packages = missing_packages(host, wanted.packages)
    initial = [row["creates"] for row in wanted.initial if not os.path.lexists(host.at(row["creates"]))]
    changes = compare(host, wanted.files, manifest, wanted.rules)
    states = show(host, _units(changes, wanted.services, manifest))
    leaving = _leaving(manifest, wanted.services, states)
    steps = plan_steps(changes, wanted.services, states, leaving)
    return Outcome(changes, _done(steps, leaving), packages, initial)


@contextmanager
def lock(host: Host) -> Iterator[None]:
    """Only one run at a time on a host. HostError, with the other's process id, after LOCK_SECONDS."""
    path = host.at(LOCK)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+") as file:
        deadline = time.monotonic() + LOCK_SECONDS
        while not _try_lock(file.fileno()):
            if time.monotonic() >= deadline:
                raise HostError(f"another run of haicap (process {file.read(20).strip()}) is at work on this host")
            time.sleep(0.2)
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _observed(host: Host, path: str, ours: str | None) -> str | None:
    try:
        data = disk.read(host.at(path))
    except HostError as error:
        return f"({error})"
    if data is None:
        return None
    text = data.decode(errors="replace")
    return redact_keys(text) if sha256(data) == ours else redact(text)


def _remember(host: Host, manifest: Manifest, services: Sequence[str]) -> Manifest:
    """The manifest, with how each newly wanted unit was before us, on disk before anything touches the unit."""
    new = [unit for unit in services if unit not in manifest.units]
    if not new:
        return manifest
    before = {unit: {"active": state.active, "enabled": state.enabled} for unit, state in show(host, new).items()}
    remembered = Manifest(dict(manifest.files), {**manifest.units, **before})
    disk.save_manifest(host, remembered)
    return remembered


def _initialise(host: Host, initial: Sequence[Mapping[str, str]]) -> list[str]:
    """Run each command whose file is not there yet; it must be there afterwards."""
    made = []
    for row in initial:
        target = host.at(row["creates"])
        if os.path.lexists(target):
            continue
        ran = host.run(["sh", "-ec", f"umask 077\n{row['command']}"])
        if ran.rc != 0 or not os.path.lexists(target):
            raise HostError(f"could not make {row['creates']}:\n{tail(ran.out) or '  the command did not create it'}")
        made.append(row["creates"])
    return made


def _transact(host: Host, wanted: Wanted, changes: Sequence[Change], manifest: Manifest) -> dict[str, str]:
    states = show(host, _units(changes, wanted.services, manifest))
    check_present({unit: states[unit] for unit in wanted.services if not _is_brought(unit, wanted.files)})
    leaving = _leaving(manifest, wanted.services, states)
    steps = plan_steps(changes, wanted.services, states, leaving)
    new = _next_manifest(changes, wanted.services, manifest)
    work = swap.Transaction(changes, steps, leaving, list(wanted.services), states, manifest, new)
    if work.empty:
        _adopt(host, changes, manifest, new)
        return {}
    try:
        swap.stage(host, changes)
        swap.validate(host, changes)
        swap.swap(host, work)
    finally:
        swap.sweep(host, [change.path for change in changes])
    return _done(steps, leaving)


def _is_brought(unit: str, files: Mapping[str, str]) -> bool:
    """Whether a wanted unit's own file, or its template's, comes with the wanted files."""
    template = f"{unit.partition('@')[0]}@" if "@" in unit else unit
    names = (unit, f"{unit}.service", f"{template}.service")  # a timer is named with its ending
    return any(f"/etc/systemd/system/{name}" in files for name in names)


def _adopt(host: Host, changes: Sequence[Change], manifest: Manifest, new: Manifest) -> None:
    """Files that were already as wanted become ours; what was there is kept all the same."""
    for change in changes:
        if change.keep:
            disk.copy(host.at(change.path), disk.original(host, change.path))
    if new != manifest:
        disk.save_manifest(host, new)


def _units(changes: Sequence[Change], services: Sequence[str], manifest: Manifest) -> list[str]:
    """Every unit a run may touch, in the order of the rules."""
    return list(dict.fromkeys([*named_units(changes), *services, *manifest.units]))


def _leaving(manifest: Manifest, services: Sequence[str], states: Mapping[str, Unit]) -> list[str]:
    """Units that are no longer wanted and did not run before us; the last to start is the first to stop."""
    gone = [u for u, before in manifest.units.items() if u not in services and not before["active"]]
    return [unit for unit in reversed(gone) if states[unit].load != "not-found"]


def _next_manifest(changes: Sequence[Change], services: Sequence[str], manifest: Manifest) -> Manifest:
    files = {change.path: sha256(change.new) for change in changes if change.wanted and change.new is not None}
    return Manifest(files, {unit: before for unit, before in manifest.units.items() if unit in services})


def _done(steps: Sequence[Step], leaving: Sequence[str]) -> dict[str, str]:
    stopped = {unit: PAST["stop"] for unit in leaving}
    return {**stopped, **{step.unit: PAST[step.verb] for step in steps if step.unit}}
