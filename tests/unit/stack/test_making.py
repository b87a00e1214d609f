"""Who wrote what a plan is made from: everybody since the commit that was applied wholly last."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from haicap.inventory.scaffold import scaffold
from haicap.plan.model import Change, Plan
from haicap.stack.engine import StepEvent
from haicap.stack.making import made_from, make
from haicap.stack.record import applied_commit, recorded_apply
from haicap.stack.workspace import Workspace

DAY = timedelta(days=1)


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    scaffold(tmp_path, "lam-dong")
    _git(tmp_path, "init", "-q")
    commit(tmp_path, "an")
    return Workspace.open(tmp_path, "lam-dong", "live")


def commit(directory: Path, name: str, trailer: str = "", file: str = "inventories/lam-dong/notes.txt") -> str:
    """Somebody changes the province's folder; the commit."""
    with (directory / file).open("a") as notes:
        notes.write(f"{name}\n")
    _git(directory, "add", "-A")
    who = ["-c", f"user.name={name}", "-c", f"user.email={name}@x.vn"]
    _git(directory, *who, "commit", "-q", "-m", f"By {name}{trailer}")
    return _git(directory, "rev-parse", "HEAD")


def _git(directory: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=directory, capture_output=True, text=True, check=True).stdout.strip()


def authors(ws: Workspace) -> list[str]:
    return [author.removesuffix("@x.vn") for author in make(ws, DAY, applied_commit(ws)).authors]


def apply(ws: Workspace, status: str = "done") -> None:
    """An apply of one change, which ends so."""
    plan = Plan("lam-dong", "live", "2025-07-01", {}, {}, (Change(None, "hub", "hub1", "create", "sha256:1"),))
    with recorded_apply(ws, plan) as result:
        result.told(lambda _step: None)(StepEvent("hub1", None, "hub", "create", status))  # type: ignore[arg-type]


def test_the_last_commits_author_where_nothing_was_applied(ws: Workspace) -> None:
    commit(ws.directory, "binh")
    assert authors(ws) == ["binh"]


def test_everybody_since_the_last_whole_apply(ws: Workspace) -> None:
    apply(ws)
    assert authors(ws) == ["an"], "at least the last commit's"
    commit(ws.directory, "binh", "\n\nCo-authored-by: Chi <chi@x.vn>")
    commit(ws.directory, "dung")
    assert authors(ws) == ["binh", "chi", "dung"]
    apply(ws, "failed")
    commit(ws.directory, "an")
    assert authors(ws) == ["an", "binh", "chi", "dung"], "what was not applied wholly is still theirs"
    apply(ws)
    assert authors(ws) == ["an"]


def test_commits_of_elsewhere_do_not_count(ws: Workspace) -> None:
    apply(ws)
    commit(ws.directory, "binh")
    commit(ws.directory, "dung", file="README.md")
    assert authors(ws) == ["binh"]


def test_everybody_counts_where_that_commit_is_unknown(ws: Workspace) -> None:
    apply(ws)
    old = applied_commit(ws)
    assert old == made_from(ws).commit
    _git(ws.directory, "checkout", "-q", "--orphan", "anew")
    commit(ws.directory, "binh")
    commit(ws.directory, "dung")
    _git(ws.directory, "branch", "-D", "master" if _git(ws.directory, "branch", "--list", "master") else "main")
    _git(ws.directory, "reflog", "expire", "--expire=now", "--all")
    _git(ws.directory, "gc", "-q", "--prune=now")
    assert authors(ws) == ["binh", "dung"]
