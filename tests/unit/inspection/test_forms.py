"""Rows and JUnit."""

from __future__ import annotations

from xml.etree import ElementTree

from haicap.inspection.model import Inspection, Probe

FOUND = Inspection(
    (
        Probe(None, "hub1", "hub", "bgp", "passed", "4 sessions", "4 sessions established", 0.25),
        Probe("24958", "gw-24958", "lan", "dhcp", "failed", "Đức Trọng & <co>", "no\x00 lease\x1b[0m \ud800", 3.0),
        Probe("24958", "gw-24958", "vpn", "tunnels", "unreachable", "a handshake", 'it said "no"', 0.0),
    )
)


def test_summary_and_row() -> None:
    assert FOUND.summary == {"passed": 1, "failed": 1, "unreachable": 1}
    assert not FOUND.ok
    assert FOUND.probes[0].to_json() == {
        "unit": None,
        "host": "hub1",
        "system": "hub",
        "probe": "bgp",
        "status": "passed",
        "expected": "4 sessions",
        "observed": "4 sessions established",
        "seconds": 0.25,
    }


def test_junit_can_be_read_whatever_a_host_said() -> None:
    root = ElementTree.fromstring(FOUND.to_junit())
    assert root.attrib == {"tests": "3", "failures": "1", "errors": "1", "time": "3.250"}
    assert [suite.get("name") for suite in root] == ["hub1", "24958"]
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None
    assert failure.text == "expected: Đức Trọng & <co>\nobserved: no\ufffd lease\ufffd[0m \ufffd"
    error = root.find("testsuite/testcase/error")
    assert error is not None
    assert error.get("message") == 'it said "no"'


def test_an_empty_inspection_is_well_formed() -> None:
    assert 'tests="0"' in Inspection(()).to_junit()
    assert Inspection(()).ok
