"""What follows a swap: which services start, reload, restart or stop, in the order of the role's rules."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ansible.module_utils.haicap_host.command import Host, HostError
from ansible.module_utils.haicap_host.compare import UNCHANGED, Change
from ansible.module_utils.haicap_host.rules import OnChange, fill
from ansible.module_utils.haicap_host.services import Unit, forget_failures, install, show, systemctl
from ansible.module_utils.haicap_host.text import tail

START, RELOAD, RESTART, ENABLE, RUN = "start", "reload", "restart", "enable", "run"
_STRENGTH = (RUN, ENABLE, RELOAD, RESTART, START)  # of two steps for one unit the later here is done
PAST = {START: "started", RELOAD: "reloaded", RESTART: "restarted", ENABLE: "enabled", "stop": "stopped"}


@dataclass(frozen=True)
class Step:
    """One thing to do: `verb` on `unit`, or RUN a `command`. `path`: the file that asked for it."""

    verb: str
    unit: str = ""
    command: str = ""
    fallback: str = ""
    path: str = ""


def named_units(changes: Sequence[Change]) -> list[str]:
    """The units that the changes' rules name, in the order of the rules."""
    units = [fill(change.rule.on_change.service, change.path) for change in changes if change.rule]
    return list(dict.fromkeys(unit for unit in units if unit))


def plan_steps(
    changes: Sequence[Change], services: Collection[str], states: Mapping[str, Unit], leaving: Collection[str]
) -> list[Step]:
    """The steps after these changes (in the order of the rules), and those that wanted services need anyway."""
    steps: dict[str, Step] = {}
    for change in changes:
        step = _step_for(change, services, states)
        if step is not None and step.unit not in leaving:
            key = step.unit or step.command
            steps[key] = _stronger(steps.get(key), step)
    for unit in services:
        if unit not in steps and not states[unit].active:
            steps[unit] = Step(START, unit)
        elif unit not in steps and not states[unit].enabled:
            steps[unit] = Step(ENABLE, unit)
    return _in_order(steps, changes)


def perform(host: Host, step: Step) -> None:
    """Do one step; ENABLE is done by `install`, for all units at once. HostError with the reason."""
    if step.verb == RUN:
        _run(host, step)
    elif step.verb in (START, RESTART):
        systemctl(host, step.verb, step.unit)
    elif step.verb == RELOAD:
        _reload(host, step)


def _step_for(change: Change, services: Collection[str], states: Mapping[str, Unit]) -> Step | None:
    if change.rule is None:
        return None
    on_change = change.rule.on_change
    unit = fill(on_change.service, change.path)
    command = fill(on_change.command, change.path)
    if not unit:
        gone = change.new is None and "{path}" in on_change.command
        wanted = bool(command) and change.action != UNCHANGED and not gone
        return Step(RUN, command=command, path=change.path) if wanted else None
    if not states[unit].active:
        return Step(START, unit, path=change.path) if unit in services else None
    if change.action == UNCHANGED:
        return None
    return Step(_verb(on_change, change), unit, command, on_change.fallback, change.path)


def _verb(on_change: OnChange, change: Change) -> str:
    if not on_change.sections:
        return RELOAD if on_change.command else on_change.action
    before, after = (_outside(text or b"", on_change.sections) for text in (change.old, change.new))
    return RELOAD if before == after and change.new is not None else RESTART


def _outside(text: bytes, sections: Collection[str]) -> list[str]:
    """The meaningful lines of an INI file that stand outside the named sections."""
    kept, inside = [], False
    for line in text.decode(errors="replace").splitlines():
        head = re.match(r"\s*\[(.+?)\]", line)
        inside = head.group(1) in sections if head else inside
        if not inside and line.strip() and not line.lstrip().startswith(("#", ";")):
            kept.append(line.strip())
    return kept


def _stronger(one: Step | None, other: Step) -> Step:
    if one is not None and _STRENGTH.index(one.verb) >= _STRENGTH.index(other.verb):
        return one
    return other


def _in_order(steps: Mapping[str, Step], changes: Sequence[Change]) -> list[Step]:
    """Steps by their rule's place; wanted services that no rule names come last, in the order they were asked for."""
    place: dict[str, int] = {}
    for change in changes:
        if change.rule:
            on_change = change.rule.on_change
            place.setdefault(fill(on_change.service or on_change.command, change.path), change.order)
    return [steps[key] for key in sorted(steps, key=lambda key: place.get(key, len(changes) + 1000))]


def _reload(host: Host, step: Step) -> None:
    try:
        if step.command:
            _run(host, step)
        else:
            systemctl(host, "reload", step.unit)
    except HostError:
        if step.fallback != RESTART:
            raise
        forget_failures(host, [step.unit])
        systemctl(host, RESTART, step.unit)


def _run(host: Host, step: Step) -> None:
    ran = host.run(shlex.split(step.command))
    if ran.rc != 0:
        raise HostError(f"after the change of {step.path}: `{step.command}` failed\n{tail(ran.out)}")


def stop(host: Host, units: Mapping[str, bool]) -> None:
    """Stop units one after the other, and take those that map to False out of the boot; one that is gone is stopped."""
    states = show(host, list(units))
    there = [unit for unit in units if states[unit].load != "not-found"]
    for unit in there:
        systemctl(host, "stop", unit)
    forget_failures(host, there)
    install(host, "disable", [unit for unit in there if not units[unit]])
