"""Accounts: what state a person's account in a unit is in on a date. A pure function of days.

An account is a person's in one unit, and has that unit's address. Its stages, in the order in which they come:

- `prepare`: known, and the first day is not there yet, or mail in the unit is not live yet.
- `live`: the person works here. Mail in the unit is live from the unit's `live` date to the day before its `frozen`,
  or else its `retired`.
- `frozen`: the person left. No login; mail is still received, and answered by a notice, for `mail.frozen_days`.
- `archived`: exported and closed; the export is kept for `mail.archived_days`.
- `moved`: the person works in another unit. The address forwards for `mail.forward_days` from the first day there, but
  no longer than there is an account that receives.
- `retired`: a tombstone. Nothing is received or kept, and the address is still nobody else's (`addressing.mail`).

Who leaves and then begins in another unit while the account is frozen or archived has it `moved` from that day; a
tombstone stays one. Who comes back to the unit is `live` again, at whatever stage the account was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Literal, NamedTuple

from haicap.inventory.base import Dates
from haicap.inventory.model import Mail

AccountStage = Literal["prepare", "live", "frozen", "archived", "moved", "retired"]
Edge = tuple[date, AccountStage]  # the first day of a stage
_DAY = timedelta(1)
_NEVER = date.max


class Stay(NamedTuple):
    """A person's time in a unit, by its identity; `until` is the last day, None: not known yet."""

    since: date
    unit: str
    until: date | None = None


def account_stage(
    unit: str, stays: Iterable[Stay], dates: Mapping[str, Dates], days: Mail, as_of: date
) -> AccountStage:
    """The stage of a person's account in `unit` on a date. `stays` are all of the person's, `dates` each unit's."""
    return stage_on(account_edges(unit, stays, dates, days), as_of)


def stage_on(edges: Iterable[Edge], as_of: date) -> AccountStage:
    """The stage that was entered last; before the first edge it is `prepare`."""
    stage: AccountStage = "prepare"
    for day, entered in edges:
        if day <= as_of:
            stage = entered
    return stage


def account_edges(unit: str, stays: Iterable[Stay], dates: Mapping[str, Dates], days: Mail) -> tuple[Edge, ...]:
    """The first day of each stage of a person's account in `unit`, in order; before the first it is `prepare`.

    An account that is never live has none.
    """
    served = _served(stays, dates)
    own = [stay for stay in served if stay.unit == unit]
    others = [stay for stay in served if stay.unit != unit]
    edges: list[Edge] = []
    for place, stay in enumerate(own, 1):
        back = own[place].since if place < len(own) else _NEVER
        edges += [edge for edge in _edges(stay, others, days) if edge[0] < back]
    return tuple(dict(edges).items())  # of two on one day the later counts: a stage may have no days


def _served(stays: Iterable[Stay], dates: Mapping[str, Dates]) -> list[Stay]:
    """The parts of the stays in which mail in the unit is live, in order. One without an end ends with the next."""
    parts = (_while_live(stay, dates.get(stay.unit, Dates())) for stay in stays)
    begun = sorted(
        (stay for stay in parts if stay.since <= (stay.until or _NEVER) and stay.since < _NEVER), key=_by_days
    )
    return [_end_with_next(stay, begun) for stay in begun]


def _end_with_next(stay: Stay, begun: Sequence[Stay]) -> Stay:
    following = [other.since for other in begun if other.since > stay.since]
    return stay._replace(until=following[0] - _DAY) if following and stay.until is None else stay


def _by_days(stay: Stay) -> tuple[date, str, date]:
    return stay.since, stay.unit, stay.until or _NEVER


def _while_live(stay: Stay, dates: Dates) -> Stay:
    """A stay between the unit's dates; it begins never if mail there is never live."""
    ends = [day for day in (stay.until, _last_live(dates)) if day is not None]
    return Stay(max(stay.since, dates.live or _NEVER), stay.unit, min(ends, default=None))


def _last_live(dates: Dates) -> date | None:
    over = [day for day in (dates.frozen, dates.retired) if day is not None]
    return min(over) - _DAY if over else None


def _edges(stay: Stay, others: Sequence[Stay], days: Mail) -> list[Edge]:
    """The edges of one stay, as if nobody came back."""
    edges: list[Edge] = [(stay.since, "live")]
    if stay.until is None:
        return edges
    left = _after(stay.until, 1)
    archived = _after(left, days.frozen_days)
    retired = _after(archived, days.archived_days)
    edges += [(left, "frozen"), (archived, "archived"), (retired, "retired")]
    elsewhere = [other for other in others if (other.until or _NEVER) >= left]
    moved = max(left, elsewhere[0].since) if elsewhere else _NEVER
    if elsewhere and (moved < retired or moved == left):
        edges = [edge for edge in edges if edge[0] < moved]
        edges += [(moved, "moved"), (_forwards_until(moved, elsewhere, days), "retired")]
    return edges


def _forwards_until(moved: date, elsewhere: Sequence[Stay], days: Mail) -> date:
    """The first day on which an old address forwards no longer."""
    ends = [other.until for other in elsewhere if other.until is not None]
    over = _after(moved, days.forward_days)
    if len(ends) < len(elsewhere):
        return over
    return max(moved, min(over, _after(max(ends), 1 + days.frozen_days)))


def _after(day: date, days: int) -> date:
    """`days` later, or the last day there is."""
    return day + timedelta(min(days, (_NEVER - day).days))
