"""What a lab is made of: its checks and its form in lab.json. Needs no root."""

from dataclasses import replace

import pytest

from haicap.errors import HaicapError
from haicap.lab import LabHost, LabSpec
from haicap.lab.spec import check, from_json, merge, to_json

GATEWAY = LabHost("gw-24958", "gateway", "24958", "100.64.0.2/30", "100.64.0.1")
HUB = LabHost("hub1", "hub", None, "100.64.4.2/30", "100.64.4.1")
SPEC = LabSpec("lam-dong", (GATEWAY, HUB), "100.127.0.2/30", "100.127.0.1")


def test_lab_json_round_trip() -> None:
    assert from_json(to_json(SPEC, "/cache/lab-image-1")) == (SPEC, "/cache/lab-image-1")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"image": "x", "hosts": [{"nam": "hub1"}]}'])
def test_damaged_lab_json_names_the_way_out(text: str) -> None:
    with pytest.raises(HaicapError, match="haicap lab down"):
        from_json(text)


def test_check_gives_every_reason_at_once() -> None:
    spec = replace(
        SPEC,
        hosts=(
            replace(GATEWAY, name="gw-24958-long"),
            replace(HUB, name="backbone"),
            replace(HUB, name="hub2", address="100.64.4.2"),
            replace(HUB, name="hub3", router="100.64.9.1"),
            replace(HUB, name="dns1", role="fax"),
            replace(HUB, name="dns1", address="nowhere"),
        ),
    )
    with pytest.raises(HaicapError) as caught:
        check(spec)
    assert str(caught.value).splitlines() == [
        'the lab of "lam-dong" cannot be built',
        '  host "dns1" is named twice',
        '  host "gw-24958-long": a name has 1 to 12 of a-z, 0-9 and "-", and no "-" at an end',
        '  host "backbone": the lab uses this name itself',
        '  host "hub2": 100.64.4.2 is not an IPv4 address with its prefix',
        '  host "hub3": router 100.64.9.1 is not another address of 100.64.4.0/30',
        '  host "dns1": role "fax" is none of gateway, hub, dns, mail, hypervisor',
        "  host \"dns1\": 'nowhere' does not appear to be an IPv4 or IPv6 interface",
        "Correct the addresses or names and run it again.",
    ]


def test_lines_must_not_share_addresses() -> None:
    with pytest.raises(HaicapError, match=r"hub1 and hub2 share addresses: 100\.64\.4\.0/30 and 100\.64\.4\.0/30"):
        check(replace(SPEC, hosts=(HUB, replace(HUB, name="hub2"))))


def test_merge_adds_hosts_and_keeps_those_not_named() -> None:
    added = replace(HUB, name="hub2", address="100.64.8.2/30", router="100.64.8.1")
    assert merge(SPEC, replace(SPEC, hosts=(added,))).hosts == (GATEWAY, HUB, added)
    assert merge(None, SPEC) == SPEC


def test_merge_refuses_to_change_a_host() -> None:
    moved = replace(SPEC, province="dak-lak", hosts=(replace(HUB, address="100.64.5.2/30", router="100.64.5.1"),))
    with pytest.raises(HaicapError) as caught:
        merge(SPEC, moved)
    assert str(caught.value).splitlines() == [
        "the lab that is there differs",
        '  the province is "lam-dong" in this lab, "dak-lak" is asked for',
        '  host "hub1" is hub - at 100.64.4.2/30 by 100.64.4.1 in this lab, '
        "hub - at 100.64.5.2/30 by 100.64.5.1 is asked for",
        "Take it away with `haicap lab down` first.",
    ]
