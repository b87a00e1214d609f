"""`haicap report`, and what `haicap check` hands to code scanning."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from haicap.cli import main
from haicap.plan.model import dump
from tests.unit.cli.conftest import Run
from tests.unit.report.samples import file_change, plan


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A plan's file."""
    path = tmp_path / "plan.json"
    path.write_text(dump(plan(file_change()).to_json()), encoding="utf-8")
    return path


def _run(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["report", *map(str, words)])


def test_markdown_goes_to_standard_output(file: Path):
    done = _run(file)
    assert done.exit_code == 0
    assert done.stdout.startswith("### Plan: lam-dong, live, 2025-07-01\n")


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("report.html", "<!doctype html>"),
        ("report.md", "### Plan"),
        ("report.csv", "unit,name,system"),
        ("report.xml", "<testsuites"),
        ("report.sarif", '{\n  "$schema"'),
        ("report.JSON", '{"format": "haicap.report/1"'),
    ],
)
def test_the_form_follows_the_name(file: Path, tmp_path: Path, name: str, begins: str):
    done = _run(file, "-o", tmp_path / "build" / name)
    assert (done.exit_code, done.stdout) == (0, "")
    assert (tmp_path / "build" / name).read_text("utf-8").lstrip("\n").startswith(begins)


def test_a_name_that_says_no_form(file: Path, tmp_path: Path):
    done = _run(file, "-o", tmp_path / "report.pdf")
    assert done.exit_code == 1
    assert 'a report has no form ".pdf"; the name ends with one of .csv, .html' in done.stderr


def test_the_limit_of_a_comment(file: Path):
    assert len(_run(file, "--limit", "2000").stdout) <= 2000


def test_an_altered_plan_is_refused(file: Path):
    file.write_text(file.read_text("utf-8").replace("two", "tow"), encoding="utf-8")
    done = _run(file)
    assert (done.exit_code, done.stdout) == (3, "")
    assert "was altered after it was made" in done.stderr


def test_json_for_programs(file: Path, tmp_path: Path):
    done = _run(file, "--json", "-o", tmp_path / "report.html")
    assert json.loads(done.stdout)["kind"] == "plan"
    assert (tmp_path / "report.html").exists()


def test_check_writes_its_findings_as_sarif(folder: Path, run: Run):
    units = folder / "inventories" / "lam-dong" / "units.yml"
    units.write_text(units.read_text("utf-8").replace("staff: ", "staff: -", 1), encoding="utf-8")
    out = folder / "build" / "findings.sarif"
    assert run("check", "--sarif", str(out)).exit_code == 1
    (result,) = json.loads(out.read_text("utf-8"))["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "inventories/lam-dong/units.yml"
    assert "staff: -" in units.read_text("utf-8").splitlines()[place["region"]["startLine"] - 1]


def test_check_without_a_finding_writes_sarif_without_a_result(folder: Path, run: Run):
    out = folder / "findings.sarif"
    assert run("check", "--sarif", str(out)).exit_code == 0
    assert json.loads(out.read_text("utf-8"))["runs"][0]["results"] == []
