"""Which checks a design calls for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from haicap.addressing.model import Keys
from haicap.design import design_province
from haicap.errors import HaicapError
from haicap.inspection.check import Dial, Lease
from haicap.inspection.choose import checks_of
from haicap.inspection.lan import client_address
from haicap.inspection.vpn import sessions_of
from tests.lab import province as twin
from tests.unit.inspection.conftest import Captured


def test_a_selection_has_its_units_alone(captured: Captured) -> None:
    checks = checks_of(captured.design, {"24958"})
    assert {check.unit for check in checks} == {"24958"}
    assert {check.host for check in checks} == {"gw-24958", "dns1", "dns2"}
    reached = next(check for check in checks if check.probe == "unit-reached")
    assert "gw-23053" in reached.expected


def test_partners_go_round(captured: Captured) -> None:
    checks = [check for check in checks_of(captured.design) if check.probe == "unit-reached"]
    assert [(check.unit, check.expected.split()[2]) for check in checks] == [
        ("23053", "gw-24958"),
        ("24958", "gw-23053"),
    ]


def test_a_unit_that_does_not_stand_calls_for_nothing() -> None:
    of = twin.inventory()
    keys = {name: Keys("", "") for name in ("hub1", "hub2", "dns1", "dns2", "gw-24958")}
    design = design_province(of, replace(twin.new_locks(of), keys=keys), twin.AS_OF)
    assert "23053" not in {check.unit for check in checks_of(design)}
    assert checks_of(design, {"23053"}) == ()
    assert "unit-reached" not in {check.probe for check in checks_of(design)}


def test_an_unknown_unit_is_refused(captured: Captured) -> None:
    with pytest.raises(HaicapError, match="twin has no unit 99999"):
        checks_of(captured.design, {"99999"})


def test_each_probe_once_a_host_and_unit(captured: Captured) -> None:
    checks = checks_of(captured.design)
    assert len({(check.host, check.unit, check.probe) for check in checks}) == len(checks)


def test_a_member_gets_from_a_hub_all_but_the_other_hub(captured: Captured) -> None:
    members = {host.name: host for host in captured.design.hosts}
    first, second = sessions_of(members["gw-23053"], members)
    assert "10.127.0.1/32" in first.prefixes
    assert "10.127.0.2/32" not in first.prefixes
    assert "10.127.0.2/32" in second.prefixes
    own = set(members["gw-23053"].vpn.announce)
    assert not own & first.prefixes
    assert set(members["gw-24958"].vpn.announce) <= first.prefixes


def test_commands_work_from_the_segments(captured: Captured) -> None:
    commands = [command for check in checks_of(captured.design, {"23053"}) for command in check.commands]
    leased = {command.netns for command in commands if isinstance(command, Lease)}
    assert leased == {"client-staff", "client-counter", "client-meeting", "client-guest"}
    asked = {
        target.address[1:]
        for command in commands
        if isinstance(command, Dial)
        for target in command.targets
        if target.address[0] == "@"
    }
    assert asked == leased


def test_a_client_s_address_is_worked_out(captured: Captured) -> None:
    lan = captured.design.units[0].gateway.lan
    assert client_address(lan.segments[0]) == lan.segments[0].network6.replace("::/64", ":68:61ff:fe69:6361")
