"""A change taken apart into the values that a reader knows: a file, a record set, a service, a person. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from haicap.plan.diff import WHOLE
from haicap.plan.model import Difference, Json, canonical


def leaves(difference: Difference) -> Iterator[Difference]:
    """A whole value that comes or goes, taken apart; record sets and people stay whole."""
    whole = difference.after if difference.before is None else difference.before
    one_side = difference.before is None or difference.after is None
    if not (one_side and isinstance(whole, Mapping)) or is_record_set(whole) or is_somebody(difference):
        yield difference
        return
    came = difference.before is None
    for key, value in whole.items():
        path = (*difference.path, str(key))
        yield from leaves(Difference(path, None, value) if came else Difference(path, value, None))


def is_record_set(value: Mapping[str, Json]) -> bool:
    """Whether it is a DNS record set."""
    return set(value) == {"ttl", "records"}


def is_somebody(difference: Difference) -> bool:
    """Whether it is one person, one role mailbox or one probe."""
    return len(difference.path) == 2 and difference.path[0] in WHOLE


def is_text(value: Json) -> bool:
    """Whether it has lines."""
    return isinstance(value, str) and "\n" in value


def place(path: tuple[str, ...]) -> str:
    """`/etc/nftables.conf`, `service frr`, `printer-1.example. A`."""
    if path[0] == "files" and len(path) > 1:
        return path[1]
    if path[0] == "services" and len(path) > 1:
        return f"service {path[1]}"
    if path[0] == "zones" and len(path) > 2:
        return " ".join(path[2:])
    if path[0] == "zones" and len(path) > 1:
        return f"zone {path[1]}"
    return " ".join(path)


def value_text(value: Json) -> str:
    """A value on one line; `(none)` for absence."""
    if value is None:
        return "(none)"
    if isinstance(value, Mapping) and is_record_set(value):
        return f"{value['ttl']} {', '.join(map(str, value['records']))}"
    return value if isinstance(value, str) else canonical(value)


def words_of(value: Json) -> str:
    """Any JSON value in words on one line: lists with commas, mappings as pairs; nothing for None."""
    if isinstance(value, list):
        return ", ".join(map(words_of, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {words_of(inner)}" for key, inner in value.items())
    return "" if value is None else str(value)
