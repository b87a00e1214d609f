"""A personnel office's table: headings, dates, units, findings by row, differences, and files as offices save them."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest

from haicap.errors import HaicapError
from haicap.inventory.model import Inventory
from haicap.inventory.staff import Person, Staff
from haicap.inventory.staff_changes import apply_changes, differences
from haicap.inventory.staff_import import StaffTable, read_people
from haicap.inventory.staff_loader import load_with_staff
from haicap.inventory.staff_table import Row, Table, read_table

BASE = Path(__file__).parents[2] / "errors/base"
HEADINGS = ("Số hiệu", "Họ và tên", "Chức vụ", "Đơn vị", "Từ ngày", "Đến ngày", "Địa chỉ thư cũ")
HAI = ("68-001", "Nguyễn Văn Hải", "Chủ tịch UBND", "24958", "01/07/2025", "", "")
LAN_BEFORE = ("68-002", "Trần Thị Lan", "Công chức một cửa", "24958", "01/07/2025", "31/12/2025", "")
LAN = ("68-002", "Trần Thị Lan", "Chuyên viên", "23053", "01/01/2026", "", "")
BREU = ("68-003", "K'Brếu", "Chuyên viên", "24958", "01/07/2025", "", "")
LE = ("68-101", "Lê Văn Hải", "Chủ tịch UBND", "23053", "01/07/2025", "", "")


@pytest.fixture(scope="module")
def base() -> tuple[Inventory, Staff]:
    """The small inventory `x` and its staff."""
    return load_with_staff(BASE, "x")


def table(*rows: tuple[object, ...], headings: tuple[object, ...] = HEADINGS) -> Table:
    return Table("people.csv", tuple(Row(number, cells) for number, cells in enumerate((headings, *rows), 1)))


def said(found: StaffTable) -> list[str]:
    return [f"{one.file}:{one.line} {one.subject}: {one.reason} [{one.rule}]" for one in found.findings]


def one(base: tuple[Inventory, Staff], *cells: object, headings: tuple[object, ...] = HEADINGS) -> Person:
    """The one person of a table of one row."""
    found = read_people(table(cells, headings=headings), base[0])
    assert said(found) == []
    return next(iter(found.people.values()))[0]


def test_a_row_is_a_person(base: tuple[Inventory, Staff]) -> None:
    cells = (
        " 68-001 ",
        "Nguyễn  Văn\u00a0Hải",
        "Chủ tịch",
        "24958",
        "1/7/2025",
        "31/12/2025",
        "HaiNV@daknong.gov.vn; a@daknong.gov.vn",
    )
    assert one(base, *cells) == Person(
        id="68-001",
        name="Nguyễn Văn Hải",
        position="Chủ tịch",
        **{"from": date(2025, 7, 1)},
        until=date(2025, 12, 31),
        former_addresses=("hainv@daknong.gov.vn", "a@daknong.gov.vn"),
    )


def test_texts_become_nfc(base: tuple[Inventory, Staff]) -> None:
    spread = [unicodedata.normalize("NFD", cell) for cell in HAI]
    headings = tuple(unicodedata.normalize("NFD", cell) for cell in HEADINGS)
    assert one(base, *spread, headings=headings).name == "Nguyễn Văn Hải"


@pytest.mark.parametrize(
    "headings",
    [
        ("MÃ NHÂN VIÊN", "Họ tên (chữ in hoa)", "Chức danh", "Đơn vị công tác", "Từ ngày:", "Đến ngày", "Thư cũ"),
        ("so hieu", "ho va ten", "chuc vu", "don vi", "tu ngay", "den ngay", "dia chi thu cu"),
        ("Staff number", "Full name", "Position", "Unit", "From", "Until", "Former addresses"),
    ],
)
def test_headings(headings: tuple[str, ...], base: tuple[Inventory, Staff]) -> None:
    assert one(base, *HAI, headings=headings).id == "68-001"


@pytest.mark.parametrize(
    "cell",
    [
        "01/07/2025",
        "1-7-2025",
        "1.7.2025",
        "2025-07-01",
        date(2025, 7, 1),
        datetime(2025, 7, 1),
        45839,
        45839.0,
        "45839",
    ],
)
def test_dates(cell: object, base: tuple[Inventory, Staff]) -> None:
    assert one(base, *HAI[:4], cell).valid_from == date(2025, 7, 1)


@pytest.mark.parametrize(
    "cell",
    [
        "24958",
        24958,
        24958.0,
        "Đức Trọng",
        "xã Đức Trọng",
        "UBND xã Đức Trọng",
        "Ủy ban nhân dân xã Đức Trọng",
        "duc trong",
        "XA DUC TRONG",
    ],
)
def test_units(cell: object, base: tuple[Inventory, Staff]) -> None:
    found = read_people(table((*HAI[:3], cell, *HAI[4:])), base[0])
    assert (said(found), list(found.people)) == ([], ["24958"])


def test_numbers_as_excel_keeps_them(base: tuple[Inventory, Staff]) -> None:
    assert one(base, 1024.0, *HAI[1:]).id == "1024"


def test_every_bad_row_is_reported(base: tuple[Inventory, Staff]) -> None:
    rows = (
        ("", "Không Số", "Chuyên viên", "24958", "32/07/2025", "", ""),
        ("68-001", "Người Khác", "", "Đức Trọg", "01/07/2025", "", ""),
        ("68 9", "Ẩn\u200bDanh", "Chuyên viên", "", "01/07/2025", "", "hai"),
        HAI,
        ("68-001", "Lê Thị Hoa", "Chuyên viên", "23041", "01/08/2025", "01/07/2025", "x@gmail.com"),
        (),
    )
    assert said(read_people(table(*rows), base[0])) == [
        'people.csv:2 person "Không Số": Số hiệu: the cell is empty; fill it in [missing-key]',
        'people.csv:2 person "Không Số": Từ ngày: the text "32/07/2025" is not a date; write day/month/year, such as '
        "01/07/2025 [bad-date]",
        'people.csv:3 person 68-001 "Người Khác": Chức vụ: the cell is empty; fill it in [missing-key]',
        'people.csv:3 person 68-001 "Người Khác": there is no unit "Đức Trọg"; did you mean Đức Trọng? [table-unit]',
        'people.csv:4 person 68 9 "Ẩn<U+200B>Danh": Số hiệu: the text "68 9" is not a staff number: letters, digits, '
        "inner dots and hyphens, at most 32 characters [bad-format]",
        'people.csv:4 person 68 9 "Ẩn<U+200B>Danh": Địa chỉ thư cũ: the text "hai" is not a mail address in lower '
        "case, such as hainv@lacduong.lamdong.gov.vn [bad-format]",
        'people.csv:4 person 68 9 "Ẩn<U+200B>Danh": Họ và tên: holds the invisible character U+200B; retype it '
        "[table-character]",
        'people.csv:4 person 68 9 "Ẩn<U+200B>Danh": the unit\'s cell is empty; write its code or name [table-unit]',
        'people.csv:6 person 68-001 "Lê Thị Hoa": the number is also that of "Nguyễn Văn Hải" on 2025-08-01 (line 5); '
        "give each person a number of their own, or correct the name [staff-number]",
        'people.csv:6 person 68-001 "Lê Thị Hoa": until 2025-07-01 is before from 2025-08-01; swap or correct them '
        "[staff-dates]",
        'people.csv:6 person 68-001 "Lê Thị Hoa": x@gmail.com is not inside lamdong.gov.vn or binhthuan.gov.vn or '
        "daknong.gov.vn; add its domain to legacy_domains or remove it [former-address]",
    ]


def test_a_unit_name_that_two_have(lam_dong: Inventory) -> None:
    twins = [
        unit.model_copy(update={"name": name})
        for unit, name in zip(lam_dong.units, ("Cẩm Giang", "Cẩm Giàng"), strict=False)
    ]
    inventory = lam_dong.model_copy(update={"units": tuple(twins)})
    found = read_people(table((*HAI[:3], "cam giang", *HAI[4:]), (*LE[:3], "Cẩm Giàng", *LE[4:])), inventory)
    codes = " and ".join(unit.code for unit in twins)
    assert [one.reason for one in found.findings] == [f'"cam giang" is the name of {codes}; write the code']
    assert list(found.people) == [twins[1].code]


def test_headings_that_are_missing_or_there_twice(base: tuple[Inventory, Staff]) -> None:
    found = read_people(
        table(headings=("Số hiệu", "Họ và tên", "Chức vu", "Mã nhân viên", "Từ ngay", "Phòng")), base[0]
    )
    assert said(found) == [
        'people.csv:1 : there is no column "Đơn vị" (unit); name the one that holds it so (not understood: "Phòng") '
        "[table-heading]",
        'people.csv:1 : "Mã nhân viên" is a second column for "id"; remove or rename one [table-heading]',
    ]
    assert found.ignored == ("Mã nhân viên", "Phòng")


def test_a_table_without_headings(base: tuple[Inventory, Staff]) -> None:
    found = read_people(table(headings=HAI), base[0])
    assert [one.rule for one in found.findings] == ["table-heading"]


def test_no_difference(base: tuple[Inventory, Staff]) -> None:
    found = read_people(table(HAI, LAN_BEFORE, BREU, LAN, LE), base[0])
    assert said(found) == []
    assert differences(base[1], found) == ()


def test_differences_and_what_they_make(base: tuple[Inventory, Staff]) -> None:
    inventory, staff = base
    breu_moved = ("68-003", "K'Brếu", "Chuyên viên", "23041", "15/03/2026", "", "")
    new = ("68-200", "Võ Thị Mai", "Kế toán", "24958", "01/03/2026", "", "")
    found = read_people(table((*HAI[:2], "Bí thư", *HAI[3:]), new, LAN, breu_moved), inventory)
    changes = differences(staff, found)
    assert [(c.kind, c.unit, (c.after or c.before).id, c.after and c.after.until) for c in changes] == [
        ("added", "23041", "68-003", None),
        ("left", "23053", "68-101", None),
        ("changed", "24958", "68-001", None),
        ("left", "24958", "68-003", date(2026, 3, 14)),
        ("added", "24958", "68-200", None),
    ]
    assert changes[1].after is None
    after = apply_changes(staff, changes, date(2026, 6, 30))
    assert [(p.id, p.until) for p in after.units["24958"].people] == [
        ("68-001", None),
        ("68-002", date(2025, 12, 31)),
        ("68-003", date(2026, 3, 14)),
        ("68-200", None),
    ]
    assert after.units["24958"].people[2].former_addresses == staff.units["24958"].people[2].former_addresses
    assert [(p.id, p.until) for p in after.units["23053"].people] == [("68-002", None), ("68-101", date(2026, 6, 30))]
    again = read_people(table((*HAI[:2], "Bí thư", *HAI[3:]), new, LAN, breu_moved), inventory)
    assert differences(after, again) == ()


def test_who_comes_back_is_added(base: tuple[Inventory, Staff]) -> None:
    back = (*LAN_BEFORE[:4], "01/05/2026", "", "")
    changes = differences(base[1], read_people(table(HAI, BREU, back), base[0]))
    assert [(change.kind, change.unit) for change in changes] == [("added", "24958")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv(encoding: str, delimiter: str, tmp_path: Path, base: tuple[Inventory, Staff]) -> None:
    rows = [("DANH SÁCH",), (), HEADINGS, HAI, (), BREU]
    path = tmp_path / "people.csv"
    path.write_bytes("\r\n".join(delimiter.join(row) for row in rows).encode(encoding))
    read = read_table(path)
    assert [row.number for row in read.rows] == [1, 3, 4, 6]
    assert [person.id for person in read_people(read, base[0]).people["24958"]] == ["68-001", "68-003"]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.csv", b"", "the table is empty; save the sheet with the people first."),
        (
            "a.csv",
            "Họ tên\n".encode("cp1258", "replace") + b"\xe3",
            "this is neither UTF-8 nor UTF-16; save it as CSV UTF-8.",
        ),
        ("a.csv", b"PK\x03\x04", "this is an Excel or zip file, not CSV; save it as .xlsx or as CSV UTF-8."),
        ("a.csv", b'a,"b\n', "this is not CSV (unexpected end of data); save the table again."),
        ("a.csv", b"x" * 9_000_000, "more than 8 MB; split the table."),
        ("a.csv", b"x\n" * 100_001, "more than 100000 rows; remove the empty ones below the table."),
    ],
)
def test_files_that_cannot_be_read(name: str, data: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(HaicapError) as caught:
        read_table(tmp_path / name)
    assert str(caught.value).startswith(str(tmp_path / name))
    assert str(caught.value).endswith(words)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(HaicapError, match="No such file or directory"):
        read_table(tmp_path / "people.csv")


def test_xlsx(tmp_path: Path, base: tuple[Inventory, Staff]) -> None:
    book = openpyxl.Workbook()
    for row in (
        ("DANH SÁCH",),
        (),
        HEADINGS,
        (1024, *HAI[1:3], 24958, datetime(2025, 7, 1)),
        (1025.0, *HAI[1:3], "Đức Trọng", 45839),
    ):
        book.active.append(row)
    book.save(tmp_path / "people.xlsx")
    found = read_people(read_table(tmp_path / "people.xlsx"), base[0])
    assert said(found) == []
    assert [(person.id, person.valid_from) for person in found.people["24958"]] == [
        ("1024", date(2025, 7, 1)),
        ("1025", date(2025, 7, 1)),
    ]


@pytest.mark.parametrize("data", [b"no", b"PK\x03\x04" + b"x" * 100])
def test_a_file_that_is_no_sheet(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "people.xlsx").write_bytes(data)
    with pytest.raises(HaicapError, match="this is not an Excel sheet"):
        read_table(tmp_path / "people.xlsx")
