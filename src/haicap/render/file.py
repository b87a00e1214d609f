"""One file of a host: where it stands, which template makes it, and what that template is given beside the host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class File:
    """A path on the host, a template below `templates/`, and the values that only this file needs."""

    path: str
    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
