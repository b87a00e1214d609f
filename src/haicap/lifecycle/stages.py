"""Stages are a pure function of the calendar and a date: the last one whose date has come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from haicap.inventory.base import Dates
from haicap.inventory.model import SYSTEMS, Province, Stage, System, Unit

_ORDER: tuple[Stage, ...] = ("prepare", "trial", "live", "frozen", "retired")
_STANDING: frozenset[Stage] = frozenset({"prepare", "trial", "live", "frozen"})


def dates_of(province: Province, unit: Unit, system: System) -> Dates:
    """The wave's dates, each replaced by the unit's own date for that system where it has one."""
    wave = province.defaults.calendar[unit.wave]
    own = unit.overrides.calendar.get(system)
    return wave if own is None else wave.model_copy(update=own.model_dump(exclude_none=True))


def stage_on(dates: Dates, as_of: date) -> Stage:
    """The last stage whose date is on or before `as_of`; `absent` before the first."""
    current: Stage = "absent"
    for stage in _ORDER:
        entered: date | None = getattr(dates, stage)
        if entered is not None and entered <= as_of:
            current = stage
    return current


def stage_of(province: Province, unit: Unit, system: System, as_of: date) -> Stage:
    """The stage of one system of a unit on a date."""
    return stage_on(dates_of(province, unit, system), as_of)


def stages_of(province: Province, unit: Unit, as_of: date) -> Mapping[System, Stage]:
    """The stage of every system of a unit on a date."""
    return {system: stage_of(province, unit, system, as_of) for system in SYSTEMS}


def is_standing(stage: Stage) -> bool:
    """Whether something of the system stands on the servers: from `prepare` until it is retired."""
    return stage in _STANDING
