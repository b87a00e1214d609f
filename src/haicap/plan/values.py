"""Values as they come back from the engine: whole numbers as floats."""

from __future__ import annotations

from collections.abc import Mapping

from haicap.plan.model import Json


def normalise(value: Json) -> Json:
    """The same value with whole floats as integers and mappings as plain dicts; equal to what was sent."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {str(key): normalise(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [normalise(item) for item in value]
    return value
