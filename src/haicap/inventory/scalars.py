"""What a plain YAML scalar means here: less than YAML 1.1 says, so that nothing is read as what it is not."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

_LONGEST_SHOWN = 100  # as long as the longest name
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEANS = {"true": True, "false": False}
_TRAPS = frozenset(("yes", "no", "on", "off", "true", "false"))
_NUMBER_START = frozenset("0123456789+-.")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
_HIDDEN = re.compile("[\\x00-\\x1f\\x7f-\\xa0\\xad\\u200b-\\u200f\\u2028-\\u202f\\u2060-\\u206f\\ufeff\\ud800-\\udfff]")
_YAML_INTEGER = re.compile(
    r"[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?0x[0-9a-fA-F_]+|[-+]?[0-9][0-9_]*|[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+"
)
_YAML_FLOAT = re.compile(
    r"[-+]?[0-9][0-9_]*\.[0-9_]*([eE][-+]?[0-9]+)?|[-+]?\.[0-9][0-9_]*([eE][-+]?[0-9]+)?"
    r"|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)


class Meaning(NamedTuple):
    """A value; `raw` is its text where the value is no text; `trap` the rule and why YAML would mislead."""

    value: str | int | float | bool | None
    raw: str | None = None
    trap: tuple[str, str] | None = None


def nfc(text: str) -> str:
    """Text in NFC, so that both ways to write an accent mean the same."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def hidden(text: str) -> str | None:
    """A character in a text that people cannot see, such as U+200B, or a line break; None when there is none."""
    found = _HIDDEN.search(text.strip())
    if found is None:
        return None
    return "a line break" if found[0] == "\n" else f"the invisible character U+{ord(found[0]):04X}"


def shown(text: str) -> str:
    """A text as a message may hold it: one line, nothing hidden, not endless."""
    visible = _HIDDEN.sub(lambda found: " " if found[0] == "\n" else f"<U+{ord(found[0]):04X}>", text.strip())
    return visible if len(visible) <= _LONGEST_SHOWN else visible[: _LONGEST_SHOWN - 1] + "…"


def read_plain(text: str) -> Meaning:
    """The meaning of an unquoted scalar. Traps keep their text as the value."""
    if text in _NULLS:
        return Meaning(None, text)
    if text in _BOOLEANS:
        return Meaning(_BOOLEANS[text], text)
    if text[0] in _NUMBER_START:
        return _read_number(text)
    if text.lower() in _TRAPS:
        trap = f'YAML reads {text} as a boolean; quote it if it is text ("{text}"), else write true or false'
        return Meaning(text, text, ("yaml-boolean", trap))
    return Meaning(nfc(text))


def _read_number(text: str) -> Meaning:
    """A number as people write it; other forms that YAML 1.1 takes for numbers are traps."""
    if _INTEGER.fullmatch(text) and len(text) <= 18:
        return Meaning(int(text), text)
    if _FLOAT.fullmatch(text) and len(text) <= 40:
        return Meaning(float(text), text)
    if _YAML_INTEGER.fullmatch(text) or _YAML_FLOAT.fullmatch(text):
        trap = f'YAML does not read {text} as it looks; quote it if it is text ("{text}"), else write a plain number'
        return Meaning(text, text, ("yaml-number", trap))
    return Meaning(nfc(text))
