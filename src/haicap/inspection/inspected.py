"""An inspection as it is written: what was found, of what, when, by whom, and after which plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from haicap.inspection.model import STATUSES, Inspection, Probe, Status
from haicap.plan.document import read_document
from haicap.plan.model import Json, digest_of
from haicap.plan.moment import read_moment

INSPECTION = "haicap.inspection/2"
_NEXT_STEP = "Inspect again: `haicap inspect -o inspection.json`."
_WORST: tuple[Status, ...] = ("failed", "unreachable", "passed")


@dataclass(frozen=True)
class Inspected:
    """`at` is the moment at which it began, `plan` the digest of the plan that was applied before, or empty.

    `selection` is what it was limited to: `units`, `platforms`, `systems`; nothing is all.
    """

    province: str
    target: str
    as_of: str
    at: str
    by: str
    tools: Mapping[str, str]
    plan: str
    selection: Mapping[str, Sequence[str]]
    found: Inspection

    @cached_property
    def results(self) -> dict[str, Status]:
        """How each unit came out, by code: the worst of its probes."""
        return worst((probe.unit, probe) for probe in self.found.probes if probe.unit is not None)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything in it: one changed byte is another inspection."""
        return digest_of(self._body())

    def to_json(self) -> dict[str, Json]:
        """The document, format `haicap.inspection/2`."""
        return {"format": INSPECTION, "digest": self.digest, **self._body()}

    @classmethod
    def of(cls, document: Mapping[str, Json]) -> Inspected:
        """What `to_json` gave, if nothing was altered since. KeyError, TypeError or ValueError when it is none."""
        read_moment(document["at"])
        return cls(
            province=document["province"],
            target=document["target"],
            as_of=document["as_of"],
            at=document["at"],
            by=document["by"],
            tools=document["tools"],
            plan=document["plan"],
            selection=document["selection"],
            found=Inspection(tuple(_probe(row) for row in document["probes"])),
        )

    def _body(self) -> dict[str, Json]:
        return {
            "province": self.province,
            "target": self.target,
            "as_of": self.as_of,
            "at": self.at,
            "by": self.by,
            "tools": dict(self.tools),
            "plan": self.plan,
            "selection": {key: list(values) for key, values in self.selection.items()},
            "summary": dict(self.found.summary),
            "results": self.results,
            "probes": [probe.to_json() for probe in self.found.probes],
        }


def _probe(row: Mapping[str, Json]) -> Probe:
    probe = Probe(**row)
    if probe.status not in STATUSES:
        raise ValueError(f"a probe that is neither {' nor '.join(STATUSES)}")
    return probe


def worst(probes: Iterable[tuple[str, Probe]]) -> dict[str, Status]:
    """By key: failed where one probe failed, else unreachable where one could not be made, else passed."""
    found: dict[str, Status] = {}
    for key, probe in probes:
        found[key] = min(found.get(key, "passed"), probe.status, key=_WORST.index)
    return dict(sorted(found.items()))


def read_inspection(path: Path) -> Inspected:
    """An inspection's file. HaicapError when it isn't one; Refused when a byte of it was altered."""
    return read_document(path, Inspected.of, INSPECTION, _NEXT_STEP)
