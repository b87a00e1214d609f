"""How a plan comes about: whoever makes it, from which commit, with which tools, and until when it holds."""

from __future__ import annotations

import getpass
import os
import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from haicap import __version__
from haicap.plan.model import Made
from haicap.plan.moment import MOMENT
from haicap.stack.state import VERSION
from haicap.stack.workspace import Workspace

PRINCIPAL = "HAICAP_PRINCIPAL"
# What haicap itself writes beside the inventory, and no plan is made from: it does not make a commit another.
_OWN = (":(exclude)audit", ":(exclude)sealed", ":(exclude).state", ":(exclude).lab")


def make(workspace: Workspace, valid: timedelta, applied: str, by: str | None = None) -> Made:
    """Of a plan that is made now. `applied` is the commit that was applied wholly last, if any: whoever wrote since is
    an author. `by` is a mail address, or what `principal` finds."""
    now = datetime.now(UTC).replace(microsecond=0)
    return replace(
        made_from(workspace),
        at=now.strftime(MOMENT),
        by=by or principal(workspace),
        expires=(now + valid).strftime(MOMENT),
        authors=_authors(workspace, applied),
    )


def made_from(workspace: Workspace) -> Made:
    """What a plan is made from and with, beside what its basis says; not who wrote it."""
    commit = _git(workspace, "log", "-1", "--format=%H", "--", ".")
    altered = commit and _git(workspace, "status", "--porcelain", "--", ".", *_OWN)
    return Made(commit=f"{commit}+" if altered else commit, tools={"haicap": __version__, "pulumi": VERSION})


def _authors(workspace: Workspace, applied: str) -> tuple[str, ...]:
    """Who wrote the inventory's commits after the one that was `applied`, each at least the last one's.

    Where git does not have that commit (a shallow clone, a history that was written anew) everybody counts whom it has.
    """
    commit = applied.removesuffix("+")
    known = commit and _git(workspace, "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}")
    which = [f"{commit}..HEAD"] if known else [] if commit else ["-1"]
    told = _git(workspace, "log", _FORMAT, *which, "--", ".") or _git(workspace, "log", _FORMAT, "-1", "--", ".")
    return tuple(sorted(set(_ADDRESS.findall(told))))


_FORMAT = "--format=<%ae>%n<%ce>%n%(trailers:key=Co-authored-by,valueonly)"
_ADDRESS = re.compile(r"<([^<>\s]+)>")


def principal(workspace: Workspace) -> str:
    """Who works here: HAICAP_PRINCIPAL, else git's `user.email`, else the account's name. A claim, not a proof."""
    return os.environ.get(PRINCIPAL) or _git(workspace, "config", "user.email") or getpass.getuser()


def _git(workspace: Workspace, *words: str) -> str:
    """What git says in the inventory's folder; nothing where there is no git or no repository."""
    try:
        done = subprocess.run(["git", *words], cwd=workspace.folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
