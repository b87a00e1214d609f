"""A plan against another plan, or against a design: only what a plan changes is known of it. Pure.

A plan holds no whole resources, so each side is cut down to the values that are known of both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haicap.plan.compare import Things
from haicap.plan.model import Change, Json

Path = tuple[str, ...]


@dataclass(frozen=True)
class Cut:
    """What is known of a resource: a part of its inputs."""

    name: str
    unit: str | None
    system: str
    inputs: Mapping[str, Json]


def plan_and_design(changes: Sequence[Change], design: Things) -> tuple[dict[str, Cut], dict[str, Cut]]:
    """A plan's resources as they are after it, and the same values of a design."""
    planned, designed = dict[str, Cut](), dict[str, Cut]()
    for change in changes:
        known = {one.path: one.after for one in change.diff}
        if change.action != "delete":
            planned[change.resource] = _cut(change, known)
        if (thing := design.get(change.resource)) is not None:
            designed[change.resource] = _cut(change, {path: _at(thing.inputs, path) for path in known})
    return planned, designed


def plan_and_plan(first: Sequence[Change], second: Sequence[Change]) -> tuple[dict[str, Cut], dict[str, Cut]]:
    """The resources that either of two plans changes, as they are after each: what one leaves alone stays as the other
    found it."""
    ours, theirs = ({change.resource: change for change in plan} for plan in (first, second))
    return dict(_after(ours, theirs)), dict(_after(theirs, ours))


def _after(plan: Mapping[str, Change], other: Mapping[str, Change]) -> Iterator[tuple[str, Cut]]:
    for name in dict.fromkeys([*plan, *other]):
        own, its = plan.get(name), other.get(name)
        one = own or its
        if one is None or (own is not None and own.action == "delete"):
            continue
        if own is None and its is not None and its.action == "create":
            continue
        known = {difference.path: difference.after for difference in own.diff} if own is not None else {}
        left = {difference.path: difference.before for difference in its.diff} if its is not None else {}
        yield name, _cut(one, {path: left[path] for path in left if not _is_told(path, known)} | known)


def _is_told(path: Path, known: Mapping[Path, Json]) -> bool:
    """Whether a value, or one that holds it, is known already."""
    return any(path[:length] in known for length in range(1, len(path) + 1))


def _cut(change: Change, known: Mapping[Path, Json]) -> Cut:
    inputs: dict[str, Any] = {}
    for path, value in sorted(known.items(), key=lambda item: len(item[0])):
        _put(inputs, path, value)
    return Cut(change.resource, change.unit, change.system, inputs)


def _put(inputs: dict[str, Any], path: Path, value: Json) -> None:
    """Set a value where its path leads; what is above it is copied, never changed: it may be a plan's own."""
    if value is None:
        return
    for step in path[:-1]:
        above = inputs.get(step)
        inputs[step] = dict(above) if isinstance(above, Mapping) else {}
        inputs = inputs[step]
    inputs[path[-1]] = value


def _at(inputs: Mapping[str, Json], path: Path) -> Json:
    value: Json = inputs
    for step in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value
