"""Staff files: what is read of them, how fast, and whom a new inventory invents."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from pathlib import Path

import pytest

from haicap.errors import FindingsError
from haicap.inventory.loader import inventory_digest, load
from haicap.inventory.model import Inventory
from haicap.inventory.staff import Staff
from haicap.inventory.staff_loader import load_staff, load_with_staff

BASE = Path(__file__).parents[2] / "errors/base"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of a small inventory, `x`."""
    shutil.copytree(BASE, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_a_province_without_a_staff_folder_has_no_staff(folder: Path) -> None:
    before = inventory_digest(load(folder, "x"))
    shutil.rmtree(folder / "inventories/x/staff")
    inventory, staff = load_with_staff(folder, "x")
    assert staff == Staff()
    assert inventory_digest(inventory) == before


def test_units_without_a_file_have_no_staff(folder: Path) -> None:
    staff = load_staff(folder, "x", load(folder, "x"))
    assert sorted(staff.units) == ["23053", "24958"]
    assert staff.units["24958"].people[2].name == "K'Brếu"


def test_staff_can_be_written_and_read_again(lam_dong_folder: Path, lam_dong: Inventory) -> None:
    staff = load_staff(lam_dong_folder, "lam-dong", lam_dong)
    assert Staff.model_validate_json(staff.model_dump_json(by_alias=True)) == staff


def test_a_province_is_read_in_little_time(lam_dong_folder: Path, lam_dong: Inventory) -> None:
    start = time.process_time()
    load_staff(lam_dong_folder, "lam-dong", lam_dong)
    assert time.process_time() - start < 3  # it takes about 0.5 s


def test_thousands_with_one_number_do_not_take_long(folder: Path) -> None:
    person = '  - {id: "1", name: Lê Văn An, position: Chuyên viên, from: 2025-07-01}\n'
    (folder / "inventories/x/staff/23041.yml").write_text('unit: "23041"\npeople:\n' + person * 4_000, "utf-8")
    with pytest.raises(FindingsError) as caught:
        load_with_staff(folder, "x")
    assert {finding.rule for finding in caught.value.findings} == {"one-unit"}
    assert len(caught.value.findings) == 3_999


def test_a_number_that_is_no_text_has_no_place_in_a_heading(folder: Path) -> None:
    (folder / "inventories/x/staff/23041.yml").write_text('unit: "23041"\npeople: [{id: {a: 1}, name: [x]}]\n')
    with pytest.raises(FindingsError, match=r"23041\.yml:2  person number 1\n"):
        load_with_staff(folder, "x")


def test_the_invented_people_of_a_unit(lam_dong_folder: Path, lam_dong: Inventory) -> None:
    staff = load_staff(lam_dong_folder, "lam-dong", lam_dong)
    unit = staff.units["24958"]
    assert [person.position for person in unit.people[:3]] == [
        "Chủ tịch UBND",
        "Phó Chủ tịch UBND",
        "Phó Chủ tịch UBND",
    ]
    assert [mailbox.role for mailbox in unit.mailboxes] == ["ubnd", "motcua", "vanphong"]
    assert all(address.endswith(".gov.vn") for person in unit.people for address in person.former_addresses)
    homonyms = sum(count - 1 for one in staff.units.values() for count in Counter(p.name for p in one.people).values())
    assert 50 < homonyms < 500
    former = sum(bool(person.former_addresses) for one in staff.units.values() for person in one.people)
    assert 500 < former < 2_000
