"""One thing that was looked at, when somebody asks whether a document is genuine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """`name` is what was looked at; `text` says what is right, or why not."""

    name: str
    ok: bool
    text: str
