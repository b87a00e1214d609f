"""Every reading, on what real hosts said: as captured it passes, damaged it says what is wrong."""

from __future__ import annotations

import base64
import json
from functools import partial
from typing import Any

import pytest

from haicap.inspection.check import Check, Output, judge
from haicap.inspection.walls import Way
from tests.unit.inspection.conftest import Captured

GATEWAY = "gw-23053 23053"


def test_all_that_was_captured_passes(captured: Captured) -> None:
    probes = {key: captured.judge(key) for key in captured.texts}
    assert {key: probe.observed for key, probe in probes.items() if probe.status != "passed"} == {}
    assert len(probes) == 10 - 1 + 3 + 5 + 2


@pytest.mark.parametrize(
    ("probe", "old", "new", "observed"),
    [
        ("services", "active\nactive", "active\nfailed", "frr is failed"),
        ("tunnels", "\t17", "\t16", "hub1: last handshake "),
        ("bgp", '"state":"Established"', '"state":"Active"', "session with hub1 is Active; session with hub2"),
        ("bgp", '"dst":"10.127.0.3"', '"dst":"10.127.0.99"', "route 10.127.0.3 is missing; route 10.127.0.99 sh"),
        ("bgp", '"pfxRcd":5', '"pfxRcd":6', "hub1 sent 6 ipv4 prefixes, not 5; hub2 sent 6 ipv4 prefixes, not 5; hub1"),
        ("bgp", '"prefsrc":"10.127.0.', '"prefsrc":"10.0.0.', " is without source 10.127.0."),
        ("dhcp", "router=", "router=10.9.9.9 ", "staff: router 10.9.9.9 10."),
        ("dhcp", "ip=10.64", "ip=10.99", "is outside 10.64."),
        ("dhcp", "ip=", "no=", "staff: no lease; counter: no lease"),
        ("ipv6", "2001:db8:", "2001:db9:", "staff: no address in 2001:db8:"),
        ("ipv6", '"protocol":"ra"', '"protocol":"static"', "staff: no default route; counter: no default route"),
        ("hub-reached", '"reply", "reply"', '"silence", "reply"', "hub1 10.127.0.1: silence"),
        ("unit-reached", '"reply"]', '"no route to host"]', "servers of 24958 2001:db8:"),
    ],
)  # fmt: skip
def test_damage_is_told(captured: Captured, probe: str, old: str, new: str, observed: str) -> None:
    texts = captured.texts[f"{GATEWAY} {probe}"]
    assert any(old in text for text in texts)
    found = captured.judge(f"{GATEWAY} {probe}", *[text.replace(old, new) for text in texts])
    assert found.status == "failed"
    assert observed in found.observed


def test_isolation_names_what_is_open_and_what_is_shut(captured: Captured) -> None:
    texts = captured.texts[f"{GATEWAY} isolation"]
    leaking = captured.judge(f"{GATEWAY} isolation", *[text.replace("silence", "open") for text in texts])
    assert leaking.status == "failed"
    assert leaking.observed.startswith("staff to counter icmp over IPv6: let through, should be dropped; staff to")
    shut = captured.judge(f"{GATEWAY} isolation", *[text.replace("refused", "silence") for text in texts])
    assert "staff to servers tcp/443 over IPv6: silence, should be let through" in shut.observed
    odd = captured.judge(f"{GATEWAY} isolation", *[text.replace("silence", "no address") for text in texts])
    assert "staff to counter icmp over IPv6: no address, so it was not tried" in odd.observed


def test_isolation_covers_what_must_be_told_apart(captured: Captured) -> None:
    ways = {way.label: way.allowed for several in _ways(captured) for way in several}
    assert ways["guest to staff tcp/443 over IPv4"] is False
    assert ways["guest to staff tcp/443 over IPv6"] is False
    assert ways["staff to management tcp/443 over IPv6"] is False
    assert ways["guest to vpn icmp over IPv4"] is False
    assert ways["staff to servers tcp/443 over IPv6"] is True
    assert ways["management to staff tcp/443 over IPv6"] is True
    assert ways["management to staff tcp/9 over IPv6"] is False
    assert ways["staff to staff of 24958 icmp over IPv6"] is False
    pairs = {(way.source, way.target) for several in _ways(captured) for way in several}
    names = {"staff", "counter", "meeting", "servers", "management", "guest"}
    assert {(a, b) for a in names for b in names if a != b} <= pairs


def _ways(captured: Captured) -> list[list[Way]]:
    return _first_argument(captured, f"{GATEWAY} isolation")


def _first_argument(captured: Captured, key: str) -> Any:
    """What a check's reading expects."""
    read = captured.checks[key].read
    assert isinstance(read, partial)
    return read.args[0]


def test_names_must_be_exact(captured: Captured) -> None:
    key = "dns2 23053 names"
    answers = json.loads(captured.texts[key][0])
    questions = _first_argument(captured, key)
    at = next(at for at, (_, kind, _) in enumerate(questions) if kind == "A")
    data = base64.b64decode(answers[at])
    answers[at] = base64.b64encode(data[:-1] + bytes([data[-1] ^ 1])).decode()
    assert captured.judge(key, json.dumps(answers)).status == "failed"
    answers[at] = None
    assert captured.judge(key, json.dumps(answers)).observed.endswith(": no answer")
    answers[at] = base64.b64encode(data[:2] + b"\x80" + data[3:]).decode()
    assert "not with authority" in captured.judge(key, json.dumps(answers)).observed
    answers[at] = base64.b64encode(data[:3] + b"\x03" + data[4:]).decode()
    assert captured.judge(key, json.dumps(answers)).observed.endswith(": NXDOMAIN")


def test_serials_must_be_equal(captured: Captured) -> None:
    own, primary = captured.texts["dns2 None serials"]
    none = json.dumps([None] * len(json.loads(own)))
    assert captured.judge("dns2 None serials", own, none).status == "unreachable"
    assert captured.judge("dns2 None serials", none, primary).observed.count("no answer") == 5
    answers = json.loads(primary)
    data = bytearray(base64.b64decode(answers[0]))
    data[-17] ^= 7  # the serial's last octet: four numbers of 32 bits follow it
    answers[0] = base64.b64encode(bytes(data)).decode()
    assert ": serial " in captured.judge("dns2 None serials", own, json.dumps(answers)).observed


def test_what_cannot_be_read_is_unreachable_never_passed(captured: Captured) -> None:
    for key, check in captured.checks.items():
        for text in ("", "rubbish", "[]", "{}", "[1]", '[{"a": null}]'):
            status = captured.judge(key, *[text for _ in check.commands]).status
            assert status == "unreachable" or (key.endswith("dhcp") and status == "failed"), (key, text)


@pytest.mark.parametrize(
    ("output", "observed"),
    [
        (Output(127, "sh: 1: vtysh: not found\n"), "sh: 1: vtysh: not found"),
        (Output(126, ""), "the command could not run"),
        (Output(None, "", error="TimeoutError: no end within 10 s"), "TimeoutError: no end within 10 s"),
    ],
)
def test_a_command_that_did_not_run_is_unreachable(captured: Captured, output: Output, observed: str) -> None:
    for check in captured.checks.values():
        probe = judge(check, [output] * len(check.commands))
        assert (probe.status, probe.observed) == ("unreachable", observed)


def test_a_hub_knows_all_members(captured: Captured) -> None:
    check: Check = captured.checks["hub1 None bgp"]
    assert check.expected == "4 sessions: dns1, dns2, gw-23053, gw-24958; 12 routes"
    assert (check.system, check.unit) == ("hub", None)
