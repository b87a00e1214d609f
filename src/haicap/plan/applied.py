"""What came of an apply, as it is written: of which plan, when, and how it went unit by unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from haicap.plan.document import read_document
from haicap.plan.model import Json
from haicap.plan.moment import read_moment

APPLIED = "haicap.applied/1"
_NEXT_STEP = "`haicap apply -o applied.json plan.json` writes one."


@dataclass(frozen=True)
class Failure:
    """A resource that was not done, why, and what to do."""

    resource: str
    unit: str | None
    system: str
    cause: str
    next_step: str


@dataclass(frozen=True)
class AppliedResult:
    """How many changes of a plan were done, failed, and were not begun (`skipped`); `stopped` by Ctrl-C? `halted`
    says why it began nothing new by itself.

    `plan` is its digest, `begun` and `ended` are moments, `by` is who ran it. `units` has `done` and `failed` by code;
    what a province shares is only in the sums. `failures` may be left out where only their number is known.
    """

    province: str
    target: str
    plan: str
    by: str
    begun: str
    ended: str
    done: int
    failed: int
    skipped: int
    stopped: bool
    halted: str = ""
    units: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """The document, format `haicap.applied/1`."""
        return {"format": APPLIED, **asdict(self), "failures": [asdict(one) for one in self.failures]}

    @classmethod
    def of(cls, document: Mapping[str, Json]) -> AppliedResult:
        """What `to_json` gave. KeyError, TypeError or ValueError when it is none."""
        values = {key: value for key, value in document.items() if key != "format"}
        for key in ("begun", "ended"):
            read_moment(values[key])
        if any(type(values[key]) is not int for key in ("done", "failed", "skipped")):
            raise TypeError("a number of changes that is no whole number")
        return cls(**{**values, "failures": tuple(Failure(**one) for one in values["failures"])})


def read_applied(path: Path) -> AppliedResult:
    """An apply's file. HaicapError when it isn't one; Refused when a byte of it was altered."""
    return read_document(path, AppliedResult.of, APPLIED, _NEXT_STEP)
