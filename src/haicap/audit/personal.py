"""What of a line is somebody's own. The line holds a commitment, and beside the log is the value that opens it.

A commitment is the digest of a salt and the value: it says nothing of the value once the opening is gone, and the line,
its hash and the chain stay as they are. Pure, but for the salt.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from haicap.canonical import Json, canonical, digest_of

Personal = Literal["principal", "account", "by", "approved_by", "authors", "reason", "error", "person"]
PERSONAL: tuple[Personal, ...] = get_args(Personal)
REDACTED = "(redacted)"
_SEALED = "sealed"
_SALT_BYTES = 16


@dataclass(frozen=True)
class Opening:
    """The value behind a commitment of the line `seq`."""

    seq: int
    commit: str
    salt: str
    value: Json

    @property
    def matches(self) -> bool:
        """Whether it is the value that was committed to."""
        return digest_of([self.salt, self.value]) == self.commit

    @property
    def line(self) -> bytes:
        """Its line in the file beside the segment."""
        return f"{canonical(vars(self))}\n".encode()

    @classmethod
    def parse(cls, line: bytes) -> Opening:
        """The opening of a line without its end. ValueError when it is not exactly as `line` writes it."""
        text = line.decode("utf-8")
        document = json.loads(text)
        if not isinstance(document, dict) or document.keys() != {"seq", "commit", "salt", "value"}:
            raise ValueError("not an opening")
        if canonical(document) != text or not isinstance(document["seq"], int):
            raise ValueError("not as haicap writes an opening")
        return cls(**document)


def seal(value: Json, seq: int, names: Collection[str]) -> tuple[Json, tuple[Opening, ...]]:
    """The value with a commitment in place of what is under one of these names at any depth, and the openings."""
    openings: list[Opening] = []

    def walk(inner: Json, name: str) -> Json:
        if name in names and inner not in (None, "", [], {}):
            salt = secrets.token_hex(_SALT_BYTES)
            openings.append(Opening(seq, digest_of([salt, inner]), salt, inner))
            return {_SEALED: openings[-1].commit}
        if isinstance(inner, dict):
            return {key: walk(one, key) for key, one in inner.items()}
        return [walk(one, "") for one in inner] if isinstance(inner, list) else inner

    return walk(value, ""), tuple(openings)


def commits_in(value: Json) -> Iterator[str]:
    """Every commitment in a value."""
    if _is_sealed(value):
        yield value[_SEALED]
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            if isinstance(inner, dict | list):
                yield from commits_in(inner)


def unseal(value: Json, openings: Mapping[str, Opening]) -> Json:
    """The value with what was committed to in place of each commitment; REDACTED where it can't be opened."""
    if _is_sealed(value):
        opening = openings.get(value[_SEALED])
        return opening.value if opening is not None and opening.matches else REDACTED
    if isinstance(value, dict):
        return {key: unseal(inner, openings) for key, inner in value.items()}
    return [unseal(inner, openings) for inner in value] if isinstance(value, list) else value


def _is_sealed(value: Json) -> bool:
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get(_SEALED), str)
