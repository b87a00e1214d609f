"""The log's folder: its files, by their names, and what is in them.

000001.jsonl           a segment: lines
000001.personal.jsonl  the openings of its lines
torn-000017            what a power cut left of a line after number 16, set aside
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_SEGMENT = re.compile(r"\d{6}\.jsonl")
_PERSONAL = re.compile(r"\d{6}\.personal\.jsonl")
_TORN = re.compile(r"torn-\d+")


@dataclass(frozen=True)
class Files:
    """All of a log, as bytes by file name, in the order of the names."""

    segments: Mapping[str, bytes] = field(default_factory=dict)
    personal: Mapping[str, bytes] = field(default_factory=dict)
    torn: Mapping[str, bytes] = field(default_factory=dict)


def read_files(folder: Path) -> Files:
    """What is in a log's folder; nothing where there is none."""
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def read(pattern: re.Pattern[str]) -> dict[str, bytes]:
        return {name: (folder / name).read_bytes() for name in names if pattern.fullmatch(name)}

    return Files(read(_SEGMENT), read(_PERSONAL), read(_TORN))


def last_segment(folder: Path) -> int:
    """The number of the last segment; 0 when there is none."""
    names = [path.name for path in folder.glob("??????.jsonl") if _SEGMENT.fullmatch(path.name)]
    return max((int(name[:6]) for name in names), default=0)


def segment_name(number: int) -> str:
    """`000001.jsonl`."""
    return f"{number:06}.jsonl"


def personal_name(segment: str) -> str:
    """The file of openings beside a segment."""
    return f"{segment[:6]}.personal.jsonl"


def torn_name(seq: int) -> str:
    """The file that keeps what was written of the line `seq`."""
    return f"torn-{seq:06}"
