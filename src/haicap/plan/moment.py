"""Moments as documents hold them: UTC, whole seconds, `2025-07-01T00:00:00Z`, by the clock of whoever wrote them."""

from __future__ import annotations

from datetime import UTC, datetime

MOMENT = "%Y-%m-%dT%H:%M:%SZ"


def now() -> str:
    """This moment."""
    return datetime.now(UTC).strftime(MOMENT)


def read_moment(text: str) -> datetime:
    """A moment, to the second: what is finer is dropped, so that moments of any two documents compare. ValueError when
    it is none."""
    if not text.endswith("Z"):
        raise ValueError(f"{text!r} is not a moment in UTC")
    return datetime.fromisoformat(text).replace(microsecond=0)
