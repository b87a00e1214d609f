"""`haicap staff`: who has which address, and a table of a personnel office from preview to files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

HEADINGS = "Số hiệu;Họ và tên;Chức vụ;Từ ngày;Đến ngày;Đơn vị"
STAFF = """\
unit: "24958"
people:
  - {id: "1", name: Nguyễn Văn Hải, position: Chuyên viên, from: 2025-07-01}
  - {id: "2", name: Nguyễn Văn Hai, position: Kế toán, from: 2025-07-01, until: 2026-06-30}
  - {id: "3", name: Trần Thị Đào, position: Chuyên viên, from: 2025-07-01}
mailboxes:
  - {role: motcua, title: Bộ phận Một cửa, members: ["1"]}
"""


@pytest.fixture
def staffed(folder: Path) -> Path:
    """A province with the staff of one unit."""
    path = folder / "inventories" / "lam-dong" / "staff" / "24958.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(STAFF, encoding="utf-8")
    return path


def _table(folder: Path, *rows: str) -> str:
    path = folder / "people.csv"
    path.write_text("\n".join([HEADINGS, *rows]) + "\n", encoding="utf-8-sig")
    return str(path)


def test_addresses_come_with_the_lock_and_homonyms_have_numbers(run, staffed):
    before = json.loads(run("staff", "list", "--unit", "24958", "--json").stdout)["people"]
    assert {row["address"] for row in before} == {None}
    assert "3 accounts" in run("staff", "list", "--as-of", "2025-08-01").stdout
    assert run("lock").exit_code == 0
    rows = json.loads(run("staff", "list", "--as-of", "2026-07-15", "--json").stdout)["people"]
    assert [(row["number"], row["address"], row["stage"]) for row in rows] == [
        ("1", "hainv.ductrong@lamdong.gov.vn", "live"),
        ("2", "hainv2.ductrong@lamdong.gov.vn", "frozen"),
        ("3", "daott.ductrong@lamdong.gov.vn", "live"),
    ]
    assert run("lock", "--check").exit_code == 0
    lock = staffed.parents[1] / "mail.lock.yml"
    assert "motcua.ductrong@lamdong.gov.vn" in lock.read_text(encoding="utf-8")


def test_without_staff_there_is_no_mail_lock(run, locked):
    assert not (locked / "inventories" / "lam-dong" / "mail.lock.yml").exists()


def test_a_table_is_shown_asked_about_and_written(run, staffed, folder):
    table = _table(
        folder,
        "1;Nguyễn Văn Hải;Phó Chủ tịch UBND;01/07/2025;;24958",
        "2;Nguyễn Văn Hai;Kế toán;01/07/2025;30/06/2026;Đức Trọng",
        "4;Lê Thị Mai;Chuyên viên;15/11/2026;;xã Đức Trọng",
    )
    done = run("staff", "import", table)
    assert done.exit_code == 3
    assert staffed.read_text(encoding="utf-8") == STAFF
    done = run("staff", "import", table, "--last-day", "2026-11-14", "--yes")
    assert done.exit_code == 0
    assert done.stdout == (
        "24958  Đức Trọng\n"
        "  ~ 1 Nguyễn Văn Hải: position Chuyên viên -> Phó Chủ tịch UBND\n"
        "  - 3 Trần Thị Đào, last day 2026-11-14\n"
        "  + 4 Lê Thị Mai, Chuyên viên, from 2026-11-15\n"
        "1 come, 1 change, 1 leave\n"
    )
    assert '{id: "3", name: Trần Thị Đào, position: Chuyên viên, from: 2025-07-01, until: 2026-11-14}' in (
        staffed.read_text(encoding="utf-8")
    )
    assert run("check").exit_code == 0
    again = json.loads(run("staff", "import", table, "--yes", "--json").stdout)
    assert (again["changes"], again["written"]) == ([], [])


def test_one_bad_row_changes_nothing_and_all_are_told(run, staffed, folder):
    table = _table(
        folder, "4;Lê Thị Mai;Chuyên viên;15/11/2026;;24958", ";Lê A;Chuyên viên;31/02/2026;;24958", "5;7;x;;;1"
    )
    done = run("staff", "import", table, "--yes")
    assert done.exit_code == 1
    assert staffed.read_text(encoding="utf-8") == STAFF
    assert 'people.csv:3  person "Lê A"\n  Số hiệu: the cell is empty' in done.stderr
    assert "people.csv:4" in done.stderr
    assert done.stderr.endswith("Nothing was changed. Mend these rows and import the table again.\n")


def test_a_table_that_is_not_there(run, staffed):
    done = run("staff", "import", "nosuch.xlsx", "--yes")
    assert (done.exit_code, done.stderr) == (1, "nosuch.xlsx: No such file or directory.\n")
