"""A personnel office's table as rows of cells, from a CSV or XLSX file."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from typing import NamedTuple

from haicap.errors import HaicapError
from haicap.inventory.limits import MAX_BYTES

_MAX_ROWS = 100_000  # a province has about 10,000 people
_DELIMITERS = ";\t,"


class Row(NamedTuple):
    """A row's number in the file, counted from 1, and its cells: texts, numbers, dates or None."""

    number: int
    cells: tuple[object, ...]


class Table(NamedTuple):
    """A file's name as findings say it, and its rows that hold something; the headings are among them."""

    file: str
    rows: tuple[Row, ...]


def read_table(path: Path) -> Table:
    """A CSV or XLSX file's (first) sheet. Raises HaicapError with the way out when the file cannot be read."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise HaicapError(f"{path}: more than {MAX_BYTES // 1_000_000} MB; split the table.")
        found = _read_xlsx(path) if path.suffix.lower() == ".xlsx" else _read_csv(path)
    except OSError as error:
        raise HaicapError(f"{path}: {error.strerror}.") from error
    rows = tuple(row for row in found if any(cell not in (None, "") for cell in row.cells))
    if not rows:
        raise HaicapError(f"{path}: the table is empty; save the sheet with the people first.")
    return Table(path.name, rows)


def _read_csv(path: Path) -> list[Row]:
    """Rows by the line they end in; the delimiter is the one that stands most often in the first lines."""
    text = _decode(path)
    head = "\n".join(text.splitlines()[:20])
    delimiter = max(_DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    try:
        for cells in reader:
            rows.append(Row(reader.line_num, tuple(cell.strip() for cell in cells)))
            _limit(path, rows)
    except csv.Error as error:
        raise HaicapError(f"{path}:{reader.line_num}: this is not CSV ({error}); save the table again.") from error
    return rows


def _decode(path: Path) -> str:
    data = path.read_bytes()
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise HaicapError(f"{path}: this is an Excel or zip file, not CSV; save it as .xlsx or as CSV UTF-8.")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise HaicapError(f"{path}:{line}: this is neither UTF-8 nor UTF-16; save it as CSV UTF-8.") from error


def _read_xlsx(path: Path) -> list[Row]:
    """The active sheet's rows."""
    import openpyxl  # takes a fifth of a second: not for every other verb

    try:
        sheet = openpyxl.load_workbook(path, read_only=True, data_only=True).active
        rows: list[Row] = []
        for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
            rows.append(Row(number, tuple(cell.strip() if isinstance(cell, str) else cell for cell in cells)))
            _limit(path, rows)
    except (zipfile.BadZipFile, KeyError, ValueError, AttributeError, openpyxl.utils.exceptions.InvalidFileException):
        raise HaicapError(
            f"{path}: this is not an Excel sheet (.xlsx); save the table again, or as CSV UTF-8."
        ) from None
    return rows


def _limit(path: Path, rows: list[Row]) -> None:
    if len(rows) > _MAX_ROWS:
        raise HaicapError(f"{path}: more than {_MAX_ROWS} rows; remove the empty ones below the table.")
