"""What a report says, whatever it is of: a plan, an inspection, a difference, a certificate. All formats are made of
this, and all text in it is visible (`haicap.report.visible`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from haicap.plan.model import PENDING, Breach, Change, Difference, Json, Override, Wait
from haicap.report.leaves import words_of

Kind = Literal["plan", "inspection", "diff", "certificate"]
STATUSES = ("failed", "unreachable", "passed")
# What a reader must see first, worst first.
GRAVE = ("delete", "replace", "failed", "unreachable")


@dataclass(frozen=True)
class Item:
    """One change, or one probe. `unit` is a unit's code, empty for what the province shares.

    `action` is a plan's action or a probe's status; `what` the resource, or the probe and the host that it ran on.
    `diff` is what changes; of a probe, what was expected and what was observed.
    """

    unit: str
    system: str
    what: str
    action: str
    diff: tuple[Difference, ...] = ()
    destroys: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    cost: str = ""

    @classmethod
    def of_change(cls, change: Change) -> Item:
        """A change of a plan. ValueError when it does nothing that a plan can do."""
        if change.action not in PENDING:
            raise ValueError(f"{change.action!r} is no action")
        about = (change.diff, change.destroys, change.keeps, change.cost)
        return cls(change.unit or "", change.system, change.resource, change.action, *about)

    @classmethod
    def of_probe(cls, row: Mapping[str, Json]) -> Item:
        """A probe of an inspection. KeyError when it lacks something, ValueError when its status is none."""
        if row["status"] not in STATUSES:
            raise ValueError(f"{row['status']!r} is no status")
        probe, expected, observed = (words_of(row[key]) for key in ("probe", "expected", "observed"))
        seen = Difference((probe,), expected, observed)
        what = f"{probe}, {words_of(row['host'])}"
        return cls(words_of(row["unit"]), words_of(row["system"]), what, words_of(row["status"]), (seen,))


@dataclass(frozen=True)
class Table:
    """A titled table. Titles and columns are keys of `haicap.report.words`, or words of the document itself."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Report:
    """`subject` says of what province, target and day it is. `facts` are pairs of a key of words and a value: who made
    it, when, until when it holds, its digest. `actions` are those that its items can have, in their order; `sides` the
    names of what is left and right. `units` are facts by code, as a plan has them;
    `rows` an inspection's probes as they were written; `verdict` and `reasons` what a certificate comes to."""

    kind: Kind
    subject: str
    facts: tuple[tuple[str, str], ...]
    actions: tuple[str, ...] = ()
    sides: tuple[str, str] = ("before", "after")
    items: tuple[Item, ...] = ()
    unchanged: int = 0
    units: Mapping[str, Json] = field(default_factory=dict)
    breaches: tuple[Breach, ...] = ()
    overrides: tuple[Override, ...] = ()
    waiting: tuple[Wait, ...] = ()
    tables: tuple[Table, ...] = ()
    rows: tuple[Mapping[str, Json], ...] = ()
    verdict: bool | None = None
    reasons: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many items of each action."""
        counted = Counter(item.action for item in self.items)
        return {action: counted[action] for action in self.actions}

    @property
    def systems(self) -> dict[str, dict[str, int]]:
        """The same by system."""
        return self._by([item.system for item in self.items])

    @property
    def by_unit(self) -> dict[str, dict[str, int]]:
        """The same by unit code; what the province shares comes first."""
        return self._by([item.unit for item in self.items])

    @property
    def grave(self) -> tuple[Item, ...]:
        """What is never hidden: deletes, replaces, failed probes; worst first."""
        return tuple(item for action in GRAVE for item in self.items if item.action == action)

    @property
    def destroys(self) -> tuple[str, ...]:
        """What of people's own goes for good."""
        return tuple(what for item in self.items for what in item.destroys)

    @property
    def keeps(self) -> tuple[str, ...]:
        """What of people's own is left, though nothing uses it any more."""
        return tuple(what for item in self.items for what in item.keeps)

    @property
    def refused(self) -> tuple[Breach, ...]:
        """The limits for which nothing is applied: nobody has overridden them."""
        return tuple(one for one in self.breaches if one.severity == "refuse" and self.reason_for(one) is None)

    def name_of(self, code: str) -> str:
        """A unit's name, or nothing."""
        facts = self.units.get(code)
        return str(facts.get("name", "")) if isinstance(facts, Mapping) else ""

    def reason_for(self, breach: Breach) -> str | None:
        """Why a limit was overridden; None when it was not."""
        return next((one.reason for one in self.overrides if one.limit == breach.limit), None)

    def _by(self, keys: list[str]) -> dict[str, dict[str, int]]:
        counted = Counter(zip(keys, (item.action for item in self.items), strict=True))
        return {key: {action: counted[key, action] for action in self.actions} for key in sorted(set(keys))}
