"""Two platforms, played: machines that take changes or do not, their rows, a lock, names; and users who write."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from haicap.addressing.model import Cutover
from haicap.errors import HaicapError
from haicap.inspection.model import Inspection, Probe
from haicap.inventory.model import Stage
from haicap.inventory.platforms import Platform
from haicap.lifecycle.cutover import Counts, Direction, Pair, Table, phase_of
from haicap.plan.model import Change, Plan
from haicap.stack.cutover_hands import Room
from haicap.stack.cutover_job import Job, Side
from tests.unit.addressing.samples import make_platform

DAY = date(2025, 7, 1)
OLD, NEW = "procedures-old", "procedures"
MIB = 1 << 20
# Who takes changes, and to whom names lead, in each phase.
WANTED = {"before": (OLD, OLD), "frozen": ("", OLD), "switched": (NEW, NEW), "returning": ("", NEW)}


class Killed(BaseException):
    """The run ends here, as by kill -9: nothing of it goes on."""


def make_pair(**changes: object) -> Pair:
    """The old platform is frozen on 1 July, the new one live from then on, both as of that day."""
    old = make_platform(OLD, dates={"live": "2020-01-01", "frozen": "2025-07-01", "retired": "2025-12-31"})
    new = make_platform(NEW, dates={"prepare": "2025-06-01", "live": "2025-07-01"}, replaces=OLD)
    stages: tuple[Stage, Stage] = ("live", "live")
    pair = Pair(Platform.model_validate(new), Platform.model_validate(old), *stages, old_writes=True)
    return replace(pair, **changes)  # type: ignore[arg-type]


def make_job(direction: Direction = "forward", entry: Cutover | None = None, pair: Pair | None = None) -> Job:
    old, new = (Side(name, (f"{name}-1",), f"/srv/data/haicap-cutover/{NEW}", "data") for name in (OLD, NEW))
    source, target = (old, new) if direction == "forward" else (new, old)
    return Job("lam-dong", pair or make_pair(), direction, entry, source, target, 60, 1)


class World:
    """The hands of a cut-over, and what they touch. `kill_at` ends the run at that turn of the clock.

    At each turn users write one row to whichever platform takes changes, whatever name they reach it by.
    """

    def __init__(self) -> None:
        self.entry: Cutover | None = None
        self.writer, self.leads = OLD, OLD
        self.rows: dict[str, list[int]] = {OLD: [], NEW: []}
        self.exports: dict[tuple[str, str], list[int]] = {}
        self.acknowledged: list[int] = []
        self.turn, self.kill_at = 0, -1
        self.log: list[str] = []
        self.room_of: dict[str, Room] = {OLD: Room(100 * MIB, 800 * MIB), NEW: Room(50 * MIB, 900 * MIB)}
        self.probes: tuple[Probe, ...] = (_probe("procedures-1", "passed"),)
        self.foreign: tuple[Change, ...] = ()
        self.on: dict[str, Callable[[], None]] = {}  # what happens before that is done

    def _turn(self, what: str = "") -> None:
        """Time goes on, users write, and the run may end."""
        self.turn += 1
        if self.writer:
            self.rows[self.writer].append(self.turn)
            self.acknowledged.append(self.turn)
        if self.turn == self.kill_at:
            raise Killed
        if what:
            self.log.append(what)
            self.on.get(what, lambda: None)()

    def now(self) -> datetime:
        return datetime(2025, 7, 1, tzinfo=UTC) + timedelta(seconds=self.turn)

    def plan(self, entry: Cutover | None) -> Plan:
        writer, leads = WANTED[phase_of(entry)]
        wanted = {f"{name}-1": (writer == name) != (self.writer == name) for name in (OLD, NEW)}
        wanted["zones"] = leads != self.leads
        changes = [Change(None, "machine", name, "update", "") for name, differs in wanted.items() if differs]
        return Plan("lam-dong", "lab", DAY.isoformat(), {}, {}, (*changes, *self.foreign))

    def record(self, entry: Cutover | None) -> None:
        self._turn("record")
        self._ensure_whole(entry)
        self.entry = entry
        self._turn()

    def _ensure_whole(self, entry: Cutover | None) -> None:
        """Nobody is led to data that is not all of it."""
        phases = phase_of(self.entry), phase_of(entry)
        if phases in {("frozen", "switched"), ("returning", "before")}:
            assert self.rows[OLD] == self.rows[NEW], f"{phases} without the same rows on both"

    def apply(self, plan: Plan) -> None:
        self._turn("apply")
        writer, leads = WANTED[phase_of(self.entry)]
        for change in plan.changes:
            name = change.resource.removesuffix("-1")
            if name == "zones":
                self.leads = leads
            elif self.writer == name:
                self.writer = ""
            else:
                assert self.writer == "", f"{self.writer} and {name} would take changes at once"
                assert writer == name
                self.writer = name
            self._turn()

    def room(self, side: Side) -> Room:
        return self.room_of[side.platform]

    def counts(self, side: Side) -> Counts:
        self._turn(f"counts {side.platform}")
        return counts_of(self.rows[side.platform])

    def exported(self, side: Side, key: str) -> Counts | None:
        rows = self.exports.get((side.platform, key))
        return None if rows is None else counts_of(rows)

    def export(self, side: Side, key: str) -> None:
        self._turn(f"export {side.platform}")
        self.exports = {at: rows for at, rows in self.exports.items() if at[0] != side.platform}
        self._turn()
        self.exports[side.platform, key] = list(self.rows[side.platform])
        self._turn()

    def size(self, side: Side, key: str) -> int:
        return 1000 * len(self.exports[side.platform, key])

    def carried(self, source: Side, target: Side, key: str) -> bool:
        has = self.exports.get((target.platform, key))
        return has is not None and has == self.exports[source.platform, key]

    def carry(self, source: Side, target: Side, key: str) -> None:
        self._turn(f"carry {source.platform} {target.platform}")
        self.exports = {at: rows for at, rows in self.exports.items() if at[0] != target.platform}
        self._turn()
        self.exports[target.platform, key] = list(self.exports[source.platform, key])

    def load(self, side: Side, key: str) -> None:
        assert self.writer != side.platform, "what users write there would be lost"
        self.rows[side.platform] = list(self.exports[side.platform, key])
        self._turn(f"load {side.platform}")

    def discard(self, side: Side) -> None:
        self._turn(f"discard {side.platform}")
        self.exports = {at: rows for at, rows in self.exports.items() if at[0] != side.platform}

    def look_ready(self, target: Side) -> Inspection:
        self._turn(f"look {target.platform}")
        return Inspection(self.probes)

    def look_proven(self) -> Inspection:
        self._turn("prove")
        return Inspection(self.probes)

    def fail(self, what: str, error: str) -> None:
        """From now on this fails."""

        def refuse() -> None:
            raise HaicapError(error)

        self.on[what] = refuse


def counts_of(rows: list[int]) -> Counts:
    return {"records": Table(len(rows), hashlib.sha256(repr(rows).encode()).hexdigest())}


def _probe(host: str, status: str, unit: str | None = None) -> Probe:
    return Probe(unit, host, "machine", "services", status, "nginx", "nothing", 0.1)  # type: ignore[arg-type]
