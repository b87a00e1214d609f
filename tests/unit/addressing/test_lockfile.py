"""Lock files: what is written, what is read, and damage."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from haicap.addressing.lockfile import (
    ADDRESSES,
    CUTOVERS,
    KEYS,
    MACHINES,
    NAMES,
    locks_digest,
    read_locks,
    write_cutovers,
    write_keys,
    write_locks,
)
from haicap.addressing.model import Cutover, Keys, Locks, Placed
from haicap.errors import FindingsError
from tests.unit.addressing.samples import DAY, lock, make_inventory, make_unit

A = "00001@2025-07-01"
PRINTER = {"name": "printer", "segment": "staff", "mac": "02:00:00:00:00:01"}
KEY = Keys("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 gw")


@pytest.fixture
def locks() -> Locks:
    found = lock(make_inventory(make_unit(1, hosts=[PRINTER]), make_unit(2, 'B\'Lao: "số" 2'))).locks
    return lock(make_inventory(make_unit(1, hosts=[PRINTER])), found).locks


PLACES = {
    "procedures-1": Placed("hv1", "10.126.0.2", "2001:db8:103::2", 3, {"data": 1}),
    "sharing-1": Placed("hv2", "10.126.0.3", "2001:db8:103::3", 20, removed=DAY),
}
CUTOVER = Cutover("2025-07-01T00:00:00Z", "2025-07-01T02:30:00Z")


def damage(folder: Path, file: str, old: str, new: str) -> str:
    path = folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(FindingsError) as caught:
        read_locks(folder)
    return str(caught.value)


def test_round_trip(folder: Path, locks: Locks) -> None:
    assert write_locks(folder, locks) == (folder / ADDRESSES, folder / NAMES)
    assert write_keys(folder / KEYS, {"gw-00001": KEY}) == (folder / KEYS,)
    assert read_locks(folder) == replace(locks, keys={"gw-00001": KEY})


def test_the_same_locks_write_nothing(folder: Path, locks: Locks) -> None:
    write_locks(folder, locks)
    assert write_locks(folder, read_locks(folder)) == ()
    write_keys(folder / KEYS, {})
    assert write_keys(folder / KEYS, {}) == ()
    assert sorted(path.name for path in folder.iterdir()) == sorted([ADDRESSES, NAMES, KEYS])


def test_missing_files_are_empty(folder: Path) -> None:
    assert read_locks(folder) == Locks()


def test_keys_from_elsewhere(folder: Path, tmp_path: Path) -> None:
    write_keys(tmp_path / "lab.yml", {"gw-00001": KEY})
    assert read_locks(folder, tmp_path / "lab.yml").keys == {"gw-00001": KEY}


def test_machines_and_cutovers(folder: Path, locks: Locks) -> None:
    whole = replace(locks, machines=PLACES, cutovers={"procedures": CUTOVER, "documents": Cutover(CUTOVER.frozen)})
    assert write_locks(folder, whole) == (folder / ADDRESSES, folder / NAMES, folder / MACHINES)
    assert write_cutovers(folder / CUTOVERS, whole.cutovers) == (folder / CUTOVERS,)
    assert write_cutovers(folder / CUTOVERS, whole.cutovers) == ()
    assert read_locks(folder) == whole
    digests = {locks_digest(one) for one in (locks, whole, replace(whole, cutovers={}), replace(whole, machines={}))}
    assert len(digests) == 4
    assert write_locks(folder, locks) == (folder / MACHINES,)
    assert read_locks(folder).machines == {}


def test_the_file_of_machines(folder: Path) -> None:
    write_locks(folder, Locks(machines=PLACES))
    assert (folder / MACHINES).read_text() == (
        "# Kept by `haicap lock` and reviewed in git. Do not edit it by hand: what is here never moves,\n"
        "# because a machine's disks are where it is; `haicap rebalance` proposes moves.\n"
        "machines:\n  procedures-1:\n    hypervisor: hv1\n    address: 10.126.0.2\n"
        '    address6: "2001:db8:103::2"\n    root_gib: 3\n    disks:\n      data: 1\n'
        "  sharing-1:\n    hypervisor: hv2\n    address: 10.126.0.3\n"
        '    address6: "2001:db8:103::3"\n    root_gib: 20\n    removed: 2025-05-01\n'
    )


def test_cutovers_are_beside_the_keys(folder: Path, tmp_path: Path) -> None:
    write_cutovers(tmp_path / CUTOVERS, {"procedures": CUTOVER})
    assert read_locks(folder).cutovers == {}
    assert read_locks(folder, tmp_path / KEYS).cutovers == {"procedures": CUTOVER}


@pytest.mark.parametrize(
    "case",  # what was there, what is there now, the line, what is said
    [
        ("hypervisor: hv1", "hypervisor: HV 1", 5, "'HV 1' is not a DNS label"),
        ("    address: 10.126.0.2\n", "", 4, '"address" is missing'),
        ("address: 10.126.0.2", "address: 10.126.0.3", 13, "10.126.0.3 is also procedures-1/address  [lock-overlap]"),
        ('"2001:db8:103::2"', '"2001:db8:103:0::3"', 14, "is also procedures-1/address6  [lock-overlap]"),
        ("root_gib: 3", "root_gib: many", 8, "'many' is not a size in GiB"),
        ("data: 1", "data: 0", 10, "'0' is not a size in GiB"),
        ("removed: 2025-05-01", "removed: soon", 16, "'soon' is not a day"),
    ],
)
def test_damaged_machines(folder: Path, case: tuple[str, str, int, str]) -> None:
    old, new, line, said = case
    write_locks(folder, Locks(machines=PLACES))
    message = damage(folder, MACHINES, old, new)
    assert f"inventories/lam-dong/{MACHINES}:{line}  " in message
    assert said in message


@pytest.mark.parametrize(
    "wrong", ["2025-07-01", "2025-07-01T00:00:00+07:00", "2025-7-1T0:0:0Z", "2025-13-01T00:00:00Z"]
)
def test_damaged_cutovers(folder: Path, wrong: str) -> None:
    write_cutovers(folder / CUTOVERS, {"procedures": CUTOVER})
    assert f"'{wrong}' is not a moment in UTC" in damage(folder, CUTOVERS, '"2025-07-01T00:00:00Z"', f'"{wrong}"')


def test_a_cutover_on_its_way_back(folder: Path) -> None:
    returning = replace(CUTOVER, back="2025-07-03T08:00:00Z")
    write_cutovers(folder / CUTOVERS, {"procedures": returning})
    assert (folder / CUTOVERS).read_text().endswith('    back: "2025-07-03T08:00:00Z"\n')
    assert read_locks(folder).cutovers == {"procedures": returning}


def test_any_yaml_reader_reads_it(folder: Path, locks: Locks) -> None:
    write_locks(folder, locks)
    text = (folder / NAMES).read_text()
    assert text.startswith("# Kept by `haicap lock` and reviewed in git.")
    assert yaml.safe_load(text)["names"]["00002@2025-07-01"]["given"] == 'B\'Lao: "số" 2'


def test_a_value_a_line(folder: Path, locks: Locks) -> None:
    write_locks(folder, locks)
    lines = (folder / ADDRESSES).read_text().splitlines()
    assert "    uplink: 100.64.0.14/30" in lines
    assert "          printer: 10.64.0.126" in lines
    assert '        v6: "2001:db8:0:a::/64"' in lines


def test_links_and_modes_stay(folder: Path, tmp_path: Path, locks: Locks) -> None:
    (folder / ADDRESSES).symlink_to(tmp_path / "elsewhere.yml")
    write_locks(folder, locks)
    assert (folder / ADDRESSES).is_symlink() and (tmp_path / "elsewhere.yml").is_file()


def test_digest_tells_locks_apart(locks: Locks) -> None:
    assert locks_digest(locks) == locks_digest(
        replace(locks, members=dict(sorted(locks.members.items(), reverse=True)))
    )
    assert locks_digest(locks) != locks_digest(replace(locks, keys={"gw-00001": KEY}))
    assert locks_digest(Locks()).startswith("sha256:")


@pytest.mark.parametrize(
    "case",  # file, what was there, what is there now, the line, what is said
    [
        (ADDRESSES, "members:", "<<<<<<< HEAD\nmembers:", 3, "conflict markers are still in it  [lock-conflict]"),
        (ADDRESSES, "    uplink: 100.64.0.14/30", "  \tuplink: x", 5, "is not YAML"),
        (ADDRESSES, "100.64.0.14/30", "100.64.0.314/30", 5, "'100.64.0.314/30' is not an address  [lock-format]"),
        (ADDRESSES, "100.64.0.14/30", "100.64.0.14", 5, "is not an IPv4 address with its prefix length"),
        (ADDRESSES, "10.64.0.0/22", "10.64.1.0/22", 16, "'10.64.1.0/22' is not an IPv4 network"),
        (ADDRESSES, "10.64.0.0/22", "10.64.4.0/22", 42, "overlaps 00001@2025-07-01/block  [lock-overlap]"),
        (ADDRESSES, "10.64.0.0/25", "10.64.9.0/25", 26, "10.64.9.0/25 is not in the unit's block"),
        (ADDRESSES, "10.64.0.126", "10.64.1.126", 29, "is not an address for hosts of 10.64.0.0/25"),
        (ADDRESSES, "asn: 4200000003", "asn: 4200000004", 34, "4200000004 is also 00001@2025-07-01/asn"),
        (ADDRESSES, "asn: 4200000003", "asn: many", 8, "'many' is not an AS number"),
        (ADDRESSES, "    asn: 4200000003\n", "", 4, '"asn" is missing'),
        (ADDRESSES, "    asn: 4200000003\n", "    asn: 4200000003\n    extra: 1\n", 9, "unknown key"),
        (ADDRESSES, "00002@2025-07-01:", "00001@2025-07-01:", 30, '"00001@2025-07-01" is there twice'),
        (ADDRESSES, "removed: 2025-05-01", "removed: soon", 54, "'soon' is not a day"),
        (NAMES, "label: dong1", "label: blaoso2", 8, "blaoso2 is also 00001@2025-07-01/label"),
        (NAMES, "label: dong1", "label: Đồng", 5, "'Đồng' is not a DNS label"),
        (NAMES, "label: dong1", "label: {a: b}", 5, "holds keys and values, not one value"),
        (NAMES, "names:", "nomen:", 3, 'unknown key "nomen"'),
        (NAMES, "names:\n", "names: none\nx:\n", 3, '"names" holds text, not entries'),
        (NAMES, "names:\n", "- names:\n", 3, "holds a list or an alias"),
    ],
)
def test_damage_is_a_finding(folder: Path, locks: Locks, case: tuple[str, str, str, int, str]) -> None:
    file, old, new, line, said = case
    write_locks(folder, locks)
    message = damage(folder, file, old, new)
    assert f"inventories/lam-dong/{file}:{line}  " in message
    assert said in message
    assert "`haicap lock lam-dong`" in message


def test_damaged_keys_and_bytes(folder: Path) -> None:
    write_keys(folder / KEYS, {"gw-00001": KEY})
    assert "is not a WireGuard public key" in damage(folder, KEYS, KEY.wireguard, "short")
    (folder / KEYS).write_bytes(b"keys:\n  \xff")
    with pytest.raises(FindingsError, match="is not UTF-8"):
        read_locks(folder)
    (folder / KEYS).write_bytes(b"text\n")
    with pytest.raises(FindingsError, match="holds text"):
        read_locks(folder)


def test_failed_write_leaves_the_old_file(folder: Path, locks: Locks, monkeypatch: pytest.MonkeyPatch) -> None:
    write_locks(folder, Locks())
    before = (folder / ADDRESSES).read_bytes()

    def fail(_descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write_locks(folder, locks)
    assert (folder / ADDRESSES).read_bytes() == before and len(list(folder.iterdir())) == 2
