"""JSON with one text for equal values, and its digest: what is signed, chained and compared."""

from __future__ import annotations

import hashlib
import json
from typing import Any

Json = Any


def canonical(value: Json) -> str:
    """JSON by RFC 8785: equal values, equal text.

    Python's own writer gives the same bytes as that standard asks for, for what haicap's documents hold: no fractions,
    no integer of more than 53 bits, no key with a character beyond U+FFFF. A test holds it against a library that does
    all of the standard and takes ten times as long.
    """
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest_of(value: Json) -> str:
    """`sha256:` and the hex digest of a value's canonical JSON."""
    return digest_of_bytes(canonical(value).encode())


def digest_of_bytes(content: bytes) -> str:
    """`sha256:` and the hex digest, as `sha256sum` has it."""
    return "sha256:" + hashlib.sha256(content).hexdigest()
