"""A cut-over is carried out: the steps that are left, one after another, each of which may be done again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from haicap.addressing.model import Cutover
from haicap.errors import HaicapError, Refused, Stopped
from haicap.inspection.model import Inspection, Probe
from haicap.lifecycle.cutover import (
    STEPS,
    Counts,
    StepName,
    back_until,
    differences,
    entry_after,
    frozen_since,
    phase_of,
)
from haicap.plan.model import Change, Plan
from haicap.stack.cutover_hands import Hands, Room, Tell
from haicap.stack.cutover_job import Job, Side

_MOMENT = "%Y-%m-%dT%H:%M:%SZ"
_MIB = 1 << 20


@dataclass(frozen=True)
class Done:
    """A step that was done, how long it took, and what came of it."""

    step: StepName
    seconds: float
    told: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """What a run did. `read_only_seconds`: how long no platform took changes, None when that was before this run.

    `tables` are the data's when it was compared; `back_until` is the last day of the way back.
    """

    steps: tuple[Done, ...]
    entry: Cutover | None
    read_only_seconds: float | None
    tables: Counts | None
    inspection: Inspection | None
    back_until: date | None

    @property
    def ok(self) -> bool:
        """Whether the proof came out."""
        return self.inspection is None or self.inspection.ok


def changes_of(job: Job, hands: Hands) -> dict[StepName, tuple[Change, ...]]:
    """What each step that changes machines or names would change, made offline."""
    found: dict[StepName, tuple[Change, ...]] = {}
    entry = job.entry
    for step in job.steps:
        if step in ("freeze", "switch", "thaw"):
            entry = entry_after(step, job.direction, entry, hands.now().strftime(_MOMENT))
            own = job.own(step)
            found[step] = tuple(change for change in hands.plan(entry).changes if change.resource in own)
    return found


def run_cutover(job: Job, hands: Hands, tell: Tell) -> Report:
    """Do the steps that are left. HaicapError says what is read-only then, and what goes on or back."""
    return _Run(job, hands, tell).go()


class _Run:
    """One run; `_entry` is what the lock holds."""

    def __init__(self, job: Job, hands: Hands, tell: Tell) -> None:
        self._job, self._hands, self._tell = job, hands, tell
        self._entry = job.entry
        self._since = _moment(frozen_since(job.entry))
        self._read_only: float | None = None
        self._tables: Counts | None = None
        self._inspection: Inspection | None = None
        self._do: Mapping[StepName, Callable[[], Iterator[str]]] = {
            "ready": self._ready,
            "freeze": self._freeze,
            "save": self._save,
            "carry": self._carry,
            "switch": self._switch,
            "thaw": self._thaw,
            "prove": self._prove,
            "keep": self._keep,
        }

    def go(self) -> Report:
        done = []
        for number, step in enumerate(self._job.steps, 1):
            self._tell(f"{number}/{len(self._job.steps)} {step}: {self._job.words(STEPS[step].does)}")
            done.append(self._step(step))
        return Report(
            tuple(done),
            self._entry,
            self._read_only,
            self._tables,
            self._inspection,
            back_until(self._job.pair.new, self._entry) if self._entry else None,
        )

    def _step(self, step: StepName) -> Done:
        started, told = self._hands.now(), list[str]()
        try:
            for line in self._do[step]():
                self._tell(f"    {line}")
                told.append(line)
        except Refused as error:
            raise Refused(f"{error}\n{self._stands()}") from error
        except HaicapError as error:
            raise HaicapError(f"{error}\n{self._stands()}") from error
        except KeyboardInterrupt:
            raise Stopped(f"Stopped.\n{self._stands()}") from None
        return Done(step, (self._hands.now() - started).total_seconds(), tuple(told))

    def _stands(self) -> str:
        """Who is read-only, and what goes on or back."""
        old, new, since = self._job.pair.old.name, self._job.pair.new.name, frozen_since(self._entry)
        on, back = self._job.command("forward"), self._job.command("back")
        match phase_of(self._entry), self._job.direction:
            case "before", "forward":
                return f"Nothing was changed: {old} is in use."
            case "before", "back":
                return f"{old} may still be read-only: `{back}` goes on."
            case "frozen", _:
                return f"{old} is read-only since {since}, and names lead to it. `{on}` goes on, `{back}` undoes it."
            case "returning", _:
                return f"{new} is read-only since {since}, and names lead to it. `{back}` goes on, `{on}` undoes it."
            case _, "forward":
                return f"{new} has taken over, but not all is done: `{on}` goes on."
            case _:
                return f"Nothing was changed: {new} is in use."

    def _ready(self) -> Iterator[str]:
        reasons = list(self._pending())
        for side, what in ((self._job.source, ""), (self._job.target, ", in place of which the other's come")):
            try:
                yield f"{side.machine} has {_size(self._hands.counts(side))}{what}"
            except HaicapError as error:
                reasons.append(str(error))
        reasons += [] if reasons else self._cramped()
        if not reasons:
            found = self._hands.look_ready(self._job.target)
            reasons += [_probe(one) for one in found.probes if one.status != "passed" and not _silent(one)]
            silent = sum(map(_silent, found.probes))
            yield f"{_many(found.summary['passed'], 'probe')} passed" + (
                f", {silent} could not be made" if silent else ""
            )
        if reasons:
            raise Refused(_listed("It is not ready:", reasons))

    def _pending(self) -> Iterator[str]:
        plan = self._hands.plan(self._entry)
        pending = [change.resource for change in plan.changes]
        if pending:
            both = f"--platform {self._job.pair.old.name} --platform {self._job.pair.new.name}"
            yield f"{', '.join(pending)} must be applied first: `haicap apply {self._job.province} {both}`"

    def _cramped(self) -> Iterator[str]:
        """Where room is missing. What a data disk has in use is the most that its data can be, and a dump of it is
        compressed; of a root disk nothing is known before the export."""
        source, target = self._job.source, self._job.target
        at_source, at_target = self._hands.room(source), self._hands.room(target)
        data = at_source.used if source.disk else 0
        for side, room, needed in ((source, at_source, data // 2), (target, at_target, data + data // 2)):
            if room.free < needed:
                yield _too_small(side, room, needed)

    def _freeze(self) -> Iterator[str]:
        changed = self._change("freeze")
        self._since = self._hands.now() if changed else _moment(frozen_since(self._entry))
        yield f"{self._job.source.platform} takes no changes" + (
            "" if changed else f" since {frozen_since(self._entry)}"
        )

    def _save(self) -> Iterator[str]:
        source, key = self._job.source, self._key()
        stands = self._hands.counts(source)
        found = self._hands.exported(source, key)
        if found != stands:
            self._hands.export(source, key)
            found = self._hands.exported(source, key)
        if found is None:
            raise HaicapError(f"{source.machine}: `data export` left no counts.json in its folder.")
        if wrong := differences(source.machine, "its export", stands, found):
            raise HaicapError(_listed(f"{source.machine} still changes, though it is frozen:", wrong))
        yield f"{_size(found)} in {self._hands.size(source, key) / _MIB:.1f} MiB"

    def _carry(self) -> Iterator[str]:
        source, target, key = self._job.source, self._job.target, self._key()
        if not self._hands.carried(source, target, key):
            self._ensure_room(key)
            self._hands.carry(source, target, key)
        yield f"the export is on {target.machine}, with the same checksums"
        self._hands.load(target, key)
        had, has = self._hands.counts(source), self._hands.counts(target)
        if wrong := differences(source.machine, target.machine, had, has):
            raise HaicapError(_listed("What was imported is not what was exported, and nothing was switched:", wrong))
        self._tables = has
        yield f"{_size(has)}: the same on both"

    def _ensure_room(self, key: str) -> None:
        target = self._job.target
        data = self._hands.room(self._job.source).used if self._job.source.disk else 0
        needed, room = self._hands.size(self._job.source, key) + data, self._hands.room(target)
        if room.free < needed:
            raise HaicapError(_too_small(target, room, needed))

    def _switch(self) -> Iterator[str]:
        changed = self._change("switch")
        self._measure(changed)
        yield f"{self._job.target.platform} takes changes, and its names lead there" + self._window()

    def _thaw(self) -> Iterator[str]:
        changed = self._change("thaw")
        self._measure(changed)
        yield f"{self._job.target.platform} takes changes{'' if changed else ' as it did'}" + self._window()

    def _measure(self, changed: bool) -> None:
        if changed and self._since is not None:
            self._read_only = (self._hands.now() - self._since).total_seconds()

    def _window(self) -> str:
        return "" if self._read_only is None else f"; nothing took changes for {self._read_only:.0f} s"

    def _prove(self) -> Iterator[str]:
        self._inspection = self._hands.look_proven()
        counts = self._inspection.summary
        yield ", ".join(f"{counts[status]} {status}" for status in counts)

    def _keep(self) -> Iterator[str]:
        for side in (self._job.source, self._job.target):
            self._hands.discard(side)
        new, old = self._job.pair.new, self._job.pair.old
        if self._entry is None:
            yield f"{old.name} is in use; {new.name} stands, read-only"
            return
        retired = f"on {old.dates.retired}" if old.dates.retired else "when platforms.yml says so"
        yield (
            f"until {back_until(new, self._entry)} `{self._job.command('back')}` goes back; "
            f"{old.name} stands, read-only, and is retired {retired}"
        )

    def _key(self) -> str:
        """An export's name: it is of the data that was frozen at that moment, and of no other's."""
        return frozen_since(self._entry).replace("-", "").replace(":", "")

    def _change(self, step: StepName) -> bool:
        """Write the lock and apply what follows of it; whether there was anything to apply.

        Refused, before the lock is written, when anything else of the two platforms is pending: it may be that the
        lock is not the one that was applied last.
        """
        entry = entry_after(step, self._job.direction, self._entry, self._hands.now().strftime(_MOMENT))
        plan = self._limited(self._hands.plan(entry), step)
        self._hands.record(entry)
        self._entry = entry
        if plan.changes:
            self._hands.apply(plan)
        if left := self._limited(self._hands.plan(entry), step).changes:
            raise HaicapError(f"After the apply there is still to do: {', '.join(one.resource for one in left)}.")
        return bool(plan.changes)

    def _limited(self, plan: Plan, step: StepName) -> Plan:
        """What of a plan is this step's; what is of other platforms or shared is left to `haicap apply`."""
        own = self._job.own(step)
        both = {*self._job.source.machines, *self._job.target.machines}
        both |= {f"vm-{machine}" for machine in both}
        foreign = [
            change
            for change in plan.changes
            if (change.resource in both and change.resource not in own)
            or (change.resource in own and change.action != "update")
        ]
        if foreign:
            listed = [f"{change.action} {change.resource}" for change in foreign]
            way_out = f"Look at `haicap plan {self._job.province}`: is this the newest cutovers.lock.yml?"
            raise Refused(_listed("Other changes of these platforms are pending:", [*listed, way_out]))
        return replace(plan, changes=tuple(change for change in plan.changes if change.resource in own))


def _moment(text: str) -> datetime | None:
    return datetime.strptime(text, _MOMENT).replace(tzinfo=UTC) if text else None


def _size(counts: Counts) -> str:
    return f"{_many(sum(table.rows for table in counts.values()), 'row')} in {_many(len(counts), 'table')}"


def _many(number: int, one: str) -> str:
    return f"{number} {one}{'' if number == 1 else 's'}"


def _too_small(side: Side, room: Room, needed: int) -> str:
    return (
        f"{side.machine} has {room.free // _MIB} MiB free at {side.folder}, and needs {needed // _MIB}: "
        "give its disk more in platforms.yml, and apply that"
    )


def _silent(probe: Probe) -> bool:
    """Whether a unit could not be asked: its line may be down, which says nothing of the platform."""
    return probe.status == "unreachable" and probe.unit is not None


def _probe(probe: Probe) -> str:
    return f"{probe.host} {probe.probe}: expected {probe.expected}, found {probe.observed}"


def _listed(head: str, lines: Iterable[str]) -> str:
    return "\n".join([head, *(f"  {line}" for line in lines)])
