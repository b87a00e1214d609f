"""What a report can be of, and what it says of each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from haicap.errors import HaicapError, Refused
from haicap.plan.model import dump
from haicap.report.reading import read_report
from tests.unit.report.samples import certificate, file_change, inspection, plan, probe


def test_a_plan(read):
    made = plan(file_change(), file_change("24967", "delete"), unchanged=3, units={"24958": {"name": "Đức Trọng"}})
    report = read(made)
    assert (report.kind, report.subject) == ("plan", "lam-dong, live, 2025-07-01")
    assert dict(report.facts)["digest"] == made.digest
    assert dict(report.facts)["expires"] == "2025-07-14T08:00:00Z"
    assert report.counts == {"create": 0, "update": 1, "replace": 0, "delete": 1}
    assert report.by_unit["24967"]["delete"] == 1
    assert [item.what for item in report.grave] == ["gw-24967"]
    assert report.name_of("24958") == "Đức Trọng"
    assert report.unchanged == 3


def test_a_plan_that_was_altered_is_refused(tmp_path: Path):
    path = tmp_path / "plan.json"
    path.write_text(dump(plan(file_change()).to_json()).replace("gw-24958", "gw-24957"))
    with pytest.raises(Refused, match="was altered"):
        read_report(path)


def test_a_plan_with_half_a_character(tmp_path: Path):
    path = tmp_path / "plan.json"
    path.write_text(dump(plan(file_change()).to_json()).replace("gw-24958", "gw-\\ud800"))
    with pytest.raises(HaicapError, match="can't be read"):
        read_report(path)


def test_a_plan_with_an_action_that_is_none(tmp_path: Path):
    path = tmp_path / "plan.json"
    path.write_text(dump(plan(file_change(action="explode")).to_json()))
    with pytest.raises(HaicapError, match="'explode' is no action"):
        read_report(path)


def test_an_inspection(read):
    report = read(inspection(probe("passed"), probe("unreachable", unit=None, host="hub1")))
    assert report.counts == {"failed": 0, "unreachable": 1, "passed": 1}
    assert report.sides == ("expected", "observed")
    assert [item.what for item in report.grave] == ["lease, hub1"]


def test_an_inspection_that_says_how_it_came_about(read):
    document = {
        **inspection(probe()),
        "format": "haicap.inspection/2",
        "province": "lam-dong",
        "at": "2025-07-01T07:00:00Z",
    }
    report = read(document)
    assert report.subject == "lam-dong"
    assert ("inspected-at", "2025-07-01T07:00:00Z") in report.facts


def test_a_difference(read):
    change = plan(file_change()).to_json()["changes"][0]
    report = read(
        {
            "format": "haicap.diff/1",
            "province": "lam-dong",
            "from": {"label": "2025-06-01", "digest": "sha256:1"},
            "to": {"label": "2025-07-01", "digest": "sha256:2"},
            "summary": {"update": 1, "unchanged": 7},
            "units": {},
            "moves": [{"kind": "unit", "what": "Đức Trọng", "from": "24958", "to": "24959", "resources": ["gw-24958"]}],
            "changes": [change],
            "blast": {"units": ["24958", "24967"], "people": 97, "via": ["hub1 -> 124 units", "dns1 -> all"]},
        }
    )
    assert report.sides == ("2025-06-01", "2025-07-01")
    assert [(table.title, table.rows) for table in report.tables] == [
        ("moves", (("unit", "Đức Trọng", "24958", "24959", "", "gw-24958"),)),
        ("blast", (("units", "24958, 24967"), ("people", "97"), ("via", "hub1 -> 124 units"), ("via", "dns1 -> all"))),
    ]


def test_a_certificate(read):
    predicate = {
        "definition": {
            "province": "lam-dong",
            "target": "live",
            "as_of": "2025-07-01",
            "basis": {"inventory": "sha256:1"},
            "units": {"24958": {"name": "Đức Trọng", "wave": "pilot", "create": 3, "update": 1}},
            "breaches": [{"limit": "deletes", "severity": "warn", "message": "5 of 4", "next_step": "Wait."}],
        },
        "run": {"by": "a@b.vn", "units": {"24958": {"done": 3, "failed": 0}}, "failures": []},
        "approvals": [{"principal": "b@b.vn", "decision": "approve", "signature": "AAAA"}],
        "inspection": {"at": "2025-07-01T07:00:00Z", "results": {"24958": "passed"}, "probes": [probe("passed")]},
        "certified": {"by": "c@b.vn", "at": "2025-07-01T08:00:00Z"},
        "verdict": {"passed": False, "reasons": ["2 probes did not pass"]},
    }
    report = read(certificate(predicate))
    assert report.subject == "lam-dong, live, 2025-07-01"
    assert (report.verdict, report.reasons) == (False, ("2 probes did not pass",))
    assert {("certified-by", "c@b.vn"), ("signed-by", "SHA256:abc")} <= set(report.facts)
    assert [breach.limit for breach in report.breaches] == ["deletes"]
    assert report.counts["passed"] == 1
    tables = {table.title: table for table in report.tables}
    assert tables["approvals"].rows == (("b@b.vn", "approve"),)
    assert tables["unit-results"].rows == (("24958", "Đức Trọng", "pilot", "4", "3", "0", "passed"),)


@pytest.mark.parametrize(
    "predicate", [{}, {"definition": 3, "run": [], "inspection": "x", "approvals": {}, "more": [1]}]
)
def test_a_certificate_of_another_shape_is_still_shown(read, predicate: dict[str, Any]):
    assert read(certificate(predicate)).subject == "lam-dong"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "this is no JSON"),
        ("[]", "nothing that a report can be of"),
        ('{"format": "haicap.lock/1"}', "nothing that a report can be of"),
        (json.dumps(inspection({"unit": None})), "can't be read"),
        (json.dumps(inspection(probe("splendid"))), "'splendid' is no status"),
        (json.dumps({"format": "haicap.diff/1"}), "can't be read"),
        (json.dumps({**certificate({}), "payload": "?"}), "its payload"),
    ],
)
def test_what_no_report_can_be_of(tmp_path: Path, text: str, said: str):
    path = tmp_path / "document.json"
    path.write_text(text)
    with pytest.raises(HaicapError, match=said):
        read_report(path)


def test_no_file(tmp_path: Path):
    with pytest.raises(HaicapError, match="No such file"):
        read_report(tmp_path / "absent.json")
