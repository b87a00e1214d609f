"""Apply and drift: the engine registers the recorded state with the plan's changes, and does those."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Literal

from pulumi.automation import CommandError
from pulumi.automation.events import EngineEvent

from haicap.errors import HaicapError, Stopped
from haicap.plan.applied import Failure
from haicap.plan.diff import differences
from haicap.plan.model import Change, Plan, digest_of
from haicap.plan.safety import ensure_allowed
from haicap.plan.selection import EVERYTHING, Selection
from haicap.provider.context import write_context
from haicap.stack.holder import hold
from haicap.stack.limits import most_failures
from haicap.stack.program import register
from haicap.stack.pulumi import open_stack
from haicap.stack.record import recorded_apply
from haicap.stack.resources import Resource, resources_of
from haicap.stack.state import Recorded, State, read_state, urn_of
from haicap.stack.workspace import Workspace

_PARALLEL = 300
_WORKING = frozenset(
    {"create", "update", "delete", "replace", "create-replacement", "delete-replaced", "read", "refresh"}
)


@dataclass(frozen=True)
class StepEvent:
    """Something that happens to one resource. `seconds` since it started; `text` is its error, or empty."""

    resource: str
    unit: str | None
    system: str
    action: str
    status: Literal["started", "done", "failed"]
    text: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Applied:
    """What came of an apply: how many changes were done, which failed, how many were not begun; stopped by Ctrl-C?

    `halted` says why it was ended without Ctrl-C: too many resources failed.
    """

    done: int
    failures: tuple[Failure, ...]
    skipped: int
    stopped: bool = False
    halted: str = ""


@dataclass(frozen=True)
class Drift:
    """What was changed by hand, and the resources of which nothing is known: they could not be looked at."""

    changes: tuple[Change, ...]
    failures: tuple[Failure, ...]


OnEvent = Callable[[StepEvent], None]


def apply(
    workspace: Workspace,
    plan: Plan,
    on_event: OnEvent,
    approved_by: tuple[str, ...] = (),
    left: Plan | None = None,
) -> Applied:
    """Do exactly what the plan holds, or what an earlier apply has `left` of it. A resource that fails stops no other,
    and is what the next apply does.

    The log says so before and after; `approved_by` is who has approved the plan. Refused when what is to be done does
    not keep its limits, and while another run holds the province. When as many resources have failed as
    `limits.failures` allows, it starts nothing new. The counts are of this run.
    """
    left = left or plan
    ensure_allowed(left.refusals)
    workspace.enter()
    with hold(workspace):
        state = read_state(workspace)
        if left.basis["state"] != state.digest:
            raise HaicapError(f"{workspace.slug}: another run has moved the state meanwhile. Run this again.")
        with recorded_apply(workspace, plan, approved_by, left) as record:
            applied = _do(workspace, left, state, record.told(on_event))
            record.stopped, record.error = applied.stopped, applied.halted
    return applied


def _do(workspace: Workspace, plan: Plan, state: State, on_event: OnEvent) -> Applied:
    """Have the engine do it."""
    resources = _to_register(workspace, plan, state)
    follower = _Follower({change.resource: change for change in plan.changes}, on_event, most_failures(workspace, plan))
    with TemporaryDirectory(prefix="haicap-") as folder:
        context = Path(folder) / "run.json"
        write_context(context, workspace.connection(), plan, workspace.sealed)
        with open_stack(workspace, lambda: register(resources), context) as engine:
            follower.halt = engine.interrupt
            _watch(
                follower,
                engine.stopped,
                lambda: engine.stack.up(
                    on_event=follower.take,
                    parallel=_PARALLEL,
                    continue_on_error=True,
                    suppress_progress=True,
                    log_to_std_err=False,
                ),
            )
    done, failures = follower.done, tuple(follower.failures.values())
    left = len(plan.changes) - len(done) - len(failures)
    return Applied(len(done), failures, left, engine.stopped.is_set(), follower.halted)


def find_drift(workspace: Workspace, selection: Selection, on_event: OnEvent) -> Drift:
    """Look at what stands, and compare it with what was last written, resource by resource. The next plan mends it.

    What could not be looked at keeps what is recorded of it, and is a failure; the others are told all the same.
    """
    workspace.enter()
    with hold(workspace):
        chosen = {
            name: recorded
            for name, recorded in read_state(workspace).resources.items()
            if selection.holds(recorded.unit, recorded.inputs)
        }
        if not chosen:
            return Drift((), ())
        follower = _Follower({name: _unchanged(recorded) for name, recorded in chosen.items()}, on_event)
        with TemporaryDirectory(prefix="haicap-") as folder:
            context = Path(folder) / "run.json"
            nothing = Plan(workspace.slug, workspace.target, "", {}, {}, ())
            write_context(context, workspace.connection(), nothing, workspace.sealed)
            with open_stack(workspace, lambda: None, context) as engine:
                targets = [urn_of(workspace, recorded.kind, name) for name, recorded in chosen.items()]
                _watch(
                    follower,
                    engine.stopped,
                    lambda: engine.stack.refresh(
                        on_event=follower.take,
                        parallel=_PARALLEL,
                        target=None if selection == EVERYTHING else targets,
                        suppress_progress=True,
                    ),
                )
        if engine.stopped.is_set():
            raise Stopped("Stopped: what was not looked at yet is as unknown as before.")
        after = read_state(workspace)
    changes = (_drift(after.resources[name]) for name in chosen if name not in follower.failures)
    return Drift(tuple(change for change in changes if change.diff), tuple(follower.failures.values()))


def _to_register(workspace: Workspace, plan: Plan, state: State) -> list[Resource]:
    """The recorded resources with the plan's changes: what the plan doesn't hold is registered as it is recorded."""
    as_of = date.fromisoformat(plan.as_of)
    wanted = resources_of(workspace.design(as_of))
    actions = {change.resource: change.action for change in plan.changes}
    resources = [
        resource
        if resource.name in actions
        else Resource(
            resource.name, resource.kind, resource.unit, resource.system, _inputs(recorded), resource.depends_on
        )
        for resource in wanted
        if actions.get(resource.name) != "delete"
        and ((recorded := state.resources.get(resource.name)) is not None or resource.name in actions)
    ]
    names = {resource.name for resource in wanted}
    kept = [
        Resource(name, recorded.kind, recorded.unit, recorded.system, _inputs(recorded))
        for name, recorded in state.resources.items()
        if name not in names and name not in actions
    ]
    return [*resources, *kept]


def _inputs(recorded: Recorded | None) -> dict[str, object]:
    return dict(recorded.inputs) if recorded is not None else {}


def _unchanged(recorded: Recorded) -> Change:
    return Change(recorded.unit, recorded.system, recorded.name, "unchanged", "")


def _drift(recorded: Recorded) -> Change:
    diff = differences(recorded.inputs, recorded.found)
    return Change(recorded.unit, recorded.system, recorded.name, "update", digest_of(recorded.found), diff)


def _watch(follower: _Follower, stopped: Event, run: Callable[[], object]) -> None:
    """Run the engine; its own error counts only where neither a resource's failure nor Ctrl-C explains it."""
    try:
        run()
    except CommandError as error:
        if not follower.failures and not stopped.is_set():
            raise HaicapError(_engine_error(str(error), follower.diagnostics)) from error


def _engine_error(text: str, diagnostics: Iterable[str]) -> str:
    told = [line for line in diagnostics if line.strip()]
    if told:
        return "The engine stopped: " + "\n".join(told)
    lines = [line for line in text.splitlines() if line.strip()]
    return "The engine stopped:\n" + "\n".join(lines[-12:])


@dataclass
class _Follower:
    """Turns the engine's events into ours, and keeps what was done and what failed, by resource.

    When `most` have failed it calls `halt`, once, and `halted` says so.
    """

    changes: dict[str, Change]
    on_event: OnEvent
    most: int | None = None
    halt: Callable[[], None] = lambda: None
    halted: str = ""
    done: set[str] = field(default_factory=set)
    failures: dict[str, Failure] = field(default_factory=dict)
    diagnostics: list[str] = field(default_factory=list)
    _started: dict[str, float] = field(default_factory=dict)
    _causes: dict[str, str] = field(default_factory=dict)

    def take(self, event: EngineEvent) -> None:
        """One event of the engine."""
        if event.resource_pre_event is not None:
            self._step(event.resource_pre_event.metadata, "started")
        elif event.res_outputs_event is not None:
            self._step(event.res_outputs_event.metadata, "done")
        elif event.res_op_failed_event is not None:
            self._step(event.res_op_failed_event.metadata, "failed")
        elif event.diagnostic_event is not None and event.diagnostic_event.severity == "error":
            self._diagnose(event.diagnostic_event.urn, event.diagnostic_event.message)

    def _diagnose(self, urn: str | None, message: str) -> None:
        name = (urn or "").rpartition("::")[2]
        cause = _plain(message)
        if name in self.changes:
            self._causes[name] = cause
            if name in self.failures:
                self._fail(self.changes[name])
        else:
            self.diagnostics.append(cause)

    def _step(self, metadata: object, status: Literal["started", "done", "failed"]) -> None:
        urn, operation = str(getattr(metadata, "urn", "")), str(getattr(getattr(metadata, "op", ""), "value", ""))
        name = urn.rpartition("::")[2]
        change = self.changes.get(name)
        if change is None or (operation not in _WORKING and change.action != "unchanged"):
            return
        if status == "started":
            self._started.setdefault(name, time.monotonic())
        seconds = time.monotonic() - self._started.get(name, time.monotonic())
        if status == "done":
            self.done.add(name)
        if status == "failed":
            self._fail(change)
        text = self._causes.get(name, "") if status == "failed" else ""
        action = "read" if change.action == "unchanged" else change.action
        self.on_event(StepEvent(name, change.unit, change.system, action, status, text, seconds))

    def _fail(self, change: Change) -> None:
        cause = self._causes.get(change.resource, "the engine gave no cause")
        self.done.discard(change.resource)
        self.failures[change.resource] = Failure(
            change.resource, change.unit, change.system, cause, _next_step(change.resource, cause)
        )
        if self.most is not None and len(self.failures) >= self.most and not self.halted:
            self.halted = f"{len(self.failures)} failed, which is as many as limits.failures allows"
            self.halt()


def _plain(message: str) -> str:
    """The provider's own words, without the engine's frame around them."""
    text = message.replace("<{%reset%}>", "").replace("<{%bold%}>", "").strip()
    for mark in ("desc = ", "error: "):
        text = text.rpartition(mark)[2] if mark in text else text
    return text.strip()


def _next_step(resource: str, cause: str) -> str:
    if "reach" in cause:
        named = re.search(r"cannot reach (\S+)", cause)  # a machine's change needs its hypervisor
        host = named.group(1) if named else resource
        return f"See that {host} is up and its line works, then apply again: only what is left is done."
    return "Mend the cause, then apply again: only what is left is done."
