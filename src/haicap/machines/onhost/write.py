"""A machine, brought to what is wanted; the next run finishes what was half done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from haicap.machines.onhost import before, disks
from haicap.machines.onhost.change import live_change, reasons_to_change, reasons_to_restart
from haicap.machines.onhost.definition import MACHINE_TYPE, Setting, define, place_disks
from haicap.machines.onhost.facts import Facts, machine_type, read_facts
from haicap.machines.onhost.guests import (
    SHUTDOWN_SECONDS,
    Hypervisor,
    claim,
    definition_of,
    running_definition,
    seal,
    set_mark,
    snapshot_of,
    start,
    stop,
    wait_for_ssh,
)
from haicap.machines.onhost.images import ensure_image
from haicap.machines.onhost.live import change_live
from haicap.machines.onhost.locks import HYPERVISOR, locked
from haicap.machines.onhost.marks import Mark, birth_of, seed_of
from haicap.machines.onhost.names import Names, check_names

PATIENCE = 300.0  # seconds that a machine has until it answers
_BRIEFLY = 10.0  # for one that answered before, and was not changed


@dataclass(frozen=True)
class Job:
    """What is wanted of a machine, and what it was by the last plan. `destroy`: data disks that are no longer wanted go
    for good. `arrived`: it came from another hypervisor, with all its disks."""

    wanted: Mapping[str, Any]
    previous: Mapping[str, Any] | None = None
    destroy: bool = False
    patience: float = PATIENCE
    arrived: bool = False


def write(hypervisor: Hypervisor, job: Job) -> str:
    """Bring a machine to what is wanted; what was done, in a few words. OSError and ValueError when it can't be."""
    check_names(job.wanted["machine"], job.wanted["disks"])
    with locked(f"machine-{job.wanted['machine']}"):
        return _Writing(hypervisor, job).run()


class _Writing:
    """One machine being written, while its lock is held."""

    def __init__(self, hypervisor: Hypervisor, job: Job) -> None:
        self._hypervisor, self._job, self._wanted = hypervisor, job, job.wanted
        self._machine, self._address = str(job.wanted["machine"]), str(job.wanted["network"]["address"])
        self._names = Names(self._machine)
        self._runs = job.wanted["state"] == "running"
        self._domain: Any = None
        self._mark: Mark | None = None

    def run(self) -> str:
        with locked(HYPERVISOR):
            self._look()
        image = ensure_image(self._wanted["image"])
        disks.refuse_small_root(image, self._wanted["root_gib"])
        self._finish_former_change()
        reasons = self._reasons()
        done = None
        if self._runs and not reasons and self._domain is not None and self._domain.isActive():
            done = self._change_live()
            reasons = ["what it did not take while it ran"]
        done = done or self._change_off(image, reasons)
        self._drop_unwanted_disks()
        return done

    def _look(self) -> None:
        """Find the domain, and whatever stands in the way, before anything is touched."""
        self._hypervisor.ensure_pool()
        self._domain = self._hypervisor.find(self._machine)
        self._mark = claim(self._domain, self._wanted)
        if self._mark and self._mark.moving.startswith("from ") and not self._job.arrived:
            raise ValueError(f"{self._machine} is on its way here {self._mark.moving}: apply the plan that moves it")
        for name, gib in self._wanted["disks"].items():
            path = self._names.disk(name)
            disks.refuse_shrinking(path, gib, f"{self._machine}'s data disk {name}")
            self._refuse_used(path)
        if self._mark and self._mark.birth == self._birth:
            disks.refuse_shrinking(self._names.root, self._wanted["root_gib"], f"{self._machine}'s root disk")

    def _refuse_used(self, path: Path) -> None:
        others = [name for name in self._hypervisor.users_of(path) if name != self._machine]
        if others:
            raise ValueError(f"{path.name} is a disk of the domain {others[0]}: give the data disk another name")

    def _finish_former_change(self) -> None:
        """What an earlier run kept of the machine: back where it belongs, or gone if the machine answers."""
        former = before.former_mark(self._domain) if self._domain is not None else None
        if former is None or self._mark is None:
            return
        before.finish_putting_back(self._mark, former, self._names)
        answers = self._mark.answered or wait_for_ssh(self._domain, self._address, _BRIEFLY)
        if answers:
            self._settle()

    @cached_property
    def _birth(self) -> str:
        return birth_of(self._wanted)

    @property
    def _is_new_birth(self) -> bool:
        return self._mark is not None and self._mark.birth != self._birth

    def _new_mark(self, answered: str = "") -> Mark:
        wanted = self._wanted
        whose = (wanted["province"], wanted["machine"], wanted["platform"])
        return Mark(*whose, birth=self._birth, seed=seed_of(wanted), answered=answered)

    def _definition(self, mark: Mark) -> str:
        defined = definition_of(self._domain) if self._domain is not None else ""
        seen = (running_definition(self._domain) if self._domain is not None else "") or defined
        places = read_facts(seen).data_disks(self._machine) if seen else {}
        setting = Setting(
            targets=place_disks(self._wanted["disks"], places),
            accelerated=self._hypervisor.accelerated,
            uuid=self._domain.UUIDString() if self._domain is not None else "",
            machine_type=machine_type(defined) if defined else MACHINE_TYPE,
        )
        return define(self._wanted, self._names, mark, setting)

    def _wanted_facts(self) -> Facts:
        return read_facts(self._definition(self._new_mark()))

    def _reasons(self) -> list[str]:
        """Why the machine can't get to what is wanted while it runs; or in what it differs, if it is off."""
        if self._domain is None:
            return []
        running = running_definition(self._domain)
        compare = reasons_to_restart if running else reasons_to_change
        found = read_facts(running or definition_of(self._domain))
        reasons = compare(found, self._wanted_facts(), self._machine)
        size = disks.gib_of(self._names.root)
        if self._is_new_birth:
            reasons.append("image or cloud-init")
        elif size is not None and size < self._wanted["root_gib"]:
            reasons.append(f"root_gib {size} -> {self._wanted['root_gib']}")
        return reasons

    def _change_live(self) -> str | None:
        """Change the machine while it runs; None when it does not take it."""
        wanted, sizes = self._wanted_facts(), self._wanted["disks"]
        change = live_change(read_facts(running_definition(self._domain)), wanted, self._machine)
        answered = self._mark.answered if self._mark else ""
        with locked(HYPERVISOR):
            for name, gib in sizes.items():
                disks.make_data_disk(self._names.disk(name), gib)
            if not change_live(
                self._domain, change, wanted, sizes, self._names, accelerated=self._hypervisor.accelerated
            ):
                return None
            self._make_seed()
            self._define(answered)
            start(self._domain)
        self._wait(_BRIEFLY if answered else self._job.patience, [])
        return "changed while it ran" if change else "unchanged"

    def _change_off(self, image: Path, reasons: Sequence[str]) -> str:
        """Change the machine while it is off, and start it. What it was is kept until it answers."""
        is_new = self._domain is None
        ran = not is_new and bool(self._domain.isActive())
        if not is_new:
            stop(self._domain, min(SHUTDOWN_SECONDS, self._job.patience))
        try:
            with locked(HYPERVISOR):
                self._make(image, keep=not is_new and bool(reasons))
        except (OSError, ValueError, self._hypervisor.libvirt.libvirtError) as error:
            if not ran:
                raise
            raise OSError(f"{error}. {self._machine} {self._go_back()}") from error
        if self._runs:
            self._wait(self._job.patience, reasons)
        return "made" if is_new else "changed while it was off" if reasons else "started" if self._runs else "stopped"

    def _make(self, image: Path, *, keep: bool) -> None:
        """Make what is missing of the machine, which is off, or is to be another; start it if it is to run."""
        if keep and self._runs and self._mark and self._mark.answered:
            before.keep_former(self._domain, self._names)
        if self._is_new_birth:
            before.set_aside(self._domain, self._names.root, self._names.former_root)
        self._make_seed()
        self._define("")
        self._make_disks(image)
        if self._runs:
            start(self._domain)

    def _define(self, answered: str) -> None:
        """Define the domain, and seal the definition as libvirt has it."""
        self._domain = self._hypervisor.define(self._definition(self._new_mark(answered)))
        self._domain.setAutostart(int(self._wanted["autostart"]))
        self._mark = replace(self._new_mark(answered), definition=seal(self._domain))
        set_mark(self._domain, self._mark)

    def _make_disks(self, image: Path) -> None:
        gib, names = self._wanted["root_gib"], self._names
        disks.make_root(names.root, image, self._wanted["image"]["format"], gib)
        disks.grow(names.root, gib)
        for name, size in self._wanted["disks"].items():
            disks.make_data_disk(names.disk(name), size)
            disks.grow(names.disk(name), size)

    def _make_seed(self) -> None:
        """The disk for cloud-init, unless it is there. A machine that runs reads it at its next start."""
        names, seeded = self._names, self._mark is not None and self._mark.seed == seed_of(self._wanted)
        if not (seeded and names.seed.exists()):
            if self._domain is not None:
                before.set_aside(self._domain, names.seed, names.former_seed)
            disks.make_seed(names.seed, self._wanted["cloud_init"])

    def _wait(self, seconds: float, reasons: Sequence[str]) -> None:
        """Wait until the machine answers. OSError when it does not; then it is put back to what was kept of it."""
        if wait_for_ssh(self._domain, self._address, seconds):
            self._settle()
            return
        how = f"did not answer SSH at {self._address} within {seconds:g} s" if self._domain.isActive() else "went off"
        told = f"what it said is in {self._names.console} on its hypervisor"
        if snapshot_of(self._domain) is None:
            raise OSError(f"{self._machine} {how}; {told}")
        changes = f" ({', '.join(reasons)})" if reasons else ""
        raise OSError(f"{self._machine} {how} after its change{changes}. It {self._go_back()}; {told}")

    def _settle(self) -> None:
        """The machine answers: say so, then let go of what was kept. Who reads "yes" knows that the rest may go."""
        with locked(HYPERVISOR):
            if self._mark and not self._mark.answered:
                self._mark = replace(self._mark, answered="yes")
                set_mark(self._domain, self._mark)
            before.drop_former(self._domain, self._names)

    def _go_back(self) -> str:
        """Make the machine what was kept of it, if anything was, and start it; in words what came of it."""
        stop(self._domain, min(SHUTDOWN_SECONDS, self._job.patience))
        with locked(HYPERVISOR):
            kept = snapshot_of(self._domain) is not None
            if kept:
                self._domain = before.put_former_back(self._hypervisor, self._domain, self._names)
            start(self._domain)
        answers = wait_for_ssh(self._domain, self._address, self._job.patience)
        return f"was {'put back' if kept else 'started again'}, and {'answers again' if answers else 'is silent still'}"

    def _drop_unwanted_disks(self) -> None:
        """Data disks that the plan names as destroyed go; without that they stay, detached."""
        former = (self._job.previous or {}).get("disks", {}) if self._job.destroy else {}
        with locked(HYPERVISOR):
            for name in sorted(set(former) - set(self._wanted["disks"])):
                self._refuse_used(self._names.disk(name))
                self._names.disk(name).unlink(missing_ok=True)
