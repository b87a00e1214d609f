"""What is built once for all labs of a machine: each thing a folder in the cache, named after its recipe's version."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from haicap.errors import HaicapError


def folder() -> Path:
    """The cache: HAICAP_CACHE, or else haicap's folder in the user's cache."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("HAICAP_CACHE") or str(Path(home) / "haicap")).absolute()


def version(*recipe: object) -> str:
    """12 hexadecimal digits that change with the recipe."""
    return hashlib.sha256(repr(recipe).encode()).hexdigest()[:12]


def build_once(path: Path, lock: str, build: Callable[[Path], None]) -> Path:
    """Let `build` make the folder `path`, unless it is there already, and return it.

    It appears under its name only when complete; of two builds at once the second waits and takes the first one's.
    HaicapError when not root, and whatever `build` raises.
    """
    if path.is_dir():
        return path
    if os.geteuid() != 0:
        raise HaicapError(f"{path.name} cannot be built: not root; run it as root")
    path.parent.mkdir(parents=True, exist_ok=True)
    with (path.parent / lock).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not path.is_dir():
            _build(path, build)
    return path


def _build(path: Path, build: Callable[[Path], None]) -> None:
    part = path.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        build(part)
        part.rename(path)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
