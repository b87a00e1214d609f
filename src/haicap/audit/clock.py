"""Which clock says when. A clock can be set: the time since boot can't, so the two together show it."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from haicap.canonical import Json

_FORMAT = "%Y-%m-%dT%H:%M:%S"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TIMEX_BYTES = 1024  # the kernel's struct timex takes 208
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_STEP = 2.0  # seconds: less is what NTP does while it slews, and what two readings take


@dataclass(frozen=True)
class Reading:
    """One look at the clock: its time, milliseconds since boot, which boot (empty: not known), and whether NTP keeps
    it (`yes`, `no`, `unknown`)."""

    at: datetime
    ms: int
    boot: str
    synchronised: str


def read_clock() -> Reading:
    """This machine's clock, now."""
    boot = ""
    with suppress(OSError):
        boot = _BOOT_ID.read_text(encoding="ascii").strip()
    return Reading(datetime.now(UTC), time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000, boot, _synchronised())


def _synchronised() -> str:
    """What the kernel says of its clock, which is what `timedatectl` shows."""
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return "unknown"
    return {-1: "unknown", _TIME_ERROR: "no"}.get(state, "yes")


def told(now: Reading, last_at: str | None, last_clock: Mapping[str, Json]) -> dict[str, Json]:
    """A line's `clock`, with a `note` when the clock was set since the line before.

    On the same boot the time that went by is known; after another one only that no time can be before the last.
    """
    clock: dict[str, Json] = {"synchronised": now.synchronised, "boot": now.boot, "ms": now.ms}
    if last_at is None:
        return clock
    went = now.at - moment(last_at)
    if now.boot and now.boot == last_clock.get("boot"):
        moved = (went - timedelta(milliseconds=now.ms - int(last_clock.get("ms", 0)))).total_seconds()
    else:
        moved = min(went.total_seconds(), 0.0)
    if moved < -_STEP or (went < timedelta(0) and moved < 0):
        clock["note"] = f"set back by {max(1, round(-moved))} s"
    elif moved > _STEP:
        clock["note"] = f"set on by {round(moved)} s"
    return clock


def text_of(at: datetime) -> str:
    """`2025-07-01T00:00:00.000Z`."""
    return f"{at.astimezone(UTC).strftime(_FORMAT)}.{at.microsecond // 1000:03}Z"


def moment(text: str) -> datetime:
    """The time that `text_of` wrote. ValueError when it is none."""
    return datetime.strptime(text, f"{_FORMAT}.%fZ").replace(tzinfo=UTC)
