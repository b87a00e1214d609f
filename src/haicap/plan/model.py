"""What a plan is: changes with their exact before and after, as plain values with a digest."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

FORMAT = "haicap.plan/1"
Action = Literal["create", "update", "replace", "delete", "unchanged"]
PENDING: tuple[Action, ...] = ("create", "update", "replace", "delete")
Json = Any


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
class Plan:
    """Everything an apply would do, and nothing else. `basis` names what it was made from, by digest."""

    province: str
    target: str
    as_of: str
    selection: Mapping[str, Sequence[str]]
    basis: Mapping[str, str]
    changes: tuple[Change, ...]
    waiting: tuple[Wait, ...] = field(default=())

    @property
    def pending(self) -> tuple[Change, ...]:
        """The changes that do something."""
        return tuple(change for change in self.changes if change.action != "unchanged")

    @property
    def destroys(self) -> tuple[str, ...]:
        """What of people's own goes for good."""
        return tuple(what for change in self.pending for what in change.destroys)

    @property
    def keeps(self) -> tuple[str, ...]:
        """What of people's own is left, though nothing uses it any more."""
        return tuple(what for change in self.pending for what in change.keeps)

    @property
    def summary(self) -> dict[str, int]:
        """How many resources of each action."""
        counts = Counter(change.action for change in self.changes)
        return {action: counts[action] for action in (*PENDING, "unchanged")}

    @property
    def digest(self) -> str:
        """SHA-256 of everything in the plan: one changed byte is another plan."""
        return digest_of(self._body())

    def to_json(self) -> dict[str, Json]:
        """The plan's file: the same inputs give the same bytes."""
        return {"format": FORMAT, "digest": self.digest, **self._body()}

    def _body(self) -> dict[str, Json]:
        return {
            "province": self.province,
            "target": self.target,
            "as_of": self.as_of,
            "selection": {key: list(values) for key, values in self.selection.items()},
            "basis": dict(self.basis),
            "summary": self.summary,
            "changes": [_change(change) for change in self.pending],
            "waiting": [
                {"host": w.host, "unit": w.unit, "reason": w.reason, "next_step": w.next_step} for w in self.waiting
            ],
        }


def _change(change: Change) -> dict[str, Json]:
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


def canonical(value: Json) -> str:
    """JSON with sorted keys and no spaces: equal values, equal text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest_of(value: Json) -> str:
    """`sha256:` and the hex digest of a value's canonical JSON."""
    return "sha256:" + hashlib.sha256(canonical(value).encode()).hexdigest()


def dump(value: Json) -> str:
    """JSON for a file: indented, stable, with a last newline."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
