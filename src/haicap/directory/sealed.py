"""Sealed first passwords, as they come from a mail server: age files for a unit's officers (age-encryption.org/v1)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from haicap.files import replace_file


def keep_sealed(folder: Path, sealed: Mapping[str, str]) -> tuple[Path, ...]:
    """Put sealed files where they are handed over from; readable by their owner, though nobody can read what is in."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    paths = tuple(folder / Path(name).name for name in sorted(sealed))
    for path in paths:
        replace_file(path, sealed[path.name].encode())
    return paths
