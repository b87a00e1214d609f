"""The CI templates pass their own linters, give each job no more than it needs, and hold commands that haicap takes."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from haicap.cli import main

ROOT = Path(__file__).parents[2]
GITHUB, GITLAB = ROOT / "ci/github/haicap.yml", ROOT / "ci/gitlab/haicap.yml"
BIN = Path(sys.executable).parent


def lint(*words: str | Path) -> None:
    done = subprocess.run([BIN / words[0], *words[1:]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("schema", "file"), [("vendor.github-workflows", GITHUB), ("vendor.gitlab-ci", GITLAB)])
def test_the_schema(schema, file):
    lint("check-jsonschema", "--builtin-schema", schema, file)


def test_zizmor():
    lint("zizmor", "--offline", "--no-progress", "--persona", "pedantic", GITHUB)


def test_only_the_comment_writes_and_it_checks_nothing_out():
    jobs = yaml.safe_load(GITHUB.read_text("utf-8"))["jobs"]
    writing = {name for name, job in jobs.items() if "write" in job["permissions"].values()}
    assert writing == {"comment"}
    assert not any("checkout" in step.get("uses", "") for step in jobs["comment"]["steps"])


@pytest.mark.parametrize("file", [GITHUB, GITLAB])
def test_what_plans_has_no_key_and_what_applies_asks_for_approval(file):
    document = yaml.safe_load(file.read_text("utf-8"))
    jobs = document.get("jobs", document)
    assert not re.search("SSH|STATE_WRITE", str(jobs["plan"]))
    assert "'HAICAP_REQUIRE_APPROVAL': '1'" in str(jobs["apply"])


def commands(file: Path) -> Iterator[list[str]]:
    for line in re.findall(r"haicap [a-z].*", re.sub(r"(?m)^\s*#.*$", "", file.read_text("utf-8"))):
        if " -- " not in line and not line.startswith("haicap -"):
            yield shlex.split(re.split(r" (?:>|\|\|)", line)[0])[1:]


@pytest.mark.parametrize("words", [*commands(GITHUB), *commands(GITLAB)], ids=" ".join)
def test_commands(words, tmp_path, monkeypatch):
    """Each verb with its options is there; a file that it reads may be missing."""
    monkeypatch.chdir(tmp_path)
    plan = tmp_path / "plan.json"
    plan.write_text("{}")
    given = [str(plan) if word.endswith("plan.json") else word for word in words]
    name, command, rest = main.resolve_command(click.Context(main), given)
    assert command is not None
    command.make_context(name, rest, obj=tmp_path)
