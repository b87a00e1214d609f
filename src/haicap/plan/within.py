"""One value of a resource, by the name that people know it by: a file's path, a record's name, a staff number. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from haicap.plan.model import Difference, Json

Path = tuple[str, ...]
_DEEP = 3  # zones -> zone -> record


def find_paths(inputs: Mapping[str, Json], text: str) -> tuple[Path, ...]:
    """Where a name stands in a resource's inputs; a record's may lack its type and its last dot."""
    return tuple(path for path in _paths(inputs) if _is_named(path[-1], text))


def names_in(inputs: Mapping[str, Json]) -> list[str]:
    """The names that `find_paths` finds, of the innermost values."""
    return sorted({path[-1] for path in _paths(inputs)})


def narrow(diff: Sequence[Difference], paths: Sequence[Path]) -> tuple[Difference, ...]:
    """What of a change is at some paths: below them, or in a whole value that comes or goes."""
    return tuple(found for path in paths for difference in diff for found in _at(difference, path))


def _paths(value: Json, above: Path = ()) -> Iterator[Path]:
    if isinstance(value, Mapping) and len(above) < _DEEP:
        for key, inner in value.items():
            yield (*above, str(key))
            yield from _paths(inner, (*above, str(key)))


def _is_named(key: str, text: str) -> bool:
    return key == text or key.partition(" ")[0].removesuffix(".") == text.removesuffix(".")


def _at(difference: Difference, path: Path) -> Iterator[Difference]:
    length = len(difference.path)
    if difference.path[: len(path)] == path:
        yield difference
    elif path[:length] == difference.path:
        before, after = (_inner(value, path[length:]) for value in (difference.before, difference.after))
        if before != after:
            yield Difference(path, before, after)


def _inner(value: Json, path: Path) -> Json:
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
