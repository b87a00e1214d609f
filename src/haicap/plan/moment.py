"""Moments as documents hold them: UTC, whole seconds, `2025-07-01T00:00:00Z`, by the clock of whoever wrote them."""

from __future__ import annotations

from datetime import UTC, datetime

MOMENT = "%Y-%m-%dT%H:%M:%SZ"


def now() -> str:
    """This moment."""
    return datetime.now(UTC).strftime(MOMENT)


def moment(text: str) -> datetime:
    """A moment as haicap writes it. ValueError when it is written in any other way."""
    try:
        found = datetime.strptime(text, MOMENT).replace(tzinfo=UTC)
    except ValueError:
        found = None
    if found is None or found.strftime(MOMENT) != text:
        raise ValueError(f"{text!r} is not a time such as 2025-07-01T00:00:00Z")
    return found


def read_moment(text: str) -> datetime:
    """A moment in a document of any tool, to the second: what is finer is dropped, so that any two compare. ValueError
    when it is none."""
    if not text.endswith("Z"):
        raise ValueError(f"{text!r} is not a moment in UTC")
    return datetime.fromisoformat(text).replace(microsecond=0)
