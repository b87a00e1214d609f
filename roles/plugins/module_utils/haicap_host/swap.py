"""One transaction on a host: stage, validate, journal, rename, step, wait; or everything back as it was.

Until the journal is written nothing but staged copies has changed. From then until it is removed, whoever finds it
(this run after a failure, the next one after a crash) puts the old files back first.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any, Callable

from ansible.module_utils.haicap_host import disk
from ansible.module_utils.haicap_host.command import Host, HostError
from ansible.module_utils.haicap_host.compare import REMOVED, UNCHANGED, Change, owner_ids
from ansible.module_utils.haicap_host.disk import Manifest
from ansible.module_utils.haicap_host.rules import fill
from ansible.module_utils.haicap_host.services import Unit, forget_failures, install, last_lines, show, wait_active
from ansible.module_utils.haicap_host.steps import RELOAD, RESTART, RUN, Step, perform, stop
from ansible.module_utils.haicap_host.text import tail

DAEMON_RELOAD = "systemctl daemon-reload"

# {"files": {path: whether it existed}, "units": {unit: {"active", "enabled"}}, "steps": [Step], "manifest": Manifest}
Journal = dict[str, Any]


def stage(host: Host, changes: Sequence[Change]) -> None:
    """Write each new file beside its target, as its rule says; all of a folder, if a validator asks for {dir}."""
    folders = {_folder(c) for c in changes if c.action != UNCHANGED and c.rule and "{dir}" in c.rule.validate}
    for change in changes:
        if not change.wanted or change.rule is None or change.new is None:
            continue
        if change.action != UNCHANGED or _folder(change) in folders:
            uid, gid = owner_ids(change.rule)
            staged = disk.stage_path(host.at(change.path))
            staged.parent.mkdir(parents=True, exist_ok=True)
            disk.write(staged, change.new, int(change.rule.mode, 8), uid, gid)


def validate(host: Host, changes: Sequence[Change]) -> None:
    """Let each staged file's own program read it. HostError with every refusal, in the program's words."""
    reasons = []
    for change in changes:
        if change.wanted and change.action != UNCHANGED and change.rule and change.rule.validate:
            staged = str(disk.stage_path(host.at(change.path)))
            template = fill(change.rule.validate, change.path).replace("{dir}", str(PurePosixPath(staged).parent))
            ran = host.run([word.replace("%s", staged) for word in shlex.split(template)])
            if ran.rc != 0:
                said = tail(ran.out.replace(f"{staged}.any", change.path).replace(staged, change.path))
                reasons.append(f"{change.path} is not valid:\n" + "\n".join(f"  {line}" for line in said.splitlines()))
    if reasons:
        raise HostError("\n".join([*reasons, "Nothing was changed on this host."]))


def sweep(host: Host, paths: Sequence[str]) -> None:
    """Remove staged copies, this run's or those of one that was killed."""
    for folder in sorted({disk.stage_path(host.at(path)).parent for path in paths}):
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Transaction:
    """All that a swap does: changes, then steps; `leaving` are units that stop first, `services` those to be up."""

    changes: Sequence[Change]
    steps: Sequence[Step]
    leaving: Sequence[str]
    services: Sequence[str]
    states: Mapping[str, Unit]  # of all these units, before
    before: Manifest
    after: Manifest

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.steps and not self.leaving and all(c.action == UNCHANGED for c in self.changes)


def swap(host: Host, work: Transaction) -> None:
    """Make the changes count, all of them or none. HostError says what failed, and whether all is as it was."""
    journal = _begin(host, work)
    try:
        stop(host, {unit: work.before.units[unit]["enabled"] for unit in work.leaving})
        for change in work.changes:
            _put(host, change)
        touched = [step.unit for step in work.steps if step.unit]
        enabling = [unit for unit in touched if unit in work.services and not work.states[unit].enabled]
        install(host, "enable", enabling)
        forget_failures(host, touched)
        for step in work.steps:
            if not (enabling and step.command == DAEMON_RELOAD):  # enabling had systemd read all its files
                perform(host, step)
        _await(host, work)
    except HostError as error:
        raise HostError(f"{error}\n{_back(host, journal)}") from error
    _commit(host, work)


def recover(host: Host) -> bool:
    """Put back what a killed run left half done. Returns whether there was such a run."""
    journal = disk.load_json(host.state / "journal.json")
    if journal is None:
        return False
    roll_back(host, journal)
    return True


def roll_back(host: Host, journal: Journal) -> dict[str, str]:
    """The files and services as the journal remembers them. Returns the services that did not come back."""
    for path, existed in journal["files"].items():
        if existed:
            disk.restore(disk.backup(host, path), host.at(path))
        else:
            disk.remove(host.at(path))
    failed = _units_back(host, journal)
    disk.save_manifest(host, Manifest(**journal["manifest"]))
    _close(host, list(journal["files"]))
    return failed


def _begin(host: Host, work: Transaction) -> Journal:
    """Keep what is there now, then write the journal: from here on a crash is undone by the next run."""
    shutil.rmtree(host.state / "rollback", ignore_errors=True)
    moving = [change for change in work.changes if change.action != UNCHANGED]
    for change in moving:
        if change.old is not None:
            disk.copy(host.at(change.path), disk.backup(host, change.path))
    for change in work.changes:
        if change.keep:
            disk.copy(host.at(change.path), disk.original(host, change.path))
    units = {unit: work.states[unit] for unit in (*work.leaving, *(step.unit for step in work.steps if step.unit))}
    journal = {
        "files": {change.path: change.old is not None for change in moving},
        "units": {unit: {"active": state.active, "enabled": state.enabled} for unit, state in units.items()},
        "steps": [asdict(step) for step in work.steps],
        "manifest": asdict(work.before),
    }
    disk.save_json(host.state / "journal.json", journal)
    return journal


def _folder(change: Change) -> str:
    return str(PurePosixPath(change.path).parent)


def _put(host: Host, change: Change) -> None:
    target = host.at(change.path)
    if change.action == REMOVED and change.new is None:
        disk.remove(target)
    elif change.action == REMOVED:
        disk.restore(disk.original(host, change.path), target)
    elif change.action != UNCHANGED:
        disk.replace(disk.stage_path(target), target)


def _await(host: Host, work: Transaction) -> None:
    touched = [step.unit for step in work.steps if step.unit]
    expected = [unit for unit in touched if work.states[unit].active and unit not in work.leaving]
    down = wait_active(host, list(dict.fromkeys([*work.services, *expected])), touched)
    if down:
        raise HostError("\n".join(f"service {u} is {state}\n{last_lines(host, u)}" for u, state in down.items()))


def _back(host: Host, journal: Journal) -> str:
    failed = roll_back(host, journal)
    if not journal["files"]:
        return "Its configuration had not changed."
    if not failed:
        return "The old configuration is back."
    return "The old files are back, but with them " + ", ".join(f"{u} is {state}" for u, state in failed.items())


def _units_back(host: Host, journal: Journal) -> dict[str, str]:
    """Services as they were: those that ran read the old files again, those that did not are stopped."""
    steps = {values["unit"]: Step(**values) for values in journal["steps"] if values["unit"]}
    for values in journal["steps"]:
        if values["verb"] == RUN and journal["files"].get(values["path"], True):
            _try(perform, host, Step(**values))
    running = [unit for unit, before in journal["units"].items() if before["active"]]
    for unit, before in journal["units"].items():
        if not before["active"]:
            _try(stop, host, {unit: before["enabled"]})
    _try(install, host, "enable", [unit for unit in running if journal["units"][unit]["enabled"]])
    forget_failures(host, running)
    for unit in running:
        step = steps.get(unit, Step(RESTART, unit))
        if step.verb == RELOAD and show(host, [unit])[unit].active:
            _try(perform, host, Step(RELOAD, unit, step.command, RESTART))
        else:
            _try(perform, host, Step(RESTART, unit))
    return wait_active(host, running, running)


def _try(action: Callable[..., None], *arguments: object) -> None:
    """On the way back one failure must not keep the rest from coming back; the wait at the end reports it."""
    with suppress(HostError):
        action(*arguments)


def _commit(host: Host, work: Transaction) -> None:
    disk.save_manifest(host, work.after)
    _close(host, [change.path for change in work.changes])
    for change in work.changes:
        if change.action == REMOVED:
            disk.remove(disk.original(host, change.path))


def _close(host: Host, paths: Sequence[str]) -> None:
    disk.remove(host.state / "journal.json")
    shutil.rmtree(host.state / "rollback", ignore_errors=True)
    sweep(host, paths)
