"""The limit on waves: units that go live later are touched only when those before them are proven. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from haicap.plan.model import Breach, Plan
from haicap.plan.wording import few, overriding


@dataclass(frozen=True)
class Inspected:
    """The last inspection of a unit: `passed`, `failed` or `unreachable`, and when."""

    result: str
    at: datetime


@dataclass(frozen=True)
class History:
    """What is known of the units: each one's wave, each wave's first live day, and what the audit log says.

    `standing` are the units of which something is recorded. A wave without a live day comes after all others.
    """

    waves: Mapping[str, str] = field(default_factory=dict)
    live: Mapping[str, date | None] = field(default_factory=dict)
    standing: frozenset[str] = frozenset()
    applied: Mapping[str, datetime] = field(default_factory=dict)
    inspected: Mapping[str, Inspected] = field(default_factory=dict)

    def begins(self, wave: str) -> date:
        """The day from which a wave's order counts."""
        return self.live.get(wave) or date.max

    def doubt(self, unit: str) -> str:
        """Why a unit is not proven; empty when its last inspection came after its last apply and passed."""
        seen, applied = self.inspected.get(unit), self.applied.get(unit)
        if seen is None:
            return "never inspected"
        if applied is not None and seen.at <= applied:
            return "applied since its last inspection"
        return "" if seen.result == "passed" else f"its last inspection: {seen.result}"


def wave_breaches(plan: Plan, history: History) -> Iterator[Breach]:
    """For each wave that the plan touches, the wave before it that is not proven, or is in the same plan.

    In a lab it is a warning: nobody works there, and all waves may be tried at once.
    """
    touched = _touched(plan, history)
    gone = {change.unit for change in plan.changes if change.action == "delete"} - {
        unit for units in touched.values() for unit in units
    }
    for wave, units in sorted(touched.items()):
        for before in sorted(_waves_before(wave, history)):
            if reason := _reason(before, touched.get(before, ()), gone, history):
                count = f"{len(units)} units" if len(units) > 1 else "1 unit"
                yield Breach(
                    "waves",
                    "warn" if plan.target == "lab" else "refuse",
                    f"{count} of wave {wave}: {reason}.",
                    overriding(f"Apply wave {before} alone, then inspect it, then go on with {wave}", "waves"),
                )


def waits_for_proof(plan: Plan, history: History) -> bool:
    """Whether the plan touches a wave that others go before: only then it matters what is proven."""
    return any(_waves_before(wave, history) for wave in _touched(plan, history))


def _touched(plan: Plan, history: History) -> dict[str, set[str]]:
    """By wave, the units of which something is made or changed."""
    found = defaultdict[str, set[str]](set)
    for change in plan.changes:
        if change.unit and change.unit in history.waves and change.action != "delete":
            found[history.waves[change.unit]].add(change.unit)
    return found


def _waves_before(wave: str, history: History) -> set[str]:
    begins = history.begins(wave)
    return {other for other in set(history.waves.values()) if history.begins(other) < begins}


def _reason(before: str, same: Collection[str], gone: Collection[str | None], history: History) -> str:
    """Why the wave before is not proven; empty when it is, or when nothing of it stands."""
    if same:
        return f"{len(same)} of wave {before}, which comes first, {'are' if len(same) > 1 else 'is'} in the same plan"
    standing = sorted(u for u in history.standing if history.waves.get(u) == before and u not in gone)
    doubts = [f"{unit} ({doubt})" for unit in standing if (doubt := history.doubt(unit))]
    return f"{len(doubts)} of the {len(standing)} of wave {before} are not proven: {few(doubts)}" if doubts else ""
