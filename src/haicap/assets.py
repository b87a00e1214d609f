"""Where the files that travel with the package are: roles, templates, the province program, schemas, national data."""

from __future__ import annotations

from pathlib import Path

_PACKAGED = Path(__file__).parent / "assets"
_CHECKOUT = Path(__file__).parents[2]


def path(name: str) -> Path:
    """The folder `name` ("roles", "templates", "stacks", "schema"): the wheel's copy, or the checkout's own."""
    packaged = _PACKAGED / name
    return packaged if packaged.is_dir() else _CHECKOUT / name
