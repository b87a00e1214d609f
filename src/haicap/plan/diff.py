"""The one diff: between the inputs that are recorded and those that are wanted. The planner and the provider use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from haicap.plan.model import Difference, Json

WHOLE = ("people", "groups", "probes")  # what is in these is somebody, and changes as one: a plan tells who it is
REPLACING = ("host",)  # a resource that names another host is another resource


def differences(before: Mapping[str, Json], after: Mapping[str, Json]) -> tuple[Difference, ...]:
    """Every value that differs, by its path, in a stable order. Mappings are compared key by key, lists and people
    whole."""
    return tuple(_walk((), before, after)) if before != after else ()


def replaces(diff: tuple[Difference, ...]) -> bool:
    """Whether a change can't be made in place."""
    return any(d.path[0] in REPLACING for d in diff)


def _walk(path: tuple[str, ...], before: Json, after: Json) -> Iterator[Difference]:
    somebody = len(path) == 2 and path[0] in WHOLE
    if isinstance(before, Mapping) and isinstance(after, Mapping) and not somebody:
        for key in sorted({*before, *after}):
            yield from _walk((*path, key), before.get(key), after.get(key))
    elif before != after:
        yield Difference(path, before, after)
