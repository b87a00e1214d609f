"""A plan held against the province's limits: what they need to know is gathered here, and judged in `haicap.plan`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

from haicap.design import ProvinceDesign
from haicap.errors import HaicapError
from haicap.plan.model import Breach, Change, Override, Plan
from haicap.plan.safety import LIMITS, Facts, breaches_of, ensure_overridable, entries_in, time_breaches
from haicap.plan.waves import History, waits_for_proof
from haicap.plan.wording import one_line
from haicap.stack.cutover_job import Job
from haicap.stack.policies import Policies, load_policies
from haicap.stack.proof import with_proofs
from haicap.stack.resources import DIRECTORY, PROVINCE_ZONES
from haicap.stack.state import Recorded
from haicap.stack.workspace import Workspace

_VIET_NAM = timezone(timedelta(hours=7))  # without daylight saving time, since 1975
_SHARED = ("hub", "dns", "mail")  # roles whose hosts every unit needs
_REASON = 10  # characters
_READ_ONLY = "read-only while its data is carried"


def today() -> date:
    """The day in Viet Nam, by this machine's clock."""
    return datetime.now(UTC).astimezone(_VIET_NAM).date()


def with_limits(
    workspace: Workspace,
    plan: Plan,
    recorded: Mapping[str, Recorded],
    design: Callable[[], ProvinceDesign],
    overrides: tuple[Override, ...],
    *,
    at_once: bool,
) -> Plan:
    """The plan with what it does not keep. It is held against the day that it is made for, or today when that is over;
    `at_once`: against today. `design` is asked only where the province has rules of its own."""
    policies = _policies(workspace)
    if not plan.changes:
        return replace(plan, overrides=overrides)
    day = today() if at_once else max(today(), date.fromisoformat(plan.as_of))
    facts = _facts(workspace, plan, recorded, day)
    found = breaches_of(plan, workspace.inventory.province.limits, facts)
    own = policies.breaches(plan, design()) if policies.names else ()
    return replace(plan, overrides=overrides, breaches=(*found, *own))


def cutover_breaches(workspace: Workspace, job: Job, *, at_once: bool) -> tuple[Breach, ...]:
    """What the planned day, or today when that is over or it is begun `at_once`, says against beginning a cut-over.

    Its steps are held against nothing else, and neither is going on nor back: half way is where nobody may be kept.
    """
    if workspace.target != "live" or job.direction == "back" or job.entry is not None:
        return ()
    stops = [Change(None, "machine", name, "update", "", cost=_READ_ONLY) for name in job.source.machines]
    planned = job.pair.old.dates.frozen
    day = today() if at_once or planned is None else max(today(), planned)
    return time_breaches(stops, workspace.inventory.province.limits, day)


def most_failures(workspace: Workspace, plan: Plan) -> int | None:
    """How many resources may fail before an apply begins nothing new; None when that limit is overridden."""
    overridden = any(one.limit == "failures" for one in plan.overrides)
    return None if overridden else workspace.inventory.province.limits.failures


def overrides_of(workspace: Workspace, limits: tuple[str, ...], reasons: tuple[str, ...]) -> tuple[Override, ...]:
    """`--override LIMIT --reason TEXT`, pair by pair. HaicapError when there is no such limit, or no reason."""
    if len(limits) != len(reasons):
        raise HaicapError("Each --override LIMIT has one --reason TEXT; say why the limit may be exceeded.")
    if repeated := [limit for limit, times in Counter(limits).items() if times > 1]:
        raise HaicapError(f"{repeated[0]} is overridden twice; say it once.")
    overrides = tuple(Override(limit, one_line(reason)) for limit, reason in zip(limits, reasons, strict=True))
    if short := [one.limit for one in overrides if len(one.reason) < _REASON]:
        raise HaicapError(
            f"--override {short[0]}: the reason is part of what is approved; say it in {_REASON} letters or more."
        )
    if overrides:
        ensure_overridable(overrides, (*LIMITS, *_policies(workspace).names))
    return overrides


def _policies(workspace: Workspace) -> Policies:
    return load_policies(workspace.folder, workspace.directory)


def _facts(workspace: Workspace, plan: Plan, recorded: Mapping[str, Recorded], day: date) -> Facts:
    entries = Counter[str]()
    for one in recorded.values():
        entries[one.system] += entries_in(one.inputs)
    standing = frozenset(one.unit for one in recorded.values() if one.unit)
    return Facts(
        day=day,
        recorded=Counter(one.system for one in recorded.values()),
        entries=entries,
        shared=_shared(recorded),
        history=_history(workspace, plan, standing),
    )


def _shared(recorded: Mapping[str, Recorded]) -> tuple[str, ...]:
    """What every unit needs: hubs, name servers, mail, the zones and the directory. As it stands: what has left the
    inventory is what is to be protected."""
    hosts = (name for name, one in recorded.items() if one.kind == "Host" and one.system in _SHARED)
    return (*hosts, PROVINCE_ZONES, DIRECTORY)


def _history(workspace: Workspace, plan: Plan, standing: frozenset[str]) -> History:
    """What stands, in which wave; and where it matters, what the log says of it."""
    inventory = workspace.inventory
    history = History(
        waves={unit.code: unit.wave for unit in inventory.units},
        live={wave: dates.live for wave, dates in inventory.province.defaults.calendar.items()},
        standing=standing,
    )
    asks = inventory.province.limits.waves and waits_for_proof(plan, history)
    return with_proofs(workspace, history) if asks else history
