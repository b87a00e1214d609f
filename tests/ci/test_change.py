"""A change goes through the templates' own scripts: planned, approved, merged, applied. No host is there to be reached.

A forge is played: its checkouts by git, its variables by values. The scripts, haicap and the engine are real; they run
in a network namespace of their own, from which no address leads anywhere.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from haicap.addressing.lockfile import write_keys
from haicap.addressing.model import Keys
from haicap.stack.workspace import Workspace
from tests.unit.cli.small import edit, write_small

pytestmark = pytest.mark.lab  # it needs root, for the namespace

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
HOSTS = ("hub1", "hub2", "dns1", "dns2", "gw-24958")
APPROVERS = """\
approvers:
  - {{principal: minh@x.vn, roles: [network], keys: [{{key: "{key}", from: 2025-01-01}}]}}
"""
PLAN, APPROVED = "plan.json", Path("approved/lam-dong/plan.json")


@dataclass
class Repository:
    """What a forge keeps, and who works with it: an@ writes, minh@ approves, two runners plan and apply."""

    place: Path
    forge: str

    @property
    def work(self) -> Path:
        """Where people commit."""
        return self.place / "work"

    @property
    def keys(self) -> Path:
        return self.place / "keys"

    def git(self, *words: str | Path, folder: Path | None = None) -> str:
        who = ["-c", "user.name=an", "-c", "user.email=an@x.vn", "-c", "commit.gpgsign=false"]
        done = subprocess.run(
            ["git", *who, *words], cwd=folder or self.work, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, subject: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", subject)

    def checkout(self, runner: str, ref: str) -> Path:
        """A runner's checkout of a commit; what is not in git is left."""
        folder = self.place / runner
        if not folder.exists():
            self.git("clone", "-q", self.work, folder)
        self.git("fetch", "-q", "origin", folder=folder)
        self.git("checkout", "-q", "--detach", self.git("rev-parse", ref), folder=folder)
        return folder

    def run(self, job: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """A job's script, as the forge's runner runs it."""
        scripts = GITHUB[job] if self.forge == "github" else GITLAB[job]
        done = subprocess.CompletedProcess[str]([], 0, "", "")
        for script, variables in scripts(self):
            environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", **variables}
            shell = ["bash", "-e"] if self.forge == "github" else ["bash", "-eo", "pipefail"]
            words = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *shell, "-c", script]
            said = subprocess.run(
                words, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
            )
            done = subprocess.CompletedProcess(
                [], said.returncode, done.stdout + said.stdout, done.stderr + said.stderr
            )
            if said.returncode:
                break
        return done

    @property
    def values(self) -> dict[str, str]:
        """What the forge and its settings know."""
        state, key = f"file://{self.place / 'state'}", (self.keys / "hosts").read_text("ascii")
        base = self.git("merge-base", "main", "change")
        return {
            "github.actor": "an",
            "github.event.pull_request.base.sha": base,
            "secrets.HAICAP_STATE_READ": state,
            "secrets.HAICAP_STATE_WRITE": state,
            "secrets.HAICAP_SSH_KEY": key,
            "GITLAB_USER_EMAIL": "an@x.vn",
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
            "HAICAP_STATE_READ": state,
            "HAICAP_STATE_WRITE": state,
            "HAICAP_SSH_KEY": str(self.keys / "hosts"),
        }


def _github(job: str) -> Any:
    document = yaml.safe_load((ROOT / "ci/github/haicap.yml").read_text("utf-8"))

    def scripts(repository: Repository) -> list[tuple[str, Mapping[str, str]]]:
        above = {**document["env"], **document["jobs"][job].get("env", {})}
        output = {"GITHUB_OUTPUT": str(repository.place / "output")}
        return [
            (step["run"], output | _filled({**above, **step.get("env", {})}, repository.values))
            for step in document["jobs"][job]["steps"]
            if "run" in step
        ]

    return scripts


def _gitlab(job: str) -> Any:
    document = yaml.safe_load((ROOT / "ci/gitlab/haicap.yml").read_text("utf-8"))

    def scripts(repository: Repository) -> list[tuple[str, Mapping[str, str]]]:
        values = repository.values
        given = {name: value for name, value in values.items() if "." not in name}
        above = {**document["variables"], **document[job]["variables"]}
        own = {name: values.get(text.removeprefix("$"), text) for name, text in above.items()}
        return [("\n".join(document[job]["script"]), {**given, **own})]

    return scripts


def _filled(variables: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    return {
        name: re.sub(r"\$\{\{ (.+?) \}\}", lambda found: values[found[1]], text) for name, text in variables.items()
    }


GITHUB = {job: _github(job) for job in ("plan", "apply")}
GITLAB = {job: _gitlab(job) for job in ("plan", "apply")}


@pytest.fixture(params=["github", "gitlab"])
def repository(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """The province on main, and on the branch `change` more staff, by an@."""
    for name in ("PULUMI_BACKEND_URL", "HAICAP_AUDIT", "HAICAP_KEY", "HAICAP_PRINCIPAL"):
        monkeypatch.delenv(name, raising=False)
    found = Repository(tmp_path, request.param)
    (tmp_path / "state").mkdir()
    found.keys.mkdir()
    for name in ("minh", "hosts"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", found.keys / name], check=True)
    folder = write_small(found.work)
    edit(folder / "province.yml", "\ndefaults:\n", "\nlimits: {holidays: false}\ndefaults:\n")
    edit(folder / "province.yml", '  server: {name: mail1, site: "data centre 1"}\n', "")
    (folder / "approvers.yml").write_text(
        APPROVERS.format(key=(found.keys / "minh.pub").read_text("ascii").strip()), "utf-8"
    )
    found.git("init", "-q", "-b", "main")
    haicap(found, "lock", "lam-dong")
    write_keys(
        Workspace.open(found.work, "lam-dong", "live").keys_file,
        {name: Keys("A" * 42 + "A=", "ssh-ed25519 AAAA") for name in HOSTS},
    )
    found.commit("The province")
    found.git("checkout", "-q", "-b", "change")
    edit(folder / "units.yml", "    staff: 38\n", "    staff: 60\n")
    haicap(found, "lock", "lam-dong")
    found.commit("More staff in Đức Trọng")
    return found


def haicap(repository: Repository, *words: str | Path, code: int = 0) -> None:
    done = subprocess.run([BIN / "haicap", *words], cwd=repository.work, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr


def approved(repository: Repository) -> None:
    """The plan job has run, and minh@ has put the approved plan on the branch."""
    runner = repository.checkout("planner", "change")
    planned = repository.run("plan", runner)
    assert planned.returncode == 0, planned.stdout + planned.stderr
    for name in (PLAN, "plan.html", "plan.md"):
        assert (runner / name).stat().st_size > 1000
    (repository.work / APPROVED).parent.mkdir(parents=True)
    (repository.work / APPROVED).write_bytes((runner / PLAN).read_bytes())
    haicap(repository, "approve", APPROVED, "--key", repository.keys / "minh", "--yes")
    repository.commit("Approved")


def test_what_is_approved_is_applied_by_the_merge_and_again(repository: Repository) -> None:
    approved(repository)
    plan = json.loads((repository.work / APPROVED).read_text("utf-8"))
    assert plan["made"]["authors"] == ["an@x.vn"]
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "--no-ff", "change")
    for _job_and_its_rerun in range(2):
        runner = repository.checkout("applier", "main")
        done = repository.run("apply", runner)
        assert "cannot reach hub1" in done.stderr, done.stdout + done.stderr
        assert done.returncode == 1
    log = [json.loads(line) for line in (runner / "inventories/lam-dong/audit/000001.jsonl").read_text().splitlines()]
    begun = [event["fields"] for event in log if event["kind"] == "apply-begun"]
    assert [fields["plan"] for fields in begun] == [plan["digest"]] * 2
    assert (repository.keys / "hosts").read_text("ascii") not in done.stdout + done.stderr


def test_a_squash_is_another_commit(repository: Repository) -> None:
    approved(repository)
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "--squash", "change")
    repository.commit("Squashed")
    done = repository.run("apply", repository.checkout("applier", "main"))
    assert done.returncode == 3
    assert "commit has moved since this plan was made" in done.stderr


def test_what_nobody_approved_is_not_applied(repository: Repository) -> None:
    approved(repository)
    Path(f"{repository.work / APPROVED}.approvals").unlink()
    repository.commit("No approval")
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "--no-ff", "change")
    runner = repository.checkout("applier", "main")
    done = repository.run("apply", runner)
    assert done.returncode == 3, done.stdout + done.stderr
    assert not (runner / "inventories/lam-dong/audit").exists()
