"""A comparison is exact: its changes, done to one side, give the other; and the way back is its mirror."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from haicap.plan.compare import Comparison, compare


@dataclass(frozen=True)
class Thing:
    name: str
    inputs: Mapping[str, Any]
    unit: str | None = None
    system: str = "gateway"


_VALUES = st.recursive(
    st.integers(0, 3) | st.sampled_from(["a", "b"]),
    lambda inner: st.dictionaries(st.sampled_from("xyz"), inner, min_size=1, max_size=3),
    max_leaves=4,
)
_INPUTS = st.dictionaries(st.sampled_from(["files", "services", "zones"]), _VALUES, min_size=1)
_SIDES = st.dictionaries(st.sampled_from(["gw-1", "gw-2", "hub1", "zones"]), _INPUTS).map(
    lambda side: {name: Thing(name, inputs) for name, inputs in side.items()}
)


def _after(before: Mapping[str, Thing], found: Comparison) -> dict[str, dict[str, Any]]:
    """One side with the changes done to it."""
    made = {name: _copy(thing.inputs) for name, thing in before.items()}
    for change in found.changes:
        if change.action == "delete":
            del made[change.resource]
            continue
        inputs = made.setdefault(change.resource, {})
        for difference in change.diff:
            _set(inputs, difference.path, difference.after)
    return made


def _copy(value: Any) -> Any:
    return {key: _copy(inner) for key, inner in value.items()} if isinstance(value, Mapping) else value


def _set(inputs: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    *above, last = path
    for step in above:
        inputs = inputs[step]
    if value is None:
        del inputs[last]
    else:
        inputs[last] = _copy(value)


@given(_SIDES, _SIDES)
def test_the_changes_lead_from_one_side_to_the_other(before: dict[str, Thing], after: dict[str, Thing]) -> None:
    found = compare(before, after)
    assert _after(before, found) == {name: thing.inputs for name, thing in after.items()}
    assert found.unchanged + len(found.changes) == len({*before, *after})


@given(_SIDES, _SIDES)
def test_the_way_back_is_the_mirror(before: dict[str, Thing], after: dict[str, Thing]) -> None:
    there, back = compare(before, after), compare(after, before)
    mirror = {"create": "delete", "delete": "create", "update": "update"}
    assert {one.resource: mirror[one.action] for one in there.changes} == {
        one.resource: one.action for one in back.changes
    }


@given(_SIDES)
def test_nothing_differs_from_itself(side: dict[str, Thing]) -> None:
    assert compare(side, side).changes == ()
