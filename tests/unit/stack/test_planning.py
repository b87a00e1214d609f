"""Planning against a recorded state: exact consequences, waiting units, selections; no engine and no network."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from haicap.addressing.lockfile import write_keys, write_locks
from haicap.addressing.model import Keys
from haicap.addressing.planner import plan_locks
from haicap.errors import HaicapError
from haicap.plan.selection import Selection
from haicap.stack.planning import make_plan, plan_destroy
from haicap.stack.state import PROJECT, read_state
from haicap.stack.workspace import Workspace
from tests.unit.stack.recorded import record

DAY = date(2025, 7, 1)
ROOT = Path(__file__).parents[3]
HOSTS = ("hub1", "hub2", "dns1", "dns2", "gw-24829", "gw-24958")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    folder = tmp_path / "inventories" / "lam-dong"
    folder.mkdir(parents=True)
    for name in ("province.yml", "units.yml"):
        shutil.copy(ROOT / "inventories" / "lam-dong" / name, folder / name)
    first = Workspace.open(tmp_path, "lam-dong")
    write_locks(folder, plan_locks(first.inventory, first.locks, DAY).locks)
    write_keys(
        first.keys_file, {name: Keys(name.replace("-", "").rjust(43, "A") + "=", "ssh-ed25519 AAAA") for name in HOSTS}
    )
    return Workspace.open(tmp_path, "lam-dong")


def test_a_unit_that_is_not_enrolled_waits_and_stops_nobody(workspace: Workspace) -> None:
    plan = make_plan(workspace, DAY)
    assert plan.summary == {"create": 9, "update": 0, "replace": 0, "delete": 0, "unchanged": 0}
    assert len(plan.waiting) == 125
    *servers, gateway = plan.waiting[:4]
    assert [server.host for server in servers] == ["mail1", "hv1", "hv2"]
    assert {server.next_step for server in servers} == {"haicap enrol lam-dong"}
    assert gateway.next_step == f"haicap enrol lam-dong --unit {gateway.unit}"


@pytest.mark.parametrize(
    ("dkim", "reason"),
    [({}, "its signing key h1 is not enrolled"), ({"h1": "A" * 392}, "have certificates/mail1.csr signed")],
)
def test_an_enrolled_mail_server_waits_for_its_papers(workspace: Workspace, dkim: dict[str, str], reason: str) -> None:
    keys = {"mail1": Keys("mail1".rjust(43, "A") + "=", "ssh-ed25519 AAAA", dkim)}
    write_keys(workspace.keys_file, {**workspace.locks.keys, **keys})
    again = Workspace.open(workspace.directory, "lam-dong")
    [server] = [wait for wait in make_plan(again, DAY).waiting if wait.host == "mail1"]
    assert server.next_step == "haicap enrol lam-dong"
    assert server.reason.endswith(reason)


def test_what_is_recorded_is_not_planned_again(workspace: Workspace) -> None:
    record(workspace, DAY)
    assert make_plan(workspace, DAY).changes == ()


def test_the_same_inputs_give_the_same_bytes(workspace: Workspace) -> None:
    again = Workspace.open(workspace.directory, "lam-dong")
    assert json.dumps(make_plan(workspace, DAY).to_json()) == json.dumps(make_plan(again, DAY).to_json())


def test_before_the_first_stage_nothing_of_a_unit_stands(workspace: Workspace) -> None:
    record(workspace, DAY)
    deleted = {c.resource for c in make_plan(workspace, date(2025, 1, 1)).changes if c.action == "delete"}
    assert deleted == {"gw-24829", "gw-24958", "dns-24829", "dns-24958"}


def test_a_selection_holds_its_units_and_what_they_stand_on(workspace: Workspace) -> None:
    chosen = {
        change.resource for change in make_plan(workspace, DAY, Selection(frozenset({"24829"}), frozenset())).changes
    }
    assert chosen == {"hub1", "hub2", "dns1", "dns2", "zones", "gw-24829", "dns-24829"}


def test_destroying_takes_one_units_resources_and_says_so_when_there_are_none(workspace: Workspace) -> None:
    record(workspace, DAY)
    plan = plan_destroy(workspace, DAY, frozenset({"24829"}))
    assert {(change.resource, change.action) for change in plan.changes} == {
        ("gw-24829", "delete"),
        ("dns-24829", "delete"),
    }
    with pytest.raises(HaicapError, match="Nothing is recorded of 22918"):
        plan_destroy(workspace, DAY, frozenset({"22918"}))
    half = plan_destroy(workspace, DAY, frozenset({"22918", "24829"}))
    assert half.changes == plan.changes, "the one that is gone already is not missed"


def test_a_damaged_state_is_said_and_not_taken_for_empty(workspace: Workspace) -> None:
    record(workspace, DAY)
    path = workspace.state_folder / ".pulumi" / "stacks" / PROJECT / f"{workspace.stack_name}.json"
    path.write_text(path.read_text(encoding="utf-8")[:100], encoding="utf-8")
    with pytest.raises(HaicapError, match="recorded state can't be read"):
        read_state(workspace)
