"""What limits need to know is gathered from inventory, state and policies: plans of a whole province against them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from haicap.addressing.lockfile import write_keys, write_locks
from haicap.addressing.model import Keys
from haicap.addressing.planner import plan_locks
from haicap.audit import Log
from haicap.plan.model import Breach, Override
from haicap.plan.selection import Selection
from haicap.stack.planning import make_plan, plan_unlimited
from haicap.stack.state import PROJECT
from haicap.stack.workspace import Workspace
from tests.unit.stack.recorded import record

DAY = date(2026, 9, 10)
ROOT = Path(__file__).parents[3]
PILOT, MAIN = "24958", "22918"
HOSTS = ("hub1", "hub2", "dns1", "dns2", f"gw-{PILOT}", f"gw-{MAIN}")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lâm Đồng with two enrolled units, one of each wave; it is the day."""
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    monkeypatch.setattr("haicap.stack.limits.today", lambda: DAY)
    folder = tmp_path / "inventories" / "lam-dong"
    folder.mkdir(parents=True)
    for name in ("province.yml", "units.yml"):
        (folder / name).write_bytes((ROOT / "inventories/lam-dong" / name).read_bytes())
    first = Workspace.open(tmp_path, "lam-dong", "live")
    assert {unit.code: unit.wave for unit in first.inventory.units if unit.code in (PILOT, MAIN)} == {
        PILOT: "pilot",
        MAIN: "main",
    }
    write_locks(folder, plan_locks(first.inventory, first.locks, DAY).locks)
    keys = {name: Keys(name.replace("-", "").rjust(43, "A") + "=", "ssh-ed25519 AAAA") for name in HOSTS}
    write_keys(first.keys_file, keys)
    return folder


def workspace(folder: Path) -> Workspace:
    return Workspace.open(folder.parents[1], "lam-dong", "live")


def breaches(folder: Path, *units: str) -> dict[str, Breach]:
    """What a plan does not keep, by limit."""
    chosen = Selection(frozenset(units) if units else None)
    return {one.limit: one for one in make_plan(workspace(folder), DAY, chosen).breaches}


def edit(folder: Path, old: str, new: str, name: str = "province.yml") -> None:
    path = folder / name
    text = path.read_text("utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), "utf-8")


def test_the_first_apply_of_a_wave_into_nothing_keeps_every_limit(folder: Path) -> None:
    assert breaches(folder, PILOT) == {}
    assert breaches(folder, MAIN) == {}
    assert list(breaches(folder)) == ["waves"]


def test_a_wave_that_stands_and_was_never_inspected_holds_up_the_next(folder: Path) -> None:
    record(workspace(folder), DAY)
    edit(folder, "{vlan: 60, hosts_per_staff: 1.0", "{vlan: 61, hosts_per_staff: 1.0")
    assert breaches(folder, PILOT) == {}
    assert "24958 (never inspected)" in breaches(folder, MAIN)["waves"].message


def test_the_log_proves_what_was_inspected_after_it_was_applied(folder: Path) -> None:
    record(workspace(folder), DAY)
    edit(folder, "{vlan: 60, hosts_per_staff: 1.0", "{vlan: 61, hosts_per_staff: 1.0")
    log = Log.open(workspace(folder).audit)
    begun = log.append("apply-begun", units={PILOT: 2}, plan="sha256:0")
    log.append("inspection", units={PILOT: "passed"}, systems=[])
    assert breaches(folder, MAIN) == {}
    log.append("apply-ended", units={PILOT: {"done": 2, "failed": 0}}, plan="sha256:0", begun=begun.seq)
    assert "24958 (applied since its last inspection)" in breaches(folder, MAIN)["waves"].message
    log.append("inspection", units={PILOT: "failed"}, systems=["dns"])
    assert "24958 (its last inspection: failed)" in breaches(folder, MAIN)["waves"].message
    log.append("inspection", units={PILOT: "passed"}, systems=[])
    assert breaches(folder, MAIN) == {}
    log.append("apply-begun", units={PILOT: 2}, plan="sha256:1")  # it was killed: nobody knows what it did
    assert "24958 (applied since its last inspection)" in breaches(folder, MAIN)["waves"].message


def test_a_server_that_leaves_the_inventory_is_protected(folder: Path) -> None:
    record(workspace(folder), DAY)
    edit(folder, '  - {name: dns2, kind: secondary, site: "data centre 2"}\n', "")
    now = workspace(folder)
    write_locks(folder, plan_locks(now.inventory, now.locks, DAY).locks)
    found = breaches(folder)
    assert found["protected"].message == "1 protected: dns2 (delete)."
    assert "dns2 (delete)" in found["notice"].message


def test_records_that_vanish_from_a_zone_are_counted_against_those_that_are_recorded(folder: Path) -> None:
    record(workspace(folder), DAY)
    path = folder / f".state/.pulumi/stacks/{PROJECT}/lam-dong.json"
    document = json.loads(path.read_text("utf-8"))
    [one] = [r for r in document["checkpoint"]["latest"]["resources"] if r["urn"].endswith(f"::dns-{PILOT}")]
    for inputs in (one["inputs"], one["outputs"]):
        zone = next(iter(inputs["zones"].values()))
        zone |= {f"old-{n} A": {"ttl": 60, "records": ["192.0.2.1"]} for n in range(60)}
    path.write_text(json.dumps(document), "utf-8")
    message = breaches(folder, PILOT)["entries.dns"].message
    assert message.startswith("60 of ")
    stands = int(message.split()[2])
    assert 60 < stands < 200


def test_every_plan_says_which_policies_it_was_made_with(folder: Path) -> None:
    without = make_plan(workspace(folder), DAY)
    assert plan_unlimited(workspace(folder), DAY).basis == without.basis
    (folder / "policies").mkdir()
    (folder / "policies/data.json").write_text("{}")
    again = make_plan(workspace(folder), DAY)
    assert {key for key in again.basis if again.basis[key] != without.basis[key]} == {"policies"}


def test_what_is_overridden_stays_told(folder: Path) -> None:
    override = Override("waves", "the last wave of a rehearsal")
    plan = make_plan(workspace(folder), DAY, overrides=(override,))
    assert (plan.overrides, [one.limit for one in plan.breaches], plan.refusals) == ((override,), ["waves"], ())


def test_a_step_of_a_cut_over_is_held_against_nothing(folder: Path) -> None:
    assert plan_unlimited(workspace(folder), DAY).breaches == ()
