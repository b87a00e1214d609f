"""A line of the log. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from haicap.canonical import Json, canonical, digest_of

Kind = Literal[
    "plan",
    "approval",
    "apply-begun",
    "apply-ended",
    "inspection",
    "certificate",
    "cutover",
    "destroy",
    "enrol",
    "staff-reset",
    "redaction",
    "rotation",
    "recovery",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
FIRST = ""  # what the very first line has in place of the hash of the one before
_KEYS = frozenset({"seq", "at", "clock", "who", "kind", "fields", "prev", "hash"})


@dataclass(frozen=True)
class Event:
    """One line. `seq` counts from 1 over all segments; `at` is UTC, `2025-07-01T00:00:00.000Z`, by `clock`.

    `who` is {principal, account, host}; `clock` {synchronised, boot, ms, note?}, see `haicap.audit.clock`. `fields` are
    the kind's own. `prev` is the hash of the line before, `hash` that of everything else in this one. `place` is where
    it stands: `000001.jsonl:17`.
    """

    seq: int
    at: str
    kind: str
    who: Mapping[str, Json]
    clock: Mapping[str, Json]
    fields: Mapping[str, Json]
    prev: str
    hash: str
    place: str = ""


def line_of(body: Mapping[str, Json]) -> bytes:
    """The line of an event of which everything is said but its hash."""
    return f"{canonical({**body, 'hash': digest_of(body)})}\n".encode()


def parse(line: bytes, place: str = "") -> Event:
    """The event of a line without its end. ValueError when it isn't exactly as `line_of` writes one; whether the hash
    is right is for `is_whole`."""
    text = line.decode("utf-8")
    document = json.loads(text)
    if not isinstance(document, dict) or document.keys() != _KEYS or canonical(document) != text:
        raise ValueError("not as haicap writes a line")
    parts = {key: document[key] for key in ("who", "clock", "fields")}
    texts = (document[key] for key in ("at", "kind", "prev", "hash"))
    if not all(isinstance(part, dict) for part in parts.values()) or not all(isinstance(text, str) for text in texts):
        raise ValueError("not the values of a line")
    if not isinstance(document["seq"], int):
        raise ValueError("its number is none")
    return Event(**document, place=place)


def is_whole(event: Event) -> bool:
    """Whether the event's hash is that of its content."""
    return digest_of(body_of(event)) == event.hash


def body_of(event: Event) -> dict[str, Json]:
    """Everything that the hash is of."""
    return {
        "seq": event.seq,
        "at": event.at,
        "clock": event.clock,
        "who": event.who,
        "kind": event.kind,
        "fields": event.fields,
        "prev": event.prev,
    }


def plain(value: Json) -> Json:
    """A value as canonical JSON can hold it: lists for tuples, no half of a character. TypeError for a fraction: it has
    more than one text."""
    if isinstance(value, Mapping):
        return {plain(str(key)): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if value is None or isinstance(value, bool | int):
        return value
    raise TypeError(f"{value!r} can't stand in a log: only text, whole numbers, lists and mappings")
