"""A province of two units, with staff, for verbs that look at all of it; and a git repository around it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3] / "inventories" / "lam-dong"
UNITS = ("24829", "24958")  # B'Lao, Đức Trọng


def write_small(directory: Path) -> Path:
    """Two units of the sample below `directory`/inventories; the province's folder."""
    folder = directory / "inventories" / "lam-dong"
    (folder / "staff").mkdir(parents=True)
    shutil.copy(ROOT / "province.yml", folder)
    shutil.copy(ROOT / "platforms.yml", folder)
    for code in UNITS:
        shutil.copy(ROOT / "staff" / f"{code}.yml", folder / "staff")
    head, *entries = re.split(r"(?m)^(?=  - code:)", (ROOT / "units.yml").read_text(encoding="utf-8"))
    kept = [entry for entry in entries if entry.startswith(tuple(f'  - code: "{code}"' for code in UNITS))]
    (folder / "units.yml").write_text(head + "".join(kept), encoding="utf-8")
    return folder


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that is there once."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path.name} has {text.count(old)} of {old!r}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def commit(directory: Path, subject: str, author: str = "An <an@example.vn>", day: str = "2025-05-01") -> None:
    """Commit everything in a folder, which becomes a repository."""
    dates = {"GIT_AUTHOR_DATE": f"{day}T08:00:00Z", "GIT_COMMITTER_DATE": f"{day}T08:00:00Z"}
    name, _, address = author.rstrip(">").partition(" <")
    who = ["-c", f"user.name={name}", "-c", f"user.email={address}", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], [*who, "commit", "-q", "-m", subject]):
        subprocess.run(["git", *words], cwd=directory, check=True, capture_output=True, env={**os.environ, **dates})
