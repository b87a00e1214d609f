"""CSV, JUnit, SARIF and JSON: what other programs read."""

from __future__ import annotations

import csv
import io
import json
from xml.etree import ElementTree

import pytest

from haicap.errors import Finding, HaicapError
from haicap.plan.model import Breach, Override
from haicap.report.csv_table import to_csv
from haicap.report.document import to_json
from haicap.report.junit import to_junit
from haicap.report.sarif import of_findings, of_report, to_sarif
from tests.unit.report.samples import HOSTILE, certificate, file_change, hostile_plan, inspection, plan, probe


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_has_a_row_a_change(read):
    (row,) = _rows(to_csv(read(plan(file_change(), units={"24958": {"name": "Đức Trọng"}}))))
    assert row == {
        "unit": "24958",
        "name": "Đức Trọng",
        "system": "gateway",
        "resource": "gw-24958",
        "action": "update",
        "changes": "/etc/nftables.conf",
        "destroys": "",
        "keeps": "",
        "cost": "",
    }


def test_csv_has_a_row_a_probe(read):
    (row,) = _rows(to_csv(read(inspection(probe(expected="=1+1")))))
    assert (row["status"], row["expected"], row["seconds"]) == ("failed", "'=1+1", "0.5")


def test_no_cell_of_csv_is_a_formula(read):
    cells = [cell for row in csv.reader(io.StringIO(to_csv(read(hostile_plan())), newline="")) for cell in row]
    assert '\'=HYPERLINK("http://evil.example","x")' in cells
    assert [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r")] == []


def test_junit_of_a_plan_tells_its_limits(read):
    report = read(
        plan(
            breaches=(
                Breach("deletes", "refuse", "5 of 4", "Delete less."),
                Breach("waves", "refuse", "too early", "Wait."),
                Breach("quiet", "warn", "a working day", "Wait."),
            ),
            overrides=(Override("waves", "a flood"),),
        )
    )
    root = ElementTree.fromstring(to_junit(report))
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("3", "1", "2")
    assert [case.get("name") for case in root.iter("testcase") if case.find("failure") is not None] == ["deletes"]
    assert [one.get("message") for one in root.iter("skipped")] == ["too early (overridden: a flood)", "a working day"]


def test_junit_of_a_plan_that_keeps_all_limits_is_not_empty(read):
    root = ElementTree.fromstring(to_junit(read(plan(file_change()))))
    assert len(list(root.iter("testcase"))) == 1


def test_junit_of_an_inspection_is_that_of_inspect(read):
    root = ElementTree.fromstring(to_junit(read(inspection(probe(), probe("passed")))))
    assert (root.get("tests"), root.get("failures")) == ("2", "1")


def test_junit_holds_hostile_names(read):
    assert len(list(ElementTree.fromstring(to_junit(read(hostile_plan()))).iter("testcase"))) == len(HOSTILE)


def test_sarif_shows_findings_where_they_are_written():
    found = Finding("inventories/lam-dong/units.yml", 214, 'unit 24958 "Đức Trọng"', "needs a /23", "segment-size")
    (run,) = json.loads(to_sarif(of_findings([found])))["runs"]
    (result,) = run["results"]
    assert result["ruleId"] == run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "segment-size"
    assert result["message"]["text"] == 'unit 24958 "Đức Trọng": needs a /23'
    (place,) = result["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "inventories/lam-dong/units.yml"
    assert place["physicalLocation"]["region"] == {"startLine": 214}


def test_a_finding_stays_the_same_one_while_its_line_moves():
    first, moved = (Finding("units.yml", line, "unit 1", "too small", "size") for line in (3, 9))
    prints = [
        result["partialFingerprints"]["haicap/v1"]
        for one in (first, moved)
        for result in json.loads(to_sarif(of_findings([one])))["runs"][0]["results"]
    ]
    assert prints[0] == prints[1]


def test_sarif_of_a_plan_and_of_an_inspection(read):
    breaches = (Breach("deletes", "refuse", "5 of 4.", "Delete less."), Breach("quiet", "warn", "a day.", "Wait."))
    of_plan = json.loads(to_sarif(of_report(read(plan(breaches=breaches)), "plan.json")))["runs"][0]["results"]
    assert [(one["ruleId"], one["level"]) for one in of_plan] == [("deletes", "error"), ("quiet", "warning")]
    rows = inspection(probe(), probe("passed"))
    of_probes = json.loads(to_sarif(of_report(read(rows), "inspection.json")))["runs"][0]["results"]
    assert [one["message"]["text"] for one in of_probes] == ["lease, gw-24958: expected a lease; observed none"]


@pytest.mark.parametrize("form", [to_junit, lambda report: list(of_report(report, "c.json"))])
def test_what_has_neither_limits_nor_probes_says_so(read, form):
    with pytest.raises(HaicapError, match="has none: write"):
        form(read(certificate({})))


def test_json_has_names_and_lines(read):
    report = json.loads(to_json(read(plan(file_change(), units={"24958": {"name": "Đức Trọng"}}))))
    (item,) = report["items"]
    assert report["format"] == "haicap.report/1"
    assert report["summary"] == {"create": 0, "update": 1, "replace": 0, "delete": 0, "unchanged": 0}
    assert (item["name"], item["resource"]) == ("Đức Trọng", "gw-24958")
    rows = [["one"], ["two", "2"], ["three"]]
    assert item["parts"] == [{"place": "/etc/nftables.conf", "hunks": [{"before": 1, "after": 1, "rows": rows}]}]


def test_json_of_hostile_names_has_nothing_unseen(read):
    text = to_json(read(hostile_plan()))
    assert "\u202e" not in text
    assert "⟪U+202E⟫" in text
