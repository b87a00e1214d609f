"""People from a personnel office's table, and what is wrong with it, row by row.

Pure. A row becomes what its line in a staff file would be, and is held against the same schema and the same rules.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from haicap.errors import Finding
from haicap.inventory.marks import FileMarks, Node
from haicap.inventory.model import Inventory, Unit
from haicap.inventory.naming import fold
from haicap.inventory.reading import validate
from haicap.inventory.rules import check_staff
from haicap.inventory.rules.base import did_you_mean
from haicap.inventory.rules.staff import StaffFile
from haicap.inventory.scalars import hidden, nfc, shown
from haicap.inventory.staff import Person, UnitStaff
from haicap.inventory.staff_table import Row, Table

_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "id": (
        "ma nhan vien", "so hieu", "ma so", "ma nv", "ma can bo", "ma cong chuc", "so hieu cong chuc", "ma dinh danh",
        "id", "staff number", "staff id", "employee id", "employee number",
    ),
    "name": ("ho va ten", "ho ten", "ten nhan vien", "name", "full name"),
    "position": ("chuc vu", "chuc danh", "vi tri viec lam", "chuc vu chuc danh", "position", "job title"),
    "from": ("tu ngay", "ngay bat dau", "from", "from date", "start date"),
    "until": ("den ngay", "ngay ket thuc", "until", "to", "to date", "end date"),
    "unit": ("don vi", "ma don vi", "co quan", "don vi cong tac", "unit", "unit code"),
    "former_addresses": (
        "dia chi thu cu", "thu cu", "thu dien tu cu", "email cu", "dia chi email cu", "former address",
        "former addresses", "old address", "old email",
    ),
}  # fmt: skip
_NEEDED = {"id": "Số hiệu", "name": "Họ và tên", "position": "Chức vụ", "from": "Từ ngày", "unit": "Đơn vị"}
_BY_HEADING = {heading: key for key, headings in _HEADINGS.items() for heading in headings}
_HEADING_ROWS = 20  # headings stand below a title, not below the people
_VIETNAMESE_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_EXCEL_FIRST = date(1899, 12, 30)  # Excel counts days from here; five digits are 1927 to 2173
_KINDS = {"commune": "xã", "ward": "phường", "special_zone": "đặc khu"}
_COMMITTEE = re.compile(r"^(ubnd|[uủ][yỷ] ban nh[aâ]n d[aâ]n)\s+", re.IGNORECASE)
_KIND = re.compile(r"^(x[aã]|ph[uư][oờ]ng|[dđ][aặ]c khu)\s+", re.IGNORECASE)


@dataclass(frozen=True)
class StaffTable:
    """What a table says: people by unit code, the headings that were not used, and what is wrong, by row."""

    people: Mapping[str, tuple[Person, ...]]
    ignored: tuple[str, ...]
    findings: tuple[Finding, ...]


def read_people(table: Table, inventory: Inventory) -> StaffTable:
    """The table's people, and a finding for everything that is wrong in it.

    Columns are known by their headings, Vietnamese or English, accents or not. A unit is its code or its name.
    """
    heading = next((row for row in table.rows[:_HEADING_ROWS] if len(_columns(row)) > 1), None)
    if heading is None:
        reason = f"no row holds the headings; name the columns {', '.join(_NEEDED.values())}"
        return StaffTable({}, (), (Finding(table.file, 0, "", reason, "table-heading"),))
    columns = _columns(heading)
    ignored = tuple(str(cell) for i, cell in enumerate(heading.cells) if cell and i not in columns.values())
    findings = [*_heading_findings(table.file, heading, columns)]
    if findings:
        return StaffTable({}, ignored, tuple(findings))
    units = _UnitNames(inventory.units)
    files: dict[str, list[tuple[Person, Node]]] = defaultdict(list)
    for row in (row for row in table.rows if row.number > heading.number):
        cells = {key: row.cells[i] if i < len(row.cells) else None for key, i in columns.items()}
        if all(cell in (None, "") for cell in cells.values()):
            continue
        node = _node(cells, row.number)
        person, reasons = _person(node, heading, columns)
        unit, problem = units.find(cells["unit"])
        reasons += [problem] if problem else []
        findings += (Finding(table.file, row.number, _subject(node), reason, rule) for rule, reason in reasons)
        if person is not None and unit is not None:
            files[unit].append((person, node))
    findings += check_staff(tuple(_staff_files(table.file, files)), inventory)
    return StaffTable({unit: tuple(p for p, _ in files[unit]) for unit in sorted(files)}, ignored, tuple(findings))


def _columns(row: Row) -> dict[str, int]:
    """Where each known heading stands, by key; the first of two."""
    found: dict[str, int] = {}
    for i, cell in enumerate(row.cells):
        key = _BY_HEADING.get(_heading(cell))
        if key is not None:
            found.setdefault(key, i)
    return found


def _heading(cell: object) -> str:
    """`Họ và tên (chữ in hoa)` -> `ho va ten`"""
    text = re.sub(r"\(.*?\)", " ", fold(str(cell or "")))
    return " ".join(re.findall(r"[a-z0-9]+", text))


def _heading_findings(file: str, row: Row, columns: Mapping[str, int]) -> Iterator[Finding]:
    """Columns that are missing, or there twice."""
    others = [str(cell) for i, cell in enumerate(row.cells) if cell and i not in columns.values()]
    unknown = ", ".join(f'"{shown(cell)}"' for cell in others if _heading(cell) not in _BY_HEADING) or "none"
    for key, name in _NEEDED.items():
        if key not in columns:
            reason = f'there is no column "{name}" ({key}); name the one that holds it so (not understood: {unknown})'
            yield Finding(file, row.number, "", reason, "table-heading")
    for cell in others:
        if known := _BY_HEADING.get(_heading(cell)):
            reason = f'"{shown(cell)}" is a second column for "{known}"; remove or rename one'
            yield Finding(file, row.number, "", reason, "table-heading")


def _node(cells: Mapping[str, object], line: int) -> Node:
    """A row as a person's entry in a file would be read."""
    texts = {key: _text(cells[key]) for key in ("id", "name", "position")}
    texts |= {key: _date(cells.get(key)) for key in ("from", "until")}
    entry = {key: Node(text, line) for key, text in texts.items() if text}
    addresses = re.split(r"[\s,;]+", _text(cells.get("former_addresses")).lower())
    entry["former_addresses"] = Node([Node(address, line) for address in addresses if address], line)
    return Node(entry, line)


def _text(cell: object) -> str:
    """A cell's text in NFC with single spaces; whole numbers without `.0`."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return " ".join(nfc(str(cell)).split()) if cell is not None else ""


def _date(cell: object) -> str:
    """A date as year-month-day: from a date, Excel's count of days, 01/07/2025 or 2025-07-01; else the text itself."""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    text = _text(cell)
    if re.fullmatch(r"[1-9][0-9]{4}", text):
        return (_EXCEL_FIRST + timedelta(days=int(text))).isoformat()
    if found := _VIETNAMESE_DATE.fullmatch(text):
        day, month, year = map(int, found.groups())
        with suppress(ValueError):  # 31/02/2025: the schema says so
            return date(year, month, day).isoformat()
    return text


def _person(node: Node, heading: Row, columns: Mapping[str, int]) -> tuple[Person | None, list[tuple[str, str]]]:
    """A row's person, or what is wrong, as (rule, reason) with the column's own heading."""
    person, problems = validate(Person, node)
    reasons = []
    for problem in problems:
        column = heading.cells[columns[str(problem.path[0])]]
        words = "the cell is empty; fill it in" if problem.rule == "missing-key" else problem.reason
        if problem.rule == "bad-date":
            words = words.replace("year-month-day, such as 2025-07-01", "day/month/year, such as 01/07/2025")
        reasons.append((problem.rule, f"{shown(str(column))}: {words}"))
    for key in ("id", "name", "position"):
        found = node.child(key)
        if found is not None and (unseen := hidden(found.value)):
            reasons.append(("table-character", f"{shown(str(heading.cells[columns[key]]))}: holds {unseen}; retype it"))
    return person, reasons


def _subject(node: Node) -> str:
    """`person 1024 "Nguyễn Văn Hải"`, as far as the row says."""
    number, name = node.child("id"), node.child("name")
    words = ["person", *([shown(number.value)] if number else []), *([f'"{shown(name.value)}"'] if name else [])]
    return " ".join(words) if len(words) > 1 else ""


def _staff_files(file: str, found: Mapping[str, list[tuple[Person, Node]]]) -> Iterator[StaffFile]:
    """The table as staff files, so that the rules say the table's rows."""
    for unit, entries in found.items():
        people = tuple(person for person, _ in entries)
        marks = FileMarks(file, Node({"people": Node([node for _, node in entries], 0)}, 0))
        yield StaffFile(unit, UnitStaff(unit=unit, people=people), marks, frozenset(person.id for person in people))


class _UnitNames:
    """Units by what a table may call them."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._codes = {unit.code for unit in units}
        self._known = {unit.name for unit in units}
        self._names: dict[str, dict[str, None]] = defaultdict(dict)
        for unit in units:
            name = nfc(unit.name).lower()
            for form in (name, f"{_KINDS[unit.kind]} {name}"):
                self._names[form][unit.code] = None
                self._names[fold(form)][unit.code] = None

    def find(self, cell: object) -> tuple[str | None, tuple[str, str] | None]:
        """A cell's unit code, or (rule, reason). The name with accents goes before the name without."""
        text = _text(cell)
        if not text:
            return None, ("table-unit", "the unit's cell is empty; write its code or name")
        code = text.zfill(5) if text.isdecimal() else text
        if code in self._codes:
            return code, None
        name = _COMMITTEE.sub("", text)
        bare = _KIND.sub("", name)
        for form in (name.lower(), bare.lower(), fold(name), fold(bare)):
            codes = list(self._names.get(form, ()))
            if len(codes) == 1:
                return codes[0], None
            if codes:
                reason = f'"{shown(text)}" is the name of {" and ".join(codes)}; write the code'
                return None, ("table-unit", reason)
        near = did_you_mean(bare, self._known)
        way_out = near if near.startswith("; did you mean") else "; write the code or the name as in units.yml"
        return None, ("table-unit", f'there is no unit "{shown(text)}"{way_out}')
