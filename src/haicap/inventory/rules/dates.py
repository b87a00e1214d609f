"""The order of the stages' dates, for waves and for single units."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from haicap.inventory.base import Dates


def out_of_order(dates: Dates) -> Iterator[tuple[str, str]]:
    """Stages entered before an earlier one, as (stage, reason). The same day is in order; a stage may be missing."""
    given = [(stage, day) for stage in Dates.model_fields if (day := getattr(dates, stage)) is not None]
    for (before, earlier), (stage, day) in pairwise(given):
        if day < earlier:
            yield stage, f"{stage} on {day} is before {before} on {earlier}; stages follow one another"
