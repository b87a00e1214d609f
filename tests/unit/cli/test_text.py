"""A change as lines: what is new, what goes, and the exact lines of a text."""

from __future__ import annotations

import pytest

from haicap.plan.model import Change, Difference, Plan, Wait
from haicap.report.text import change_lines, plan_lines

_NAMES = {"24958": "Đức Trọng"}


def _text(change: Change, *, full: bool = False) -> list[str]:
    return [line.text for line in change_lines(change, _NAMES, full=full)]


def _change(action, *differences: Difference) -> Change:
    return Change("24958", "gateway", "gw-24958", action, "sha256:0", differences)


def test_create_in_numbers_and_in_full():
    files = Difference(("files",), None, {"/etc/a": "one\ntwo\n", "/etc/b": "three\n"})
    change = _change("create", Difference(("address",), None, "100.64.0.2"), files)
    assert _text(change) == ["+ create gw-24958  Đức Trọng  gateway", "    2 files"]
    assert _text(change, full=True)[1:] == [
        "    address: (none) -> 100.64.0.2",
        *("    /etc/a", "      +one", "      +two"),
        *("    /etc/b", "      +three"),
    ]


def test_records_in_numbers():
    zones = {
        "a.": {"a. A": {"ttl": 60, "records": ["192.0.2.1"]}},
        "b.": {"b. A": {"ttl": 60, "records": ["192.0.2.2"]}},
    }
    assert _text(_change("delete", Difference(("zones",), zones, None)))[1:] == ["    2 record sets in 2 zones"]


def test_a_long_change_shows_its_beginning_and_says_how_to_see_the_rest():
    text = "".join(f"{n}\n" for n in range(500))
    change = _change("update", Difference(("files", "/etc/frr/frr.conf"), "", text))
    assert _text(change)[-2:] == ["      +58", "    ... and 441 more lines; `--full` shows them"]
    assert _text(change, full=True)[-1] == "      +499"


@pytest.mark.parametrize(
    ("difference", "lines"),
    [
        (Difference(("services", "frr"), "active", None), ["    service frr: active -> (none)"]),
        (Difference(("packages",), ["a", "b"], ["a", "c"]), ["    packages", "      - b", "      + c"]),
        (Difference(("packages",), ["a", "b"], ["b", "a"]), ["    packages", "      (in another order)"]),
        (
            Difference(("zones", "x.", "a.x. A"), None, {"ttl": 60, "records": ["192.0.2.1"]}),
            ["    a.x. A: (none) -> 60 192.0.2.1"],
        ),
        (Difference(("zones", "x.", "a.x. A", "ttl"), 60, 3600), ["    a.x. A ttl: 60 -> 3600"]),
        (
            Difference(("files", "/etc/x"), "1\n2\n3\n4\n", "1\n2\n9\n4\n"),
            ["    /etc/x", "      @@ -2,3 +2,3 @@", "       2", "      -3", "      +9", "       4"],
        ),
        (Difference(("files", "/etc/x"), "1\n", "1\r\n"), ["    /etc/x", "      (line endings)"]),
        (Difference(("files", "/etc/x"), "1\n", None), ["    /etc/x", "      -1"]),
    ],
)
def test_update_shows_exactly_what_changes(difference, lines):
    assert _text(_change("update", difference)) == ["~ update gw-24958  Đức Trọng  gateway", *lines]


def test_update_without_a_difference_says_why():
    assert _text(_change("update"))[1:] == ["    its last run did not end well: it is done again"]


def test_what_waits_is_bounded():
    waiting = tuple(Wait(f"gw-{n}", str(n), "its gateway is not enrolled", "haicap enrol x") for n in range(9))
    lines = [line.text for line in plan_lines(Plan("x", "live", "2025-07-01", {}, {}, (), waiting=waiting), {})]
    assert lines[2] == "9 waiting, not in this plan:"
    assert lines[8] == "    ... and 4 more; `haicap enrol x`"
