"""What a cut-over does outside: the lock, the engine, the two machines over SSH, the inspection.

A machine's role brings `/usr/local/lib/haicap/data`, which alone knows what the data is.
"""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol

from haicap.addressing.lockfile import write_cutovers
from haicap.addressing.model import Cutover
from haicap.errors import HaicapError, Stopped
from haicap.inspection.model import Inspection
from haicap.inspection.run import inspect
from haicap.lifecycle.cutover import Counts, Table
from haicap.plan.model import Plan
from haicap.plan.selection import Selection
from haicap.reach.context import Outcome
from haicap.reach.fanout import as_root, run
from haicap.reach.pipe import End, pipe
from haicap.stack.cutover_job import Job, Side
from haicap.stack.engine import Applied, OnEvent, apply
from haicap.stack.planning import plan_unlimited
from haicap.stack.workspace import Workspace

DATA = "/usr/local/lib/haicap/data"
_SECONDS = 24 * 3600.0  # a large database takes hours, and a run that was ended may still be at it
_NO_PROGRAM = 97
_SETTLES = 15.0  # seconds that services may take, beyond what resolvers keep
_TOLD_SECONDS = 30.0
_GIB = 1 << 30

Tell = Callable[[str], None]
Follow = Callable[[Plan], AbstractContextManager[OnEvent]]


@dataclass(frozen=True)
class Room:
    """Bytes of the disk that exports are on."""

    used: int
    free: int


class Hands(Protocol):
    """What a cut-over needs done. Each method raises HaicapError when it can't be; each may be done again."""

    def now(self) -> datetime:
        """This moment, in UTC."""

    def plan(self, entry: Cutover | None) -> Plan:
        """What is to apply to both platforms and what is shared, if this were the lock's entry."""

    def record(self, entry: Cutover | None) -> None:
        """Write the lock's entry; None takes it away."""

    def apply(self, plan: Plan) -> None:
        """Do a plan that was made for the entry that is recorded."""

    def room(self, side: Side) -> Room:
        """What the disk has where exports are."""

    def counts(self, side: Side) -> Counts:
        """What the database holds now."""

    def exported(self, side: Side, key: str) -> Counts | None:
        """What the export of that key holds; None when there is none, or it is not whole."""

    def export(self, side: Side, key: str) -> None:
        """Export the data, in place of older exports."""

    def size(self, side: Side, key: str) -> int:
        """Bytes of an export."""

    def carried(self, source: Side, target: Side, key: str) -> bool:
        """Whether the target has the source's export, by checksum."""

    def carry(self, source: Side, target: Side, key: str) -> None:
        """Take an export to the target, where it is only when its checksums are the same."""

    def load(self, side: Side, key: str) -> None:
        """Import an export in place of all that is there."""

    def discard(self, side: Side) -> None:
        """Remove all exports."""

    def look_ready(self, target: Side) -> Inspection:
        """Inspect the platform that shall be used."""

    def look_proven(self) -> Inspection:
        """Inspect both platforms, and what their names lead to."""


class Outside:
    """The hands of a province. `units` (codes; None for all) are those from which the inspection looks."""

    def __init__(
        self,
        workspace: Workspace,
        job: Job,
        today: date,
        follow: Follow,
        tell: Tell,
        units: Collection[str] | None = None,
    ) -> None:
        self._ws, self._job, self._today = workspace, job, today
        self._follow, self._tell, self._units = follow, tell, units
        self._name = job.pair.new.name
        self._platforms = frozenset({job.source.platform, job.target.platform})
        self._connection, self._places = workspace.connection(), workspace.addresses()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def plan(self, entry: Cutover | None) -> Plan:
        return plan_unlimited(self._with(entry), self._today, Selection(frozenset(), self._platforms))

    def _with(self, entry: Cutover | None) -> Workspace:
        others = {name: one for name, one in self._ws.locks.cutovers.items() if name != self._name}
        return self._ws.supposing(others | ({self._name: entry} if entry else {}))

    def record(self, entry: Cutover | None) -> None:
        self._ws = self._with(entry)
        write_cutovers(self._ws.cutovers_file, self._ws.locks.cutovers)

    def apply(self, plan: Plan) -> None:
        with self._follow(plan) as on_event:
            _ensure_done(apply(self._ws, plan, on_event))

    def room(self, side: Side) -> Room:
        mounted = f"mountpoint -q /srv/{side.disk} || {{ echo /srv/{side.disk} is not mounted >&2; exit 1; }}; "
        look = f"mkdir -p -m 0700 {_q(side.folder)} && df -B1 --output=used,avail {_q(side.folder)} | tail -n 1"
        used, free = self._said(side, (mounted if side.disk else "") + look).split()
        return Room(int(used), int(free))

    def counts(self, side: Side) -> Counts:
        outcome = self._run(side, f"test -x {DATA} || exit {_NO_PROGRAM}; exec {DATA} counts")
        if outcome.status == _NO_PROGRAM:
            raise HaicapError(
                f"{side.machine} has no {DATA}: the role of {side.platform} must bring it. It is a program that takes "
                "`counts`, `export DIR` and `import DIR --replace`; docs/cutover.md says what each does."
            )
        return _counts(side, _ensure_ok(side, outcome))

    def exported(self, side: Side, key: str) -> Counts | None:
        text = self._said(side, f"cat {_q(_export(side, key))}/counts.json 2>/dev/null || true")
        return _counts(side, text) if text.strip() else None

    def export(self, side: Side, key: str) -> None:
        folder = _q(_export(side, key))
        fresh = f"rm -rf {_q(side.folder)} && mkdir -p -m 0700 {_q(side.folder)} && umask 077"
        self._said(side, f"{fresh} && {DATA} export {folder}")

    def size(self, side: Side, key: str) -> int:
        return int(self._said(side, f"du -sb {_q(_export(side, key))}").split()[0])

    def carried(self, source: Side, target: Side, key: str) -> bool:
        sums = self._sums(target, _export(target, key))
        return bool(sums) and sums == self._sums(source, _export(source, key))

    def carry(self, source: Side, target: Side, key: str) -> None:
        have, part = _export(source, key), f"{target.folder}/part"
        fresh = f"umask 077; rm -rf {_q(target.folder)} && mkdir -p {_q(part)} && cd {_q(part)}"
        out = self._end(source, f"cd {_q(have)} && exec tar -cf - .")
        into = self._end(target, f"{fresh} && exec tar -xf - --no-same-owner")
        told = _Told(self._tell, self.size(source, key))
        pipe(out, into, self._connection, seconds=_SECONDS, on_bytes=told.more)
        if self._sums(source, have) != self._sums(target, part):
            raise HaicapError(f"What came to {target.machine} is not what {source.machine} has: its checksums differ.")
        self._said(target, f"mv {_q(part)} {_q(_export(target, key))} && sync -f {_q(target.folder)}")

    def load(self, side: Side, key: str) -> None:
        self._said(side, f"exec {DATA} import {_q(_export(side, key))} --replace")

    def discard(self, side: Side) -> None:
        self._said(side, f"rm -rf {_q(side.folder)}; rmdir {_q(side.folder.rpartition('/')[0])} 2>/dev/null || true")

    def look_ready(self, target: Side) -> Inspection:
        return self._inspect(frozenset({target.platform}), _SETTLES)

    def look_proven(self) -> Inspection:
        return self._inspect(self._platforms, self._job.ttl + _SETTLES)

    def _inspect(self, platforms: frozenset[str], settle: float) -> Inspection:
        return inspect(
            self._ws.design(self._today),
            self._connection,
            units=self._units,
            platforms=platforms,
            systems=("machine",),
            addresses=self._places,
            settle=settle,
        )

    def _sums(self, side: Side, folder: str) -> str:
        """Each file's SHA-256 and path; empty when the folder is not there."""
        files = "find . -type f -print0 | sort -z | xargs -0 -r sha256sum"
        return self._said(side, f"cd {_q(folder)} 2>/dev/null || exit 0; {files}")

    def _end(self, side: Side, command: str) -> End:
        return End(side.machine, self._places[side.machine], command)

    def _said(self, side: Side, command: str) -> str:
        return _ensure_ok(side, self._run(side, command))

    def _run(self, side: Side, command: str) -> Outcome:
        whole = as_root(command, self._connection, side.machine)
        return run(side.machine, self._places[side.machine], self._connection, whole, timeout=_SECONDS)


class _Told:
    """Says now and then how much of so many bytes has come."""

    def __init__(self, tell: Tell, total: int) -> None:
        self._tell, self._total = tell, total
        self._carried, self._last = 0, time.monotonic()

    def more(self, size: int) -> None:
        """So many more bytes have come."""
        self._carried += size
        if time.monotonic() - self._last >= _TOLD_SECONDS:
            self._last = time.monotonic()
            self._tell(f"    {self._carried / _GIB:.2f} of {self._total / _GIB:.2f} GiB carried")


def _export(side: Side, key: str) -> str:
    return f"{side.folder}/{key}"


def _q(text: str) -> str:
    return shlex.quote(text)


def _ensure_ok(side: Side, outcome: Outcome) -> str:
    """What the command printed. HaicapError with its last words when it did not end well."""
    if outcome.error is not None:
        raise HaicapError(outcome.error)
    if outcome.status != 0:
        words = [line.strip() for line in outcome.stderr.splitlines() if line.strip()]
        raise HaicapError(f"{side.machine}: {' / '.join(words[-3:]) or f'a command ended with code {outcome.status}'}")
    return outcome.stdout


def _counts(side: Side, text: str) -> Counts:
    """The tables of `{"records": {"rows": 3, "sha256": "..."}}`."""
    try:
        return {name: Table(int(table["rows"]), str(table["sha256"])) for name, table in json.loads(text).items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        form = '{"table": {"rows": 3, "sha256": "..."}}'
        raise HaicapError(f"{side.machine}: `{DATA} counts` says {text.strip()[:200]!r}, which is not {form}") from None


def _ensure_done(applied: Applied) -> None:
    """Stopped or HaicapError unless the whole plan was done."""
    if applied.stopped:
        raise Stopped(f"Stopped: {applied.done} done, {applied.skipped} not begun.")
    if applied.failures:
        raise HaicapError("\n".join(f"{one.resource}: {one.cause}\n    {one.next_step}" for one in applied.failures))
