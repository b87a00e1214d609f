"""Rules of a province's own, in `inventories/<province>/policies/*.py`; docs/safety.md tells of them.

from haicap.policy import Plan, ProvinceDesign, policy

@policy("no-guest-network", severity="refuse", next_step="Take the segment out of the unit.")
def no_guest_network(plan: Plan, design: ProvinceDesign):
    for change in plan.changes:
        if change.unit == "24958" and change.action == "delete":
            yield f"{change.resource}: this unit is never touched."
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from haicap.design import ProvinceDesign
from haicap.plan.model import Change, Plan

__all__ = ["Change", "Plan", "Policy", "ProvinceDesign", "Severity", "policy"]

Severity = Literal["refuse", "warn"]
Check = Callable[[Plan, ProvinceDesign], Iterable[str]]
_ID = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NEXT_STEP = "See the province's policies/"


@dataclass(frozen=True)
class Policy:
    """A rule with its name and its weight. `check` gives a message for each place where a plan does not keep it."""

    id: str
    severity: Severity
    next_step: str
    check: Check


def policy(id: str, *, severity: Severity = "refuse", next_step: str = _NEXT_STEP) -> Callable[[Check], Policy]:
    """Make a rule of a function over plan and design that gives messages. ValueError when id or severity is none."""
    if not _ID.fullmatch(id):
        raise ValueError(f'policy "{id}": an id is of a-z, 0-9 and hyphens, such as no-guest-network')
    if severity not in ("refuse", "warn"):
        raise ValueError(f'policy "{id}": severity is "refuse" or "warn", not "{severity}"')
    return lambda check: Policy(id, severity, next_step, check)
