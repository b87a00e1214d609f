"""Plans to hold against limits."""

from __future__ import annotations

from collections.abc import Iterable

from haicap.plan.model import Action, Change, Plan


def change(resource: str, action: Action = "update", system: str = "gateway", *, cost: str = "") -> Change:
    """A change of one resource; of `gw-24958` and the like the unit is known."""
    kind, _, code = resource.partition("-")
    unit = code if kind in ("gw", "dns", "mail") and code else None
    return Change(unit, system, resource, action, "sha256:0", cost=cost)


def plan_of(changes: Iterable[Change], target: str = "live") -> Plan:
    """A plan with these changes."""
    return Plan("lam-dong", target, "2026-09-10", {}, {}, tuple(changes))


def gateways(number: int, action: Action = "update", first: int = 10000) -> list[Change]:
    """So many units' gateways."""
    return [change(f"gw-{first + n}", action) for n in range(number)]
