"""What a plan is: changes with their exact before and after, as plain values with a digest."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from haicap.canonical import Json, canonical, digest_of

__all__ = [
    "FORMAT",
    "PENDING",
    "Action",
    "Breach",
    "Change",
    "Difference",
    "Json",
    "Made",
    "Override",
    "Plan",
    "Wait",
    "canonical",
    "digest_of",
    "dump",
]

FORMAT = "haicap.plan/2"
Action = Literal["create", "update", "replace", "delete", "unchanged"]
PENDING: tuple[Action, ...] = ("create", "update", "replace", "delete")


@dataclass(frozen=True)
class Difference:
    """One value that changes. `path` leads to it inside the resource's inputs; None is absence."""

    path: tuple[str, ...]
    before: Json
    after: Json


@dataclass(frozen=True)
class Change:
    """What happens to one resource. `digest` is of the inputs after it (before it for a delete, empty for nothing).

    `destroys` names what of people's own goes with it for good: a mailbox, a data disk; `keeps` what of it is left
    where it is. `cost` is what users notice of it while it is done.
    """

    unit: str | None
    system: str
    resource: str
    action: Action
    digest: str
    diff: tuple[Difference, ...] = ()
    destroys: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    cost: str = ""


@dataclass(frozen=True)
class Wait:
    """A host that is not part of the plan yet, why, and what changes that."""

    host: str
    unit: str | None
    reason: str
    next_step: str


@dataclass(frozen=True)
class Override:
    """A limit that is known to be exceeded, and why it may be. Part of what is approved."""

    limit: str
    reason: str


@dataclass(frozen=True)
class Breach:
    """A limit, or a rule of the province's own, that a plan does not keep.

    `limit` is its name, for `--override`; `severity` is `refuse` (nothing is applied, unless it is overridden) or
    `warn`; `message` has the figures, `next_step` the way to go on.
    """

    limit: str
    severity: Literal["refuse", "warn"]
    message: str
    next_step: str


@dataclass(frozen=True)
class Made:
    """How a plan came about. Times are UTC, `2025-07-01T00:00:00Z`, by the clock of the machine that made it.

    `by` is whoever made it. `commit` is that of the inventory, followed by `+` where the files differ from it; empty
    without git. `authors` wrote it and those before it that were not applied yet (mail addresses, as git has them).
    `tools` are versions, by name. Nothing of it is known of a plan that is only shown.
    """

    at: str = ""
    by: str = ""
    expires: str = ""
    commit: str = ""
    authors: tuple[str, ...] = ()
    tools: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """Everything an apply would do, and nothing else. `basis` names what it was made from, by digest.

    `changes` are those that do something; `unchanged` is how many resources stay as they are. `units` says of every
    unit that is touched what a reader must know of it (`haicap.stack.facts`).
    """

    province: str
    target: str
    as_of: str
    selection: Mapping[str, Sequence[str]]
    basis: Mapping[str, str]
    changes: tuple[Change, ...]
    unchanged: int = 0
    waiting: tuple[Wait, ...] = ()
    units: Mapping[str, Json] = field(default_factory=dict)
    breaches: tuple[Breach, ...] = ()
    overrides: tuple[Override, ...] = ()
    made: Made = Made()

    @property
    def destroys(self) -> tuple[str, ...]:
        """What of people's own goes for good."""
        return tuple(what for change in self.changes for what in change.destroys)

    @property
    def keeps(self) -> tuple[str, ...]:
        """What of people's own is left, though nothing uses it any more."""
        return tuple(what for change in self.changes for what in change.keeps)

    @property
    def refusals(self) -> tuple[Breach, ...]:
        """The limits for which it can't be applied: nobody has overridden them."""
        overridden = {override.limit for override in self.overrides}
        return tuple(one for one in self.breaches if one.severity == "refuse" and one.limit not in overridden)

    @property
    def summary(self) -> dict[str, int]:
        """How many resources of each action."""
        counts = Counter(change.action for change in self.changes)
        return {**{action: counts[action] for action in PENDING}, "unchanged": self.unchanged}

    @property
    def digest(self) -> str:
        """SHA-256 of everything in the plan: one changed byte is another plan."""
        return digest_of(self._body())

    def to_json(self) -> dict[str, Json]:
        """The plan's file: the same inputs give the same bytes."""
        return {"format": FORMAT, "digest": self.digest, **self._body()}

    @classmethod
    def of(cls, document: Mapping[str, Json]) -> Plan:
        """The plan that `to_json` gave. KeyError, TypeError or ValueError when it is none."""
        made = document["made"]
        return cls(
            province=document["province"],
            target=document["target"],
            as_of=document["as_of"],
            selection=document["selection"],
            basis=document["basis"],
            changes=tuple(_change_of(change) for change in document["changes"]),
            unchanged=document["summary"]["unchanged"],
            waiting=tuple(Wait(**wait) for wait in document["waiting"]),
            units=document["units"],
            breaches=tuple(Breach(**breach) for breach in document["breaches"]),
            overrides=tuple(Override(**override) for override in document["overrides"]),
            made=replace(Made(**made), authors=tuple(made["authors"])),
        )

    def _body(self) -> dict[str, Json]:
        return {
            "province": self.province,
            "target": self.target,
            "as_of": self.as_of,
            "selection": {key: list(values) for key, values in self.selection.items()},
            "made": {**asdict(self.made), "authors": list(self.made.authors)},
            "basis": dict(self.basis),
            "overrides": [asdict(override) for override in self.overrides],
            "breaches": [asdict(breach) for breach in self.breaches],
            "summary": self.summary,
            "units": dict(self.units),
            "changes": [change_to_json(change) for change in self.changes],
            "waiting": [asdict(wait) for wait in self.waiting],
        }


def change_to_json(change: Change) -> dict[str, Json]:
    """A change as documents have it."""
    return {
        "unit": change.unit,
        "system": change.system,
        "resource": change.resource,
        "action": change.action,
        "digest": change.digest,
        "destroys": list(change.destroys),
        "keeps": list(change.keeps),
        "cost": change.cost,
        "diff": [{"path": list(d.path), "before": d.before, "after": d.after} for d in change.diff],
    }


def _change_of(document: Mapping[str, Json]) -> Change:
    diff = tuple(Difference(tuple(d["path"]), d["before"], d["after"]) for d in document["diff"])
    lists = {key: tuple(document[key]) for key in ("destroys", "keeps")}
    return Change(**{**document, **lists, "diff": diff})


def dump(value: Json) -> str:
    """JSON for a file: indented, stable, with a last newline."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
