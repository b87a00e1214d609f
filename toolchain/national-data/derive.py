"""Derive haicap's national data from the PyPI package vietnamadminunits 1.0.4 (MIT).

Run: `python toolchain/national-data/derive.py UNPACKED_WHEEL`, where UNPACKED_WHEEL holds `vietnamadminunits/data/`
(`pip download --no-deps vietnamadminunits==1.0.4`, then unzip). Writes `src/haicap/data/*.csv.gz`, byte for byte the
same on every run, and stops when the totals are not those of the resolutions of June 2025.
"""

from __future__ import annotations

import gzip
import json
import sqlite3
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parents[2] / "src/haicap/data"
NEW_KINDS = {"Xã": "commune", "Phường": "ward", "Đặc khu": "special_zone"}
OLD_KINDS = {"Xã": "commune", "Phường": "ward", "Thị trấn": "township"}
EXPECTED = {
    "units": 3321,
    "commune": 2621,
    "ward": 687,
    "special_zone": 13,
    "provinces": 34,
    "communes": 10035,
    "split": 471,
}
Row = dict[str, Any]


def read_table(database: Path, table: str) -> list[Row]:
    """All rows of one SQLite table, text in NFC."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        connection.row_factory = sqlite3.Row
        rows = connection.execute(f"select * from {table}").fetchall()  # noqa: S608 - our own names
    return [{key: nfc(row[key]) for key in row.keys()} for row in rows]  # noqa: SIM118 - a Row is no dict


def nfc(value: Any) -> Any:
    """Text in NFC; anything else as it is."""
    return unicodedata.normalize("NFC", value) if isinstance(value, str) else value


def write(name: str, header: str, rows: Iterable[Iterable[object]]) -> None:
    """Write one table, gzipped without a time stamp so that the bytes depend on the content only."""
    lines = [[str(value) for value in row] for row in [header.split(), *sorted(tuple(row) for row in rows)]]
    if any(char in value for line in lines for value in line for char in ',"\n'):
        raise SystemExit(f"{name}: a value holds a comma, a quote or a line break; the reader splits at commas")
    text = "".join(",".join(line) + "\n" for line in lines)
    (TARGET / f"{name}.csv.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def province_kind(name: str) -> str:
    """`Thành phố ...` is a city, `Tỉnh ...` a province."""
    return "city" if name.startswith("Thành phố") else "province"


def provinces_table(new: list[Row]) -> list[tuple[object, ...]]:
    """One row a province; its area is the sum of its units'."""
    area: Counter[str] = Counter()
    for row in new:
        area[row["provinceCode"]] += row["wardAreaKm2"] or 0
    first = {row["provinceCode"]: row for row in new}
    return [
        (
            code,
            row["provinceShort"],
            province_kind(row["province"]),
            row["provinceLat"],
            row["provinceLon"],
            round(area[code], 2),
        )
        for code, row in first.items()
    ]


def lineage_table(new: list[Row], old: list[Row], mapping: Row) -> list[tuple[object, ...]]:
    """(unit, commune, share, main): every part of an old commune that went into a unit; `main`: most of it."""
    units = {(row["provinceKey"], row["wardKey"]): row["wardCode"] for row in new}
    communes = {f"{row['provinceKey']}_{row['districtKey']}_{row['wardKey'] or ''}": row["wardCode"] for row in old}
    lines: list[tuple[object, ...]] = []
    for province, by_unit in mapping["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for unit, keys in by_unit.items():
            lines += [(units[province, unit], communes[key], "whole", 1) for key in keys if communes[key]]
    for province, by_commune in mapping["DICT_PROVINCE_WARD_DIVIDED"].items():
        for key, parts in by_commune.items():
            share = "part" if len(parts) > 1 else "whole"
            lines += [
                (units[province, part["newWardKey"]], communes[key], share, int(part["isDefaultNewWard"]))
                for part in parts
            ]
    return lines


def verify(new: list[Row], lineage: list[tuple[object, ...]]) -> None:
    """Stop when the totals are not the known ones."""
    kinds = Counter(NEW_KINDS[row["wardType"]] for row in new)
    split = len({line[1] for line in lineage if line[2] == "part"})
    found = {
        "units": len(new),
        **kinds,
        "provinces": len({row["provinceCode"] for row in new}),
        "communes": len({line[1] for line in lineage}),
        "split": split,
    }
    if found != EXPECTED:
        raise SystemExit(f"totals differ: {found}, expected {EXPECTED}")


def main(unpacked: Path) -> None:
    """Read the package's data, check it, write the four tables."""
    data = unpacked / "vietnamadminunits/data"
    new, old = (read_table(data / "dataset.db", table) for table in ("admin_units", "admin_units_legacy"))
    lineage = lineage_table(new, old, json.loads((data / "converter_2025.json").read_text("utf-8")))
    verify(new, lineage)
    write("provinces", "code name kind latitude longitude area", provinces_table(new))
    write(
        "units",
        "code name kind province latitude longitude area",
        (
            (
                row["wardCode"],
                row["wardShort"],
                NEW_KINDS[row["wardType"]],
                row["provinceCode"],
                row["wardLat"],
                row["wardLon"],
                row["wardAreaKm2"] or "",
            )
            for row in new
        ),
    )
    write(
        "communes",
        "code name kind district province_code province",
        (
            (
                row["wardCode"],
                row["wardShort"],
                OLD_KINDS[row["wardType"]],
                row["districtShort"],
                row["provinceCode"],
                row["provinceShort"],
            )
            for row in old
            if row["wardCode"]
        ),
    )
    write("lineage", "unit commune share main", lineage)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
