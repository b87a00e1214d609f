"""What a change of a machine costs, in the words that a plan shows."""

from __future__ import annotations

from typing import Any

import pytest

from haicap.plan.machine import cost_of, disks_left

BEFORE: dict[str, Any] = {
    "machine": "app-1",
    "hypervisor": "hv1",
    "vcpus": 2,
    "max_vcpus": 4,
    "memory_mib": 2048,
    "max_memory_mib": 4096,
    "root_gib": 10,
    "disks": {"data": 20},
    "image": {"name": "debian-12", "sha256": "a", "source": "https://x", "format": "qcow2"},
    "network": {"bridge": "br-machines", "mac": "52:54:0a:7e:00:05", "address": "10.126.0.5"},
    "cloud_init": {"meta-data": "m", "user-data": "u", "network-config": "n"},
}


@pytest.mark.parametrize(
    ("change", "cost"),
    [
        ({}, ""),
        ({"vcpus": 4}, "live"),
        ({"memory_mib": 4096}, "live"),
        ({"memory_mib": 1024}, "live"),
        ({"disks": {"data": 30, "more": 5}}, "live"),
        ({"disks": {}}, "live"),
        ({"cloud_init": {"meta-data": "m", "user-data": "another key", "network-config": "n"}}, "live"),
        ({"vcpus": 1}, "reboot (fewer vcpus)"),
        ({"vcpus": 8, "max_vcpus": 8}, "reboot (max_vcpus, vcpus above max_vcpus)"),
        ({"root_gib": 12}, "reboot (root_gib)"),
        ({"hypervisor": "hv2"}, "off while 30 GiB move from hv1 to hv2"),
        ({"image": {**BEFORE["image"], "sha256": "b"}}, "root disk made anew (another image); data disks stay"),
        (
            {"cloud_init": {"meta-data": "other", "user-data": "u", "network-config": "n"}},
            "root disk made anew (another name or network); data disks stay",
        ),
    ],
)
def test_the_cost_is_said(change: dict[str, Any], cost: str) -> None:
    assert cost_of(BEFORE, {**BEFORE, **change}) == cost


def test_what_comes_or_goes_costs_nobody_anything() -> None:
    assert cost_of({}, BEFORE) == cost_of(BEFORE, {}) == ""


def test_data_disks_that_are_left_are_named() -> None:
    assert disks_left(BEFORE, {**BEFORE, "disks": {"data": 25}}) == ()
    assert disks_left(BEFORE, {}) == ("data disk data of app-1, 20 GiB, on hv1",)
    assert disks_left({}, BEFORE) == ()
