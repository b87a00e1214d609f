"""Documents that haicap writes for itself: what is read must be, byte for byte, what would be written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from haicap.errors import HaicapError, Refused
from haicap.plan.model import Json, dump


class Document(Protocol):
    """What can be written. `to_json` begins with `format`."""

    def to_json(self) -> dict[str, Json]:
        """The document's values, in the order in which they are written."""
        ...


Written = TypeVar("Written", bound=Document)


def read_document(path: Path, of: Callable[[Mapping[str, Json]], Written], form: str, next_step: str) -> Written:
    """A document of the format `form`. HaicapError when it isn't one; Refused when a byte of it was altered.

    `of` makes it from what `to_json` gave; KeyError, TypeError, ValueError or AttributeError when it is none.
    """
    text, values = _parse(path, form, next_step)
    try:
        found = of(values)
        written = dump(found.to_json())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise HaicapError(f"{path}: this {form} can't be read ({error!r}). {next_step}") from error
    if written != text:
        raise Refused(f"{path}: this was altered after it was made: it is not what haicap wrote. {next_step}")
    return found


def _parse(path: Path, form: str, next_step: str) -> tuple[str, dict[str, Json]]:
    try:
        text = path.read_bytes().decode("utf-8")
        values: Any = json.loads(text)
    except OSError as error:
        raise HaicapError(f"{path}: {error.strerror}. {next_step}") from error
    except (ValueError, RecursionError) as error:
        raise HaicapError(f"{path}: this is not of format {form}: {error}. {next_step}") from error
    if not isinstance(values, dict) or values.get("format") != form:
        raise HaicapError(f"{path}: this is not of format {form}. {next_step}")
    return text, values
