"""Limits as a person meets them: what is shown, what is refused before anything is written, and how to go on."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from haicap.plan.model import Plan
from haicap.stack.engine import Applied, Failure
from haicap.stack.workspace import Workspace
from tests.unit.stack.recorded import record

DAY = "2026-09-10"
REASON = ("--override", "deletes.gateway", "--reason", "the unit moved out")
Write = Callable[[str], None]


@pytest.fixture
def limits(enrolled: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write `limits` of province.yml, when everything that is enrolled is recorded."""
    monkeypatch.setattr("haicap.stack.limits.today", lambda: date.fromisoformat(DAY))
    record(Workspace.open(enrolled, "lam-dong", "live"), date.fromisoformat(DAY))
    province = enrolled / "inventories/lam-dong/province.yml"
    text = province.read_text("utf-8")
    return lambda words: province.write_text(f"{text}\nlimits: {words}\n", "utf-8") and None


@pytest.fixture
def applied(limits: Write, monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """The plans that reach the engine."""
    plans: list[Plan] = []

    def play(_ws: Workspace, plan: Plan, _on_event: object, *_more: object) -> Applied:
        plans.append(plan)
        return Applied(len(plan.changes), (), 0)

    monkeypatch.setattr("haicap.cli.run.apply", play)
    return plans


NO_GATEWAY = "{notice_days: 0, by_system: {gateway: {deletes: {at_most: 0, percent: 0}}}}"
DESTROY = ("destroy", "--unit", "24958", "--as-of", DAY, "--yes")


def test_it_is_refused_before_anything_is_written(run, limits, applied):
    limits(NO_GATEWAY)
    done = run(*DESTROY)
    assert done.exit_code == 3
    assert done.stdout.endswith(
        "Limits that this plan does not keep: 1\n"
        "  refused  deletes.gateway: 1 of 1 gateway resources are deleted (100 %): more than 0, and more than 0 %.\n"
        "    Do it in parts, with --unit or --wave; if it is meant, say `--override deletes.gateway --reason TEXT`.\n\n"
        + "\n".join(done.stdout.splitlines()[-2:])
        + "\n"
    )
    assert done.stderr == (
        "Nothing was done: this plan does not keep its limits.\n"
        "  deletes.gateway: 1 of 1 gateway resources are deleted (100 %): more than 0, and more than 0 %.\n"
        "    Do it in parts, with --unit or --wave; if it is meant, say `--override deletes.gateway --reason TEXT`.\n"
    )
    assert applied == []


def test_an_override_is_part_of_the_plan(run, limits, applied):
    limits(NO_GATEWAY)
    done = run(*DESTROY, *REASON)
    assert done.exit_code == 0
    assert "  overridden  deletes.gateway: 1 of 1 gateway" in done.stdout
    assert "\n    because: the unit moved out\n" in done.stdout
    assert [(one.limit, one.reason) for one in applied[0].overrides] == [("deletes.gateway", "the unit moved out")]


def test_an_outage_is_announced_before_a_unit_is_taken_away(run, limits, applied):
    limits("{}")
    done = run(*DESTROY)
    assert done.exit_code == 3
    assert (
        "notice: 2 changes interrupt users: dns-24958 (delete), gw-24958 (delete); no announcement for" in done.stderr
    )
    limits(f"{{announced: [{{day: {DAY}, published: 2026-08-03, reference: '12/TB'}}]}}")
    assert run(*DESTROY).exit_code == 0


def _withdrawn(folder: Path) -> None:
    """The unit leaves its DNS stage: its records are deleted by the next plan."""
    units = folder / "inventories/lam-dong/units.yml"
    head, name, rest = units.read_text("utf-8").partition('  - code: "24958"\n')
    own = "    overrides: {calendar: {dns: {prepare: 2025-05-15, live: 2025-06-20, retired: 2025-07-01}}}\n"
    units.write_text(head + name + own + rest, "utf-8")


NO_RECORDS = "{notice_days: 0, by_system: {dns: {deletes: {at_most: 0, percent: 0}}}}"
RECORDS = ("--override", "deletes.dns", "--reason", "the unit moved out")


@pytest.fixture
def withdrawn(limits: Write, enrolled: Path, run) -> None:
    """A plan that deletes one unit's records, which is one too many."""
    _withdrawn(enrolled)
    limits(NO_RECORDS)


@pytest.mark.usefixtures("withdrawn")
def test_a_plan_that_is_refused_is_shown_and_written_all_the_same(run, applied, tmp_path):
    file = tmp_path / "plan.json"
    done = run("plan", "--as-of", DAY, "-o", str(file))
    assert done.exit_code == 3
    assert "  refused  deletes.dns: 1 of " in done.stdout
    assert done.stderr == f"wrote {file}; apply will refuse it: it does not keep 1 limit.\n"
    written = json.loads(file.read_text())
    assert [(one["limit"], one["severity"]) for one in written["breaches"]] == [("deletes.dns", "refuse")]
    done = run("apply", str(file))
    assert done.exit_code == 3
    assert done.stderr.startswith(f"{file}: Nothing was done: this plan does not keep its limits.\n  deletes.dns: ")
    assert applied == []


@pytest.mark.usefixtures("withdrawn")
def test_what_a_file_overrides_holds_and_nothing_else_does(run, applied, tmp_path):
    file = tmp_path / "plan.json"
    done = run("plan", "--as-of", DAY, "-o", str(file), *RECORDS)
    assert (done.exit_code, done.stderr) == (2, f"wrote {file}; `haicap apply lam-dong {file}` does it.\n")
    assert "--override has no place beside a plan file" in run("apply", str(file), *RECORDS).stderr
    assert run("apply", str(file)).exit_code == 0
    assert applied[0].digest == json.loads(file.read_text())["digest"]


@pytest.mark.usefixtures("withdrawn")
def test_limits_are_held_again_on_the_day_of_the_apply(run, applied, tmp_path, monkeypatch):
    monkeypatch.setattr("haicap.plan.times.holiday", lambda day: "Tet" if day == date(2026, 9, 11) else "")
    file = tmp_path / "plan.json"
    assert run("plan", "--as-of", DAY, "-o", str(file), *RECORDS).exit_code == 2
    monkeypatch.setattr("haicap.stack.limits.today", lambda: date(2026, 9, 11))
    done = run("apply", str(file))
    assert done.exit_code == 3
    assert "  holidays: 2026-09-11 is a public holiday: Tet.\n" in done.stderr
    assert applied == []


@pytest.mark.usefixtures("withdrawn")
def test_a_plan_is_held_against_the_day_that_it_is_made_for(run, monkeypatch):
    monkeypatch.setattr("haicap.plan.times.holiday", lambda day: "Tet" if day == date(2026, 9, 11) else "")
    assert run("plan", "--as-of", DAY, *RECORDS).exit_code == 2
    assert run("plan", "--as-of", "2026-09-11", *RECORDS).exit_code == 3
    assert run("plan", "--as-of", "2025-09-11", *RECORDS).exit_code == 2  # it would be done today


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--override", "deletes"), "Each --override LIMIT has one --reason TEXT; say why the limit may be exceeded."),
        (("--reason", "because it is so"), "Each --override LIMIT has one --reason TEXT"),
        (("--override", "units", "--reason", "why not"), "--override units: the reason is part of what is approved;"),
        (("--override", "delete", "--reason", "because it is so"), 'There is no limit "delete". There are: deletes.'),
        ((*RECORDS, *RECORDS), "deletes.dns is overridden twice; say it once."),
    ],
)
@pytest.mark.parametrize("verb", [("plan",), ("apply", "--yes"), DESTROY])
def test_an_override_that_can_not_be_meant(run, applied, verb, words, said):
    done = run(*verb, *words)
    assert done.exit_code == 1
    assert done.stderr.startswith(said)
    assert applied == []


def test_the_next_run_overrides_the_same(run, limits, monkeypatch):
    limits(NO_GATEWAY)
    failure = Failure("gw-24958", "24958", "gateway", "no answer", "")
    monkeypatch.setattr("haicap.cli.run.apply", lambda *_words: Applied(0, (failure,), 1))
    done = run(*DESTROY, *REASON)
    again = "haicap destroy lam-dong --unit 24958 --override deletes.gateway --reason 'the unit moved out'"
    assert f"Run `{again}` again" in done.stderr


def test_too_many_failures_are_said(run, limits, monkeypatch):
    limits("{notice_days: 0}")
    failure = Failure("gw-24958", "24958", "gateway", "no answer", "")
    halted = Applied(0, (failure,), 1, halted="1 failed, which is as many as limits.failures allows")
    monkeypatch.setattr("haicap.cli.run.apply", lambda *_words: halted)
    done = run(*DESTROY)
    assert done.exit_code == 1
    assert done.stdout.endswith("Stopped: 0 done, 1 failed, 1 not begun\n")
    assert "as limits.failures allows: nothing new was begun." in done.stderr
    assert json.loads(run(*DESTROY, "--json").stdout)["halted"].startswith("1 failed")


POLICY = """\
from haicap.policy import policy


@policy("records-stay", next_step="Ask the registry.")
def records_stay(plan, design):
    known = {unit.code for unit in design.units}
    for change in plan.changes:
        if change.system == "dns" and change.action == "delete" and change.unit in known:
            yield f"{change.resource} goes"
"""


@pytest.mark.usefixtures("withdrawn")
def test_a_province_has_rules_of_its_own(run, applied, enrolled):
    folder = enrolled / "inventories/lam-dong/policies"
    folder.mkdir()
    (folder / "own.py").write_text(POLICY)
    done = run("plan", "--as-of", DAY, *RECORDS)
    assert done.exit_code == 3
    assert "  refused  policy.records-stay: dns-24958 goes\n    Ask the registry; if it is meant, say" in done.stdout
    own = ("--override", "policy.records-stay", "--reason", "the registry agrees")
    assert run("plan", "--as-of", DAY, *RECORDS, *own).exit_code == 2


def test_policies_are_part_of_what_a_plan_is_made_from(run, enrolled, applied, tmp_path):
    file = tmp_path / "plan.json"
    run("plan", "--unit", "24958", "--as-of", DAY, "-o", str(file))
    folder = enrolled / "inventories/lam-dong/policies"
    folder.mkdir()
    (folder / "own.py").write_text(POLICY)
    done = run("apply", str(file))
    assert done.exit_code == 3
    assert "policies has moved since this plan was made" in done.stderr


def test_check_loads_policies(run, enrolled):
    folder = enrolled / "inventories/lam-dong/policies"
    folder.mkdir()
    (folder / "own.py").write_text(POLICY)
    assert run("check").exit_code == 0
    (folder / "own.py").write_text("import nothing_like_this\n")
    done = run("check")
    assert done.exit_code == 1
    assert done.stderr.startswith("inventories/lam-dong/policies/own.py:1\n  it can't be loaded: ModuleNotFoundError")
    assert done.stdout == "lam-dong: 1 finding\n"
    units = enrolled / "inventories/lam-dong/units.yml"
    units.write_text(units.read_text("utf-8").replace('code: "24958"', "code: 24958", 1), "utf-8")
    assert {one["rule"] for one in json.loads(run("check", "--json").stdout)["provinces"][0]["findings"]} >= {
        "policy-broken",
        "yaml-number",
    }
