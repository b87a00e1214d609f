"""One transaction on a host: stage, validate, journal, rename, step, wait; or everything back as it was.

Until the journal is written nothing but staged copies has changed. From then until it is removed, whoever finds it
(this run after a failure, the next one after a crash) puts the old files back first.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import Any

from ansible.module_utils.haicap_host import disk
from ansible.module_utils.haicap_host.command import Host, HostError
from ansible.module_utils.haicap_host.compare import REMOVED, UNCHANGED, Change, owner_ids
from ansible.module_utils.haicap_host.disk import Manifest
from ansible.module_utils.haicap_host.rules import fill
from ansible.module_utils.haicap_host.services import Unit, last_lines, show, start, wait_active
from ansible.module_utils.haicap_host.steps import RELOAD, RESTART, RUN, Step, perform, stop
from ansible.module_utils.haicap_host.text import tail

# {"files": {path: whether it existed}, "units": {unit: {"active", "enabled"}}, "steps": [Step], "manifest": Manifest}
Journal = dict[str, Any]


def stage(host: Host, changes: Sequence[Change]) -> None:
    """Write each new file beside its target, with its owner and mode; for a validator that asks for {dir}, its folder."""
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


def swap(
    host: Host,
    changes: Sequence[Change],
    steps: Sequence[Step],
    leaving: Sequence[str],
    services: Sequence[str],
    states: Mapping[str, Unit],
    manifests: tuple[Manifest, Manifest],
) -> None:
    """Make the changes count, all of them or none. `manifests` are the old and the new one.

    HostError says what failed, and whether the old configuration is back.
    """
    journal = _begin(host, changes, steps, leaving, states, manifests[0])
    try:
        for unit in leaving:
            stop(host, unit, disable=not manifests[0].units[unit]["enabled"])
        for change in changes:
            _put(host, change)
        for step in steps:
            perform(host, step, enable=step.unit in services and not states[step.unit].enabled)
        _await(host, services, steps, states, leaving)
    except HostError as error:
        raise HostError(f"{error}\n{_back(host, journal, bool(steps or leaving))}") from error
    _commit(host, changes, manifests[1])


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


def _begin(
    host: Host,
    changes: Sequence[Change],
    steps: Sequence[Step],
    leaving: Sequence[str],
    states: Mapping[str, Unit],
    manifest: Manifest,
) -> Journal:
    """Keep what is there now, then write the journal: from here on a crash is undone by the next run."""
    shutil.rmtree(host.state / "rollback", ignore_errors=True)
    moving = [change for change in changes if change.action != UNCHANGED]
    for change in moving:
        if change.old is not None:
            disk.copy(host.at(change.path), disk.backup(host, change.path))
    for change in changes:
        if change.keep:
            disk.copy(host.at(change.path), disk.original(host, change.path))
    units = [*leaving, *(step.unit for step in steps if step.unit)]
    journal = {
        "files": {change.path: change.old is not None for change in moving},
        "units": {unit: {"active": states[unit].active, "enabled": states[unit].enabled} for unit in units},
        "steps": [asdict(step) for step in steps],
        "manifest": asdict(manifest),
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


def _await(
    host: Host, services: Sequence[str], steps: Sequence[Step], states: Mapping[str, Unit], leaving: Sequence[str]
) -> None:
    touched = [step.unit for step in steps if step.unit]
    expected = [unit for unit in touched if states[unit].active and unit not in leaving]
    down = wait_active(host, list(dict.fromkeys([*services, *expected])), touched)
    if down:
        raise HostError("\n".join(f"service {u} is {state}\n{last_lines(host, u)}" for u, state in down.items()))


def _back(host: Host, journal: Journal, touched: bool) -> str:
    if not journal["files"]:
        _close(host, [])
        return "Its configuration had not changed."
    failed = roll_back(host, journal) if touched else {}
    if not failed:
        return "The old configuration is back."
    return "The old files are back, but with them " + ", ".join(f"{u} is {state}" for u, state in failed.items())


def _units_back(host: Host, journal: Journal) -> dict[str, str]:
    """Services as they were: those that ran read the old files again, those that did not are stopped."""
    steps = {values["unit"]: Step(**values) for values in journal["steps"] if values["unit"]}
    for values in journal["steps"]:
        if values["verb"] == RUN and journal["files"].get(values["path"], True):
            _try(perform, host, Step(**values), False)
    for unit, before in journal["units"].items():
        if not before["active"]:
            _try(stop, host, unit, not before["enabled"])
            continue
        step = steps.get(unit, Step(RESTART, unit))
        if step.verb == RELOAD and show(host, [unit])[unit].active:
            _try(perform, host, Step(RELOAD, unit, step.command, RESTART), False)
        else:
            _try(start, host, unit, RESTART)
        if before["enabled"]:
            host.run(["systemctl", "--quiet", "enable", "--", unit])
    running = [unit for unit, before in journal["units"].items() if before["active"]]
    return wait_active(host, running, running)


def _try(action: Any, *arguments: Any) -> None:
    """On the way back one failure must not keep the rest from coming back; the wait at the end reports it."""
    try:
        action(*arguments)
    except HostError:
        pass


def _commit(host: Host, changes: Sequence[Change], manifest: Manifest) -> None:
    disk.save_manifest(host, manifest)
    _close(host, [change.path for change in changes])
    for change in changes:
        if change.action == REMOVED:
            disk.remove(disk.original(host, change.path))


def _close(host: Host, paths: Sequence[str]) -> None:
    disk.remove(host.state / "journal.json")
    shutil.rmtree(host.state / "rollback", ignore_errors=True)
    sweep(host, paths)
