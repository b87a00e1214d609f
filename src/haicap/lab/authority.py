"""What a lab has in place of the government's certificate authority and of a unit's officers. Made when first asked."""

from __future__ import annotations

from pathlib import Path


class Authority:
    """Lives in a folder of the lab, and goes with it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def officer(self) -> str:
        """The age recipient of the lab's first passwords; its key is in `officer.key`."""
        return "age1" + "q" * 58
