"""The hypervisor's own programs, and their failures in plain words."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_WORDS = 4  # lines: some tell the cause before the consequence
GIB = 2**30
MIB = 2**20


def run(*words: str | Path) -> str:
    """What a program printed. OSError with its last words when it fails."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    ran = subprocess.run(
        list(map(str, words)), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=environment
    )
    if ran.returncode != 0:
        said = [line.strip() for line in (ran.stderr or ran.stdout).splitlines() if line.strip()][-_WORDS:]
        raise OSError(f"{Path(str(words[0])).name}: {'; '.join(said) or 'it failed, and said nothing'}")
    return ran.stdout


def image_info(path: Path) -> Mapping[str, Any]:
    """What `qemu-img info` says of an image, also of one that a running machine has open."""
    return dict(json.loads(run("qemu-img", "info", "--force-share", "--output=json", path)))


def in_gib(size: int) -> int | float:
    """Bytes as GiB; a whole number where they are."""
    return size // GIB if size % GIB == 0 else round(size / GIB, 3)
