"""A plan file whose apply stopped half way goes on, and only then. The engine is played; its state and log are real."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from haicap.plan.applied import Failure
from haicap.plan.model import Plan
from haicap.stack import engine
from haicap.stack.engine import Applied, StepEvent
from haicap.stack.record import log_of
from haicap.stack.workspace import Workspace
from tests.unit.cli.conftest import Run
from tests.unit.stack.recorded import record

DAY, OFF = date(2025, 7, 1), "gw-24958"


class Killed(BaseException):
    """What nobody catches."""


class Hosts:
    """`off` is the resource that fails, `gone` those that do not stand after a run, `killed` whether it ends before
    anybody is told."""

    def __init__(self, ws: Workspace) -> None:
        self.ws, self.off, self.killed = ws, OFF, False
        self.gone: set[str] | None = None
        self.runs: list[list[str]] = []

    def do(self, _ws: Workspace, plan: Plan, _state: object, on_event) -> Applied:
        """What the engine would do."""
        self.runs.append([change.resource for change in plan.changes])
        record(self.ws, DAY, without=[self.off] if self.gone is None else self.gone)
        if self.killed:
            raise Killed
        failures = []
        for change in plan.changes:
            failed = change.resource == self.off
            event = (change.resource, change.unit, change.system, change.action, "failed" if failed else "done")
            on_event(StepEvent(*event))
            if failed:
                failures.append(Failure(change.resource, change.unit, change.system, "it is off", ""))
        return Applied(len(plan.changes) - len(failures), tuple(failures), 0)


@pytest.fixture
def hosts(enrolled: Path, monkeypatch: pytest.MonkeyPatch) -> Hosts:
    hosts = Hosts(Workspace.open(enrolled, "lam-dong", "live"))
    monkeypatch.setattr(engine, "_do", hosts.do)
    return hosts


@pytest.fixture
def file(run: Run, tmp_path: Path) -> Path:
    path = tmp_path / "plan.json"
    run("plan", "--unit", "24958", "--as-of", "2025-07-01", "-o", str(path))
    return path


def test_what_is_left_is_done_and_the_result_is_of_the_whole_plan(run, hosts, file, tmp_path):
    assert run("apply", str(file)).exit_code == 1
    hosts.off, result = "", tmp_path / "applied.json"
    done = run("apply", str(file), "-o", str(result))
    whole = json.loads(file.read_text())
    names = {change["resource"] for change in whole["changes"]}
    assert done.exit_code == 0, done.stderr
    assert f"{len(names) - 1} of {len(names)} changes were done before.\n" in done.stderr
    assert (set(hosts.runs[0]), hosts.runs[1]) == (names, [OFF])
    told = json.loads(result.read_text())
    assert [told[key] for key in ("plan", "done", "failed", "skipped")] == [whole["digest"], len(names), 0, 0]
    assert told["units"] == {"24958": {"done": 2, "failed": 0}}


def test_the_log_tells_both_runs_apart(run, hosts, file):
    run("apply", str(file))
    hosts.off = ""
    run("apply", str(file))
    _, *events = log_of(hosts.ws).events()
    whole = len(hosts.runs[0])
    assert [event.kind for event in events] == ["apply-begun", "apply-ended"] * 2
    assert [event.fields["left"] for event in events[::2]] == [whole, 1]
    assert len({event.fields["plan"] for event in events}) == 1
    assert events[3].fields["before"] == {"24958": 1, "shared": whole - 2}
    assert events[3].fields["units"] == {"24958": {"done": 1, "failed": 0}}
    assert "1 of them left" in run("log").stdout and f"{whole - 1} done before" in run("log").stdout


def test_one_that_was_killed_goes_on(run, hosts, file):
    hosts.killed = True
    with pytest.raises(Killed):
        run("apply", str(file))
    segment = hosts.ws.audit / "000001.jsonl"
    *lines, ended = segment.read_bytes().splitlines(keepends=True)
    assert b"apply-ended" in ended
    segment.write_bytes(b"".join(lines))
    hosts.killed, hosts.off = False, ""
    done = run("apply", str(file))
    assert (done.exit_code, hosts.runs[1]) == (0, [OFF])


def test_one_that_was_done_wholly_is_over(run, hosts, file):
    hosts.off = ""
    run("apply", str(file))
    done = run("apply", str(file))
    assert done.exit_code == 3
    assert f"{file}: this plan was applied before, all of it, at " in done.stderr
    assert len(hosts.runs) == 1


def test_it_is_over_once_another_was_applied(run, hosts, file):
    run("apply", str(file))
    assert run("apply", "--unit", "24958", "--as-of", "2025-07-01", "--yes").exit_code == 1
    done = run("apply", str(file))
    assert (done.exit_code, len(hosts.runs)) == (3, 2)
    assert f"{file}: state has moved since this plan was made" in done.stderr


def test_it_is_over_once_the_inventory_has_moved(run, hosts, file, enrolled):
    run("apply", str(file))
    units = enrolled / "inventories/lam-dong/units.yml"
    units.write_text(units.read_text("utf-8").replace("printer-1", "printer-9", 1), "utf-8")
    run("lock")
    done = run("apply", str(file))
    assert (done.exit_code, len(hosts.runs)) == (3, 1)
    assert "inventory and locks and state have moved" in done.stderr


def test_a_destroy_goes_on(run, hosts, tmp_path):
    record(hosts.ws, DAY)
    file = tmp_path / "destroy.json"
    announced = ("--override", "notice", "--reason", "the unit has moved out")
    made = run("destroy", "--unit", "24958", "--as-of", "2025-07-01", "-o", str(file), *announced)
    assert made.exit_code == 2, made.stderr
    hosts.gone = {"dns-24958"}
    assert run("apply", str(file)).exit_code == 1
    hosts.off, hosts.gone = "", {"dns-24958", OFF}
    done = run("apply", str(file))
    assert done.exit_code == 0, done.stderr
    assert (set(hosts.runs[0]), hosts.runs[1]) == ({"dns-24958", OFF}, [OFF])
