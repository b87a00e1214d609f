"""`haicap lock --check`."""

from dataclasses import replace

from haicap.addressing.agreement import verify
from haicap.addressing.model import Locks
from tests.unit.addressing.samples import lock, make_inventory, make_unit

A = "00001@2025-07-01"
FILE = "inventories/lam-dong/addresses.lock.yml"


def test_a_fresh_lock_agrees() -> None:
    inventory = make_inventory(make_unit(1), make_unit(2))
    assert verify(inventory, lock(inventory).locks) == []


def test_resting_tombstone_agrees() -> None:
    both = lock(make_inventory(make_unit(1), make_unit(2))).locks
    fewer = make_inventory(make_unit(1))
    assert [finding.rule for finding in verify(fewer, both)] == ["not-removed"]
    assert verify(fewer, lock(fewer, both).locks) == []


def test_unlocked_unit_says_what_to_run() -> None:
    locks = lock(make_inventory(make_unit(1))).locks
    findings = verify(make_inventory(make_unit(1), make_unit(2)), locks)
    assert {(finding.file, finding.subject, finding.rule) for finding in findings} == {
        (FILE, 'unit 00002 "Đồng 2"', "not-locked")
    }
    assert all("run `haicap lock lam-dong`" in finding.reason for finding in findings)


def test_small_segment_is_found() -> None:
    locks = lock(make_inventory(make_unit(1))).locks
    findings = verify(make_inventory(make_unit(1, staff=80)), locks)
    assert [finding.rule for finding in findings] == ["segment-size", "segment-size"]


def test_overlap_is_found() -> None:
    inventory = make_inventory(make_unit(1), make_unit(2))
    locks = lock(inventory).locks
    twice = Locks({**locks.members, A: replace(locks.members[A], asn=locks.members["hub1"].asn)}, locks.names)
    assert [(finding.rule, finding.subject) for finding in verify(inventory, twice)] == [("lock-overlap", "hub1/asn")]
