"""Rules that need the province and its platforms: profiles, images, hypervisors, names."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from haicap.inventory.marks import Marks
from haicap.inventory.model import Inventory
from haicap.inventory.rules.base import Remark

MACHINE_RULES: tuple[Callable[[Inventory, Marks], Iterator[Remark]], ...] = ()
