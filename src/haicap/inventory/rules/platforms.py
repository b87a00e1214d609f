"""Rules on platforms.yml alone: names, dates, and what takes over from what."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from haicap.inventory.marks import Marks
from haicap.inventory.platforms import Platform
from haicap.inventory.rules.base import Remark

PlatformList = tuple[Platform, ...]
PLATFORM_RULES: tuple[Callable[[PlatformList, Marks], Iterator[Remark]], ...] = ()
