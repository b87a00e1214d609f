"""Apply, drift and destroy as a person meets them; the engine is played by a function."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from haicap.inspection.model import Inspection, Probe
from haicap.plan.model import Change, Difference, Plan
from haicap.stack.engine import Applied, Drift, Failure, StepEvent
from haicap.stack.record import log_of
from haicap.stack.workspace import Workspace
from tests.unit.stack.recorded import record


@pytest.fixture
def applied(enrolled: Path, monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """The plans that reach the engine. gw-24958 fails there."""
    import haicap.cli.run as module

    plans: list[Plan] = []

    def play(_ws: Workspace, plan: Plan, on_event, _approved_by=(), _left=None) -> Applied:
        plans.append(plan)
        for change in plan.changes:
            failed = change.resource == "gw-24958"
            told = (change.resource, change.unit, change.system, change.action)
            on_event(StepEvent(*told, "started"))
            on_event(StepEvent(*told, "failed" if failed else "done", "frr did not start" if failed else "", 3.2))
        failure = Failure("gw-24958", "24958", "gateway", "frr did not start", "Look at its journal.")
        return Applied(len(plan.changes) - 1, (failure,), 0)

    monkeypatch.setattr(module, "apply", play)
    return plans


def test_it_asks_only_on_a_terminal(run, applied):
    done = run("apply", "--unit", "24958", "--as-of", "2025-07-01")
    assert done.exit_code == 3
    assert "+ create gw-24958  Đức Trọng  gateway" in done.stdout
    assert done.stderr == "Nothing was done: there is no terminal to ask on. --yes says that it is not to ask.\n"
    assert applied == []


def test_steps_failures_and_what_to_run(run, applied):
    done = run("apply", "--unit", "24958", "--as-of", "2025-07-01", "--yes")
    assert done.exit_code == 1
    assert "✓ hub1 hub created 3.2 s\n" in done.stderr
    assert "✗ gw-24958 gateway create failed 3.2 s  Đức Trọng\n    frr did not start\n" in done.stderr
    assert done.stderr.endswith(
        "gw-24958 gateway: frr did not start\n    Look at its journal.\n"
        "Run `haicap apply lam-dong --unit 24958` again: it does only what is left.\n"
    )
    assert done.stdout.endswith("6 done, 1 failed, 0 not begun\n")


def test_json_is_alone_on_standard_output(run, applied):
    told = json.loads(run("apply", "--unit", "24958", "--yes", "--json").stdout)
    assert (told["done"], told["skipped"], told["plan"]) == (6, 0, applied[0].digest)
    assert told["failures"][0]["resource"] == "gw-24958"


def test_a_plan_file_is_done_exactly(run, applied, tmp_path):
    file = tmp_path / "plan.json"
    run("plan", "--unit", "24958", "--as-of", "2025-07-01", "-o", str(file))
    for words in ([str(file)], ["lam-dong", str(file)]):
        assert run("apply", *words).exit_code == 1
    assert [plan.digest for plan in applied] == [json.loads(file.read_text())["digest"]] * 2


def test_a_plan_file_that_is_stale_is_refused(run, applied, enrolled, tmp_path):
    file = tmp_path / "plan.json"
    run("plan", "--as-of", "2025-07-01", "-o", str(file))
    units = enrolled / "inventories/lam-dong/units.yml"
    units.write_text(units.read_text("utf-8").replace("printer-1", "printer-9", 1), "utf-8")
    run("lock")
    done = run("apply", str(file))
    assert done.exit_code == 3
    assert f"{file}: inventory and locks have moved since this plan was made" in done.stderr
    assert applied == []


def test_a_plan_file_that_failed_in_part_is_done_again(run, applied, tmp_path):
    file = tmp_path / "plan.json"
    run("plan", "--unit", "24958", "--as-of", "2025-07-01", "-o", str(file))
    done = run("apply", str(file))
    next_step = f"Run `haicap apply {file}` again: it does only what is left."
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (1, next_step)


def test_a_plan_file_that_was_altered_is_refused(run, applied, tmp_path):
    file = tmp_path / "plan.json"
    run("plan", "--as-of", "2025-07-01", "-o", str(file))
    file.write_text(file.read_text("utf-8").replace("hub1", "hub2"), "utf-8")
    assert run("apply", str(file)).exit_code == 3
    assert applied == []


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": "haicap.plan/2"}', "\udcff"])
def test_a_file_that_is_no_plan(run, tmp_path, text):
    file = tmp_path / "plan.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    done = run("apply", str(file))
    assert done.exit_code == 1
    assert done.stderr.startswith(f"{file}: ")


@pytest.mark.parametrize("words", [["--unit", "24958"], ["--wave", "pilot"], ["--as-of", "2025-07-01"]])
def test_nothing_may_contradict_a_plan_file(run, tmp_path, words):
    file = tmp_path / "plan.json"
    file.write_text("{}")
    done = run("apply", str(file), *words)
    assert done.exit_code == 1
    assert f"{words[0]} has no place beside a plan file: the plan says it." in done.stderr


def test_drift_is_shown_to_the_line(run, enrolled, monkeypatch):
    import haicap.cli.drift as module

    path = ("files", "/etc/nftables.conf")
    difference = Difference(path, "a\nb\n", "a\nb\n# by hand\n")
    change = Change("24958", "gateway", "gw-24958", "update", "sha256:0", (difference,))
    monkeypatch.setattr(module, "find_drift", lambda _ws, _units, _on_event: Drift((change,), ()))
    done = run("drift", "--unit", "24958")
    assert done.exit_code == 2
    assert done.stdout == (
        "~ drifted gw-24958  Đức Trọng  gateway\n    /etc/nftables.conf\n      @@ -2 +2,2 @@\n       b\n"
        "      +# by hand\n\n1 resource drifted\n"
    )
    assert json.loads(run("drift", "--json").stdout)["changes"][0]["resource"] == "gw-24958"
    monkeypatch.setattr(module, "find_drift", lambda _ws, _units, _on_event: Drift((), ()))
    assert run("drift").exit_code == 0
    unknown = Failure("gw-24823", "24823", "gateway", "cannot reach gw-24823", "")
    monkeypatch.setattr(module, "find_drift", lambda _ws, _units, _on_event: Drift((change,), (unknown,)))
    done = run("drift")
    assert done.exit_code == 1
    assert "1 resource drifted" in done.stdout
    assert "gw-24823 gateway: cannot reach gw-24823\n1 resource could not be looked at" in done.stderr


def test_a_reader_that_goes_away_is_no_traceback(locked):
    read, write = os.pipe()
    os.close(read)
    program = [sys.executable, "-c", "from haicap.cli import main; main()", "-C", str(locked), "show"]
    with os.fdopen(write) as gone:
        done = subprocess.run(program, stdout=gone, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_destroy_is_logged_before_it_is_done(run, applied, enrolled):
    ws = Workspace.open(enrolled, "lam-dong", "live")
    record(ws, date(2025, 7, 1))
    announced = ("--override", "notice", "--reason", "the unit has moved out")
    run("destroy", "--unit", "24958", "--as-of", "2025-07-01", "--yes", *announced)
    [event] = log_of(ws).events()
    assert (event.kind, event.fields) == ("destroy", {"plan": applied[0].digest, "units": ["24958"]})


@pytest.mark.parametrize("systems", [[], ["dns"]])
def test_an_inspection_is_logged(run, enrolled, monkeypatch, systems):
    found = Inspection((Probe("24958", "gw-24958", "dns", "answers", "failed", "an answer", "none", 0.1),))
    monkeypatch.setattr("haicap.cli.inspect.inspect", lambda *_words, **_options: found)
    chosen = [word for system in systems for word in ("--system", system)]
    done = run("inspect", "--unit", "24958", "--as-of", "2025-07-01", "--json", *chosen)
    [event] = log_of(Workspace.open(enrolled, "lam-dong", "live")).events()
    assert done.exit_code == 2
    assert event.fields["digest"] == json.loads(done.stdout)["digest"]
    assert (event.fields["units"], event.fields["systems"]) == ({"24958": "failed"}, systems)
