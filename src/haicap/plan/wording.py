"""Words that the limits share."""

from __future__ import annotations

from collections.abc import Sequence

_NAMED = 6


def few(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    shown = names if len(names) <= _NAMED + 1 else names[:_NAMED]
    more = f" and {len(names) - len(shown)} more" if len(shown) < len(names) else ""
    return ", ".join(shown) + more


def one_line(text: str) -> str:
    """What somebody wrote, in one line: it can't pass for a line of haicap's own."""
    return " ".join(text.split())


def overriding(way_on: str, limit: str) -> str:
    """The way on, and how to go on all the same."""
    return f"{way_on}; if it is meant, say `--override {limit} --reason TEXT`."
