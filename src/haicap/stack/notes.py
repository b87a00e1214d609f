"""Heads of the log as git notes, under refs/notes/haicap-log: they go where the repository is pushed to."""

from __future__ import annotations

import subprocess

from haicap.errors import HaicapError
from haicap.stack.workspace import Workspace

_REF = "--ref=haicap-log"


def add_note(workspace: Workspace, line: str) -> str:
    """Put a line into the note of HEAD; the commit. HaicapError when there is no repository, or git refuses."""
    _git(workspace, "notes", _REF, "append", "-m", line, "HEAD")
    return _git(workspace, "rev-parse", "HEAD").strip()


def read_notes(workspace: Workspace) -> str:
    """All lines of all notes, as a file of heads has them. HaicapError when there is no repository."""
    listed = _git(workspace, "notes", _REF, "list").splitlines()
    notes = (_git(workspace, "cat-file", "blob", one.split()[0]) for one in listed)
    return "".join(f"{line}\n" for note in notes for line in note.splitlines() if line.strip())


def _git(workspace: Workspace, *words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=workspace.folder, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise HaicapError("git is missing: install it, or keep the head in a file (`-o FILE`).") from error
    if done.returncode != 0:
        raise HaicapError(f"git: {done.stderr.strip()}. A head can be kept in a file as well (`-o FILE`).")
    return done.stdout
