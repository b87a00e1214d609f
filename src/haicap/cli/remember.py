"""What is done without changing anything goes into the log where it can; where it can't, that is said."""

from __future__ import annotations

from collections.abc import Callable

from haicap.audit import Event
from haicap.cli import screen
from haicap.errors import HaicapError


def remember(write: Callable[[], Event]) -> None:
    """Write an event. An auditor may plan in a folder that is not theirs to write in: that is no error."""
    try:
        write()
    except (HaicapError, OSError) as error:
        screen.say(f"This is not in the log: {error}")
