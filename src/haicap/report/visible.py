"""Characters that can't be seen, or that turn text round, made visible: a report must not say other than it shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# Unicode's categories Cc (but line end and tab), Cf, Cs, Co, Zl, Zp and Zs (but the space), and the letters that have
# no shape: fillers, joiners, variation selectors (UAX 31, "Default_Ignorable_Code_Point"). A test holds the list
# against Python's own tables.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\xa0\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u1680"
    "\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ud800-\udfff\ue000-\uf8ff"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bcaf"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)


def visible(text: str) -> str:
    """The text with a mark, `⟪U+202E⟫`, for each character that can't be seen. Line ends and tabs stay."""
    return _UNSEEN.sub(lambda found: f"⟪U+{ord(found[0]):04X}⟫", text)


def all_visible(value: Any) -> Any:
    """A JSON value with all its texts and keys made visible."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {visible(str(key)): all_visible(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [all_visible(inner) for inner in value]
    return value
