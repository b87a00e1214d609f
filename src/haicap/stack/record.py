"""What is done goes into the province's log: an apply before it begins and when it has ended, all else once done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from haicap.audit import Event, Log
from haicap.audit.event import Kind
from haicap.audit.reading import last_commit, unended
from haicap.canonical import Json
from haicap.errors import HaicapError, Stopped
from haicap.plan.approval import Approval
from haicap.plan.file import SavedPlan
from haicap.plan.left import done_before
from haicap.plan.model import PENDING, Change, Plan
from haicap.stack.making import made_from, principal
from haicap.stack.workspace import Workspace

_ROOM, _ROOM_FOR_UNIT = 1 << 20, 1 << 10  # bytes: far more than the end of an apply takes
SHARED = "shared"  # stands where a unit's code would, for what units share


def log_of(workspace: Workspace) -> Log:
    """The province's log for its target, by its own policy of what is personal."""
    policy = workspace.inventory.province.audit
    return Log.open(workspace.audit, personal=policy.personal, principal=principal(workspace))


def record(workspace: Workspace, kind: Kind, /, **fields: Json) -> Event:
    """Write one event. When this returns it is on the disk; HaicapError when it can't be."""
    return log_of(workspace).append(kind, **fields)


def applied_commit(workspace: Workspace) -> str:
    """The inventory's commit that was applied wholly last, by the log; empty when none was."""
    return last_commit(log_of(workspace).events())


def record_plan(workspace: Workspace, plan: Plan, file: Path) -> Event:
    """A plan was made for a file."""
    return record(workspace, "plan", **_plan_fields(plan), by=plan.made.by, expires=plan.made.expires, file=str(file))


def record_approval(directory: Path, saved: SavedPlan, approval: Approval) -> Event:
    """Somebody approved a plan, or rejected it."""
    workspace = Workspace.open(directory, approval.province, "lab" if approval.target == "lab" else "live")
    named = {"principal": approval.principal, "decision": approval.decision, "file": str(saved.path)}
    reason = {"reason": approval.reason} if approval.reason else {}
    return record(workspace, "approval", plan=approval.plan, **named, **reason)


@contextmanager
def recorded(workspace: Workspace, kind: Kind, **fields: Json) -> Iterator[dict[str, Json]]:
    """An event before and one after; what the block puts into the mapping is part of the second."""
    record(workspace, kind, phase="begun", **fields)
    result: dict[str, Json] = {}
    try:
        yield result
    except BaseException as error:
        result["error"] = _why(error)
        raise
    finally:
        record(workspace, kind, phase="ended", **fields, **result)


class _Step(Protocol):
    """What is needed of the engine's step."""

    @property
    def resource(self) -> str: ...
    @property
    def unit(self) -> str | None: ...
    @property
    def status(self) -> str: ...


_S = TypeVar("_S", bound=_Step)


class ApplyRecord:
    """What came of an apply so far, by resource; also when it ends in an exception. `left` is what it has to do, all of
    the plan or what earlier ones have left of it."""

    def __init__(self, plan: Plan, left: Plan) -> None:
        self._plan, self._left = plan, left
        self._came: dict[str, tuple[str, str]] = {}
        self.stopped = False
        self.error = ""

    def told(self, tell: Callable[[_S], None]) -> Callable[[_S], None]:
        """The same, and each step is noted first."""

        def take(step: _S) -> None:
            if step.status != "started" and self._came.get(step.resource, ("", ""))[1] != "failed":
                self._came[step.resource] = (step.unit or SHARED, step.status)
            tell(step)

        return take

    def fields(self) -> dict[str, Json]:
        """Of the event at the end."""
        counts: dict[str, Counter[str]] = {}
        for unit, status in self._came.values():
            counts.setdefault(unit, Counter())[status] += 1
        results = {unit: {"done": one["done"], "failed": one["failed"]} for unit, one in sorted(counts.items())}
        done, failed = (sum(one[status] for one in counts.values()) for status in ("done", "failed"))
        return {
            "plan": self._plan.digest,
            "done": done,
            "failed": failed,
            "skipped": len(self._left.changes) - done - failed,
            "stopped": self.stopped,
            "units": {unit: result for unit, result in results.items() if unit != SHARED},
            **({SHARED: results[SHARED]} if SHARED in results else {}),
            **({"before": before} if (before := _by_unit(done_before(self._plan, self._left))) else {}),
            **({"error": self.error} if self.error else {}),
        }


@contextmanager
def recorded_apply(
    workspace: Workspace, plan: Plan, approved_by: tuple[str, ...] = (), left: Plan | None = None
) -> Iterator[ApplyRecord]:
    """The log says that an apply begins, and that it has ended, however it ends; of one that does what is `left` of its
    plan, too, how much of each unit was done before.

    HaicapError when there is no room for both, Refused when the log is damaged: then nothing was begun. An apply that
    is killed leaves no end; the next one names it.
    """
    log, result = log_of(workspace), ApplyRecord(plan, left or plan)
    open_ends = [event.seq for event in unended(log.events())]
    begun: Event | None = None
    try:
        with log.reserved(_ROOM + _ROOM_FOR_UNIT * len(plan.units)):
            begun = log.append(
                "apply-begun",
                **_plan_fields(plan),
                by=plan.made.by,
                commit=plan.made.commit or made_from(workspace).commit,
                left=len((left or plan).changes),
                approved_by=list(approved_by),
                overrides=[vars(override) for override in plan.overrides],
                did_not_end=open_ends,
            )
            yield result
    except BaseException as error:
        result.error, result.stopped = _why(error), isinstance(error, KeyboardInterrupt | Stopped)
        raise
    finally:
        if begun is not None:
            log.append("apply-ended", begun=begun.seq, **result.fields())


def _by_unit(changes: Iterable[Change]) -> dict[str, Json]:
    return dict(sorted(Counter(change.unit or SHARED for change in changes).items()))


def _plan_fields(plan: Plan) -> dict[str, Json]:
    units = _by_unit(plan.changes)
    return {
        "plan": plan.digest,
        "target": plan.target,
        "as_of": plan.as_of,
        "summary": {action: plan.summary[action] for action in PENDING},
        "units": {unit: number for unit, number in units.items() if unit != SHARED},
        SHARED: units.get(SHARED, 0),
        **({"destroy": list(plan.selection["destroy"])} if "destroy" in plan.selection else {}),
    }


def _why(error: BaseException) -> str:
    """The first line of what went wrong; of a bug its kind only, for it may hold anything."""
    if isinstance(error, HaicapError):
        return (str(error).splitlines() or [""])[0]
    return type(error).__name__
