"""An inventory as it was in a git commit, read into a folder of its own."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

from haicap.errors import HaicapError
from haicap.inventory.loader import FOLDER


def find_commit(directory: Path, text: str) -> str | None:
    """The commit that a word means in the repository of a folder, its whole hash; None where it means none."""
    if text.startswith("-"):
        return None
    done = _git(directory, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{text}^{{commit}}")
    return done.stdout.decode().strip() if done is not None and done.returncode == 0 else None


def provinces_in(directory: Path, commit: str) -> list[str]:
    """The slugs of the provinces in a commit, below the same folder."""
    listed = _told(directory, "ls-tree", "-r", "--name-only", "-z", commit, "--", FOLDER).decode().split("\0")
    paths = [Path(path) for path in listed]
    return sorted(path.parts[1] for path in paths if len(path.parts) == 3 and path.name == "province.yml")


def unpack(directory: Path, commit: str, slug: str, into: Path) -> None:
    """Write a province as it is in a commit, with its lock files, below `into`/inventories/.

    HaicapError where something in it leads out of that folder.
    """
    archive = _told(directory, "archive", "--format=tar", commit, "--", f"{FOLDER}/{slug}")
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(into, filter="data")
    except tarfile.TarError as error:
        raise HaicapError(f"{FOLDER}/{slug} of commit {commit[:9]} can't be read: {error}.") from error


def _told(directory: Path, *words: str) -> bytes:
    done = _git(directory, *words)
    if done is None or done.returncode != 0:
        reason = done.stderr.decode(errors="replace").strip() if done is not None else "git is not installed"
        raise HaicapError(f"{directory}: `git {words[0]}` failed: {reason}")
    return done.stdout


def _git(directory: Path, *words: str) -> subprocess.CompletedProcess[bytes] | None:
    """What git says in a folder; None where there is no git."""
    try:
        return subprocess.run(["git", *words], cwd=directory, capture_output=True, check=False)
    except FileNotFoundError:
        return None
