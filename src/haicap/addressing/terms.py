"""Terms of a mailbox: what the files say of a person's stays, joined with what the lock remembers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from haicap.addressing.model import Term

_DAY = timedelta(1)


class Stay(NamedTuple):
    """A person's time in one unit, as in the files. It sorts by its first day."""

    since: date
    unit: str  # identity
    until: date | None  # the last day, None: not known yet
    name: str

    @property
    def code(self) -> str:
        """The unit's code."""
        return self.unit.partition("@")[0]


def order_stays(stays: Sequence[Stay]) -> tuple[list[Stay], list[str]]:
    """The stays in order, each ended at the latest before the next begins; and why they cannot all be.

    The day on which somebody leaves one unit for another may be written in both; from then on, only the new one counts.
    """
    ordered = sorted(stays, key=lambda stay: (stay.since, stay.unit, stay.until or date.max, stay.name))
    reasons = [
        f"leaves unit {stay.code} on {stay.until}, before the first day there, {stay.since}"
        for stay in ordered
        if stay.until and stay.until < stay.since
    ]
    for stay, following in pairwise(ordered):
        if stay.since == following.since or (stay.until and stay.until > following.since):
            places = " and ".join(sorted({stay.code, following.code}))
            reasons.append(f"is in two places from {following.since} on ({places}); put `until` right")
    nexts = [following.since for following in ordered[1:]]
    return [_end_before(stay, first) for stay, first in zip(ordered, [*nexts, None], strict=True)], reasons


def _end_before(stay: Stay, following: date | None) -> Stay:
    if following is None or (stay.until and stay.until < following):
        return stay
    return stay._replace(until=following - _DAY)


def merge_terms(old: Sequence[Term], new: Sequence[Term], today: date) -> tuple[Term, ...]:
    """`new`, from the files, and before or between them what is left of the `old` ones that are not there any more.

    An old term in a unit where a new one overlaps it is the same, with its days put right. Any other ends where the
    next begins, and today at the latest if it had no end. Nothing is left of one that begins after today, or inside a
    new one: it was called off.
    """
    if tuple(old) == tuple(new):
        return tuple(new)
    kept = [term for term in (_remember(term, new, today) for term in old) if term is not None]
    return tuple(sorted([*kept, *new], key=lambda term: term.since))


def _remember(term: Term, new: Sequence[Term], today: date) -> Term | None:
    if any(_overlap(term, other) and (other.unit == term.unit or other.since <= term.since) for other in new):
        return None
    if term.since > today:
        return None
    ends = [other.since - _DAY for other in new if other.since > term.since]
    return replace(term, until=min([term.until or today, *ends]))


def _overlap(one: Term, other: Term) -> bool:
    return one.since <= (other.until or date.max) and other.since <= (one.until or date.max)
