"""The log of an apply: before it begins, after it has ended, however it ends; and never a begin without room for the
end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from haicap.errors import HaicapError, Refused
from haicap.inspection.inspected import Inspected
from haicap.inspection.model import Inspection, Probe
from haicap.inventory.scaffold import scaffold
from haicap.plan.model import Change, Made, Override, Plan
from haicap.stack.engine import StepEvent
from haicap.stack.record import log_of, record, record_plan, recorded, recorded_apply
from haicap.stack.record_inspection import record_inspection
from haicap.stack.workspace import Workspace

RESOURCES = {"hub1": None, "gw-24958": "24958", "dns-24958": "24958", "gw-24829": "24829"}


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("province")
    scaffold(directory, "lam-dong")
    return directory


@pytest.fixture
def ws(province: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("HAICAP_AUDIT", str(tmp_path / "logs"))
    monkeypatch.setenv("HAICAP_PRINCIPAL", "an@lamdong.gov.vn")
    return Workspace.open(province, "lam-dong", "live")


@pytest.fixture
def plan() -> Plan:
    changes = tuple(Change(unit, "gateway", name, "create", "sha256:1") for name, unit in RESOURCES.items())
    return Plan(
        "lam-dong",
        "live",
        "2025-07-01",
        {},
        {},
        changes,
        overrides=(Override("units", "vùng mới"),),
        made=Made(by="bình@lamdong.gov.vn"),
    )


def step(resource: str, status: str) -> StepEvent:
    return StepEvent(resource, RESOURCES[resource], "gateway", "create", status)  # type: ignore[arg-type]


def events(ws: Workspace) -> dict[str, dict]:
    return {event.kind: dict(event.fields) for event in log_of(ws).events()}


def test_the_end_says_what_came_of_each_unit(ws: Workspace, plan: Plan) -> None:
    seen: list[StepEvent] = []
    with recorded_apply(ws, plan, ("chi@lamdong.gov.vn", "dung@lamdong.gov.vn")) as result:
        tell = result.told(seen.append)
        for resource, status in (("hub1", "done"), ("gw-24958", "failed"), ("dns-24958", "done")):
            tell(step(resource, "started"))
            tell(step(resource, status))
    told = events(ws)
    assert told["apply-begun"]["plan"] == told["apply-ended"]["plan"] == plan.digest
    assert told["apply-begun"]["approved_by"] == ["chi@lamdong.gov.vn", "dung@lamdong.gov.vn"]
    assert told["apply-begun"]["overrides"] == [{"limit": "units", "reason": "vùng mới"}]
    assert told["apply-begun"]["units"] == {"24829": 1, "24958": 2}
    assert told["apply-ended"]["units"] == {"24958": {"done": 1, "failed": 1}}
    assert told["apply-ended"]["shared"] == {"done": 1, "failed": 0}
    assert [told["apply-ended"][key] for key in ("done", "failed", "skipped", "stopped")] == [2, 1, 1, False]
    assert len(seen) == 6


def test_what_fails_after_it_was_done_has_failed(ws: Workspace, plan: Plan) -> None:
    with recorded_apply(ws, plan) as result:
        tell = result.told(lambda _step: None)
        for status in ("done", "failed", "done"):
            tell(step("gw-24958", status))
    assert events(ws)["apply-ended"]["units"] == {"24958": {"done": 0, "failed": 1}}


@pytest.mark.parametrize(
    ("error", "told", "stopped"),
    [
        (HaicapError("the engine stopped:\nsecret lines"), "the engine stopped:", False),
        (KeyboardInterrupt(), "KeyboardInterrupt", True),
        (ZeroDivisionError("whatever"), "ZeroDivisionError", False),
    ],
)
def test_an_apply_that_ends_badly_has_an_end(
    ws: Workspace, plan: Plan, error: BaseException, told: str, stopped: bool
) -> None:
    with pytest.raises(type(error)), recorded_apply(ws, plan) as result:
        result.told(lambda _step: None)(step("hub1", "done"))
        raise error
    ended = events(ws)["apply-ended"]
    assert (ended["error"], ended["stopped"], ended["done"], ended["skipped"]) == (told, stopped, 1, 3)


def test_a_killed_apply_is_named_by_the_next(ws: Workspace, plan: Plan) -> None:
    killed = recorded_apply(ws, plan)
    killed.__enter__()
    with recorded_apply(ws, plan):
        pass
    begun = [event for event in log_of(ws).events() if event.kind == "apply-begun"]
    assert [event.fields["did_not_end"] for event in begun] == [[], [1]]
    killed.__exit__(None, None, None)


def test_nothing_begins_where_the_log_has_no_room(ws: Workspace, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    with pytest.raises(HaicapError, match="No space left on device: the log needs"), recorded_apply(ws, plan):
        pytest.fail("it began")
    assert events(ws) == {}


def test_nothing_begins_where_the_log_is_damaged(ws: Workspace, plan: Plan) -> None:
    record(ws, "plan", plan=plan.digest)
    record(ws, "plan", plan=plan.digest)
    segment = ws.audit / "000001.jsonl"
    segment.write_bytes(segment.read_bytes().replace(b'"seq":1', b'"seq":9'))
    with pytest.raises(Refused, match="not as it was written"), recorded_apply(ws, plan):
        pytest.fail("it began")


def test_a_plan_file_is_logged_with_who_made_it(ws: Workspace, plan: Plan) -> None:
    record_plan(ws, plan, Path("plan.json"))
    told = events(ws)["plan"]
    assert (told["plan"], told["by"], told["file"]) == (plan.digest, "bình@lamdong.gov.vn", "plan.json")


def inspected(found: Inspection, plan: str = "") -> Inspected:
    at = "2025-07-01T09:00:00Z"
    return Inspected("lam-dong", "live", "2025-07-01", at, "an@lamdong.gov.vn", {}, plan, {}, found)


def test_an_inspection_is_logged_by_unit_and_wave(ws: Workspace, plan: Plan) -> None:
    def probe(unit: str | None, status: str) -> Probe:
        return Probe(unit, f"gw-{unit}", "dns", "answers", status, "", "", 0.1)  # type: ignore[arg-type]

    with recorded_apply(ws, plan):
        pass
    found = Inspection(
        (probe(None, "passed"), probe("24958", "passed"), probe("24958", "failed"), probe("24829", "passed"))
    )
    record_inspection(ws, inspected(found))
    told = events(ws)["inspection"]
    waves = {unit.code: unit.wave for unit in ws.inventory.units}
    assert told["units"] == {"24958": "failed", "24829": "passed"}
    assert told["waves"][waves["24958"]] == "failed"
    assert told["shared"] == {"gw-None": "passed"}
    assert (told["plan"], told["systems"], told["summary"]["failed"]) == (plan.digest, [], 1)


def test_the_digest_of_an_inspection_is_that_of_its_file(ws: Workspace) -> None:
    found = inspected(Inspection((Probe("24958", "gw", "dns", "answers", "passed", "", "", 1.0),)), plan="sha256:a")
    record_inspection(ws, found)
    told = events(ws)["inspection"]
    assert (told["digest"], told["plan"]) == (found.to_json()["digest"], "sha256:a")


@pytest.mark.parametrize("fails", [False, True])
def test_what_has_two_ends_has_two_events(ws: Workspace, fails: bool) -> None:
    def work() -> None:
        with recorded(ws, "cutover", platform="records", direction="forward") as result:
            result["ok"] = True
            if fails:
                raise HaicapError("dns1 is silent")

    _expect(work, HaicapError if fails else None)
    begun, ended = (event.fields for event in log_of(ws).events())
    assert (begun["phase"], ended["phase"], ended["ok"]) == ("begun", "ended", True)
    assert ended.get("error") == ("dns1 is silent" if fails else None)


def _expect(work: Callable[[], None], error: type[Exception] | None) -> None:
    if error is None:
        work()
        return
    with pytest.raises(error):
        work()


def test_policy_says_what_is_personal(ws: Workspace, province: Path) -> None:
    assert ws.inventory.province.audit.keep_days == 1825
    record(ws, "staff-reset", person="68-24958-004", unit="24958", reason="quên")
    line = json.loads((ws.audit / "000001.jsonl").read_text("utf-8"))
    assert line["fields"]["unit"] == "24958"
    assert set(line["fields"]["person"]) == set(line["who"]["principal"]) == {"sealed"}
