"""What a plan is limited to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from haicap.plan.model import Json

_DELETE_DISKS = "delete-disks"


@dataclass(frozen=True)
class Selection:
    """Units by code and platforms by name, None is all of them. What is shared belongs to every selection; hypervisors
    only where a platform does. `delete_disks`: data disks that nothing uses any more are deleted, not kept."""

    units: frozenset[str] | None = None
    platforms: frozenset[str] | None = None
    delete_disks: bool = False

    def holds(self, unit: str | None, inputs: Mapping[str, Json]) -> bool:
        """Whether a resource of these inputs belongs to it."""
        if unit is not None:
            return self.units is None or unit in self.units
        if platform := inputs.get("platform"):
            return self.platforms is None or platform in self.platforms
        return self.platforms is None or bool(self.platforms) or inputs.get("role") != "hypervisor"

    def to_json(self) -> dict[str, Sequence[str]]:
        """As a plan has it; what is not limited is left out."""
        limits = {"units": self.units, "platforms": self.platforms}
        chosen: dict[str, Sequence[str]] = {key: sorted(codes) for key, codes in limits.items() if codes is not None}
        return chosen | ({"options": [_DELETE_DISKS]} if self.delete_disks else {})

    @classmethod
    def of(cls, found: Mapping[str, Sequence[str]]) -> Selection:
        """The selection that `to_json` gave."""
        units, platforms = (frozenset(found[key]) if key in found else None for key in ("units", "platforms"))
        return cls(units, platforms, _DELETE_DISKS in found.get("options", ()))


EVERYTHING = Selection()
