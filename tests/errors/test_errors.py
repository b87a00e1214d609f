"""Bad input -> the exact message. Each file in cases/ is one bad inventory and what a person then reads.

A case changes the inventory in base/: blocks of `<<< file`, the old lines, `===`, the new lines, `>>>`, then `--- ` and
the message. After a wanted change run `UPDATE_GOLDEN=1 pytest tests/errors` and read the difference.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from haicap.errors import HaicapError
from haicap.inventory.limits import MAX_BYTES, MAX_ENTRIES, MAX_KEYS
from haicap.inventory.reader import TRAP_RULES
from haicap.inventory.rules import rule_names
from haicap.inventory.schema_errors import SCHEMA_RULES
from haicap.inventory.staff_loader import load_with_staff

HERE = Path(__file__).parent
CASES = sorted((HERE / "cases").glob("*.case"))
EDIT = re.compile(r"<<< (\S+)\n(.*?)===\n(.*?)>>>\n", re.DOTALL)
CUT = "--- the message\n"


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """A copy of base/ to break."""
    shutil.copytree(HERE / "base", tmp_path, dirs_exist_ok=True)
    return tmp_path


def message(directory: Path) -> str:
    """What a person reads when the inventory `x` is loaded with its staff."""
    with pytest.raises(HaicapError) as caught:
        load_with_staff(directory, "x")
    return str(caught.value) + "\n"


def units_file(directory: Path) -> Path:
    return directory / "inventories/x/units.yml"


def test_the_base_has_no_fault(inventory: Path) -> None:
    found, staff = load_with_staff(inventory, "x")
    assert (len(found.units), [len(unit.people) for unit in staff.units.values()]) == (3, [2, 3])


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_case(case: Path, inventory: Path) -> None:
    text = case.read_text("utf-8")
    change, expected = text.split(CUT)
    edits = EDIT.findall(change)
    assert edits
    for name, old, new in edits:
        path = inventory / "inventories/x" / name
        before = path.read_text("utf-8")
        assert before.count(old) == 1, f"{case.name}: the old lines are there {before.count(old)} times"
        path.write_text(before.replace(old, new), "utf-8")
    found = message(inventory)
    if os.environ.get("UPDATE_GOLDEN"):
        case.write_text(change + CUT + found, "utf-8")
        return
    assert found == expected


def test_every_rule_has_a_case() -> None:
    shown = set(re.findall(r"\[([a-z0-9-]+)\]$", "\n".join(case.read_text("utf-8") for case in CASES), re.MULTILINE))
    tested_below = {"limit-size", "limit-items", "limit-depth", "limit-findings", "missing-file"}
    tested_below |= {"yaml-bom", "yaml-encoding", "yaml-empty", "yaml-character"}
    assert {*rule_names(), *TRAP_RULES, *SCHEMA_RULES} - shown - tested_below == set()


def test_a_file_with_a_byte_order_mark(inventory: Path) -> None:
    units_file(inventory).write_bytes(b"\xef\xbb\xbf" + units_file(inventory).read_bytes())
    assert message(inventory) == (
        "inventories/x/units.yml:1\n"
        "  the file starts with a byte order mark; save it as UTF-8 without BOM  [yaml-bom]\n"
        "Fix these and run `haicap check x`.\n"
    )


def test_a_file_in_utf_16(inventory: Path) -> None:
    units_file(inventory).write_bytes(units_file(inventory).read_text("utf-8").encode("utf-16"))
    assert "units.yml:1\n  the file is UTF-16; save it as UTF-8  [yaml-encoding]\n" in message(inventory)


def test_a_file_in_another_encoding(inventory: Path) -> None:
    units_file(inventory).write_bytes(units_file(inventory).read_bytes().replace("Hồng".encode(), b"H\xf4ng"))
    assert "units.yml:5\n  byte 0xf4 is not UTF-8; save the file as UTF-8  [yaml-encoding]\n" in message(inventory)


def test_a_control_character(inventory: Path) -> None:
    units_file(inventory).write_bytes(units_file(inventory).read_bytes().replace("Hồng".encode(), b"H\x08ng"))
    assert "units.yml:5\n  the character U+0008 is not allowed; remove it  [yaml-character]\n" in message(inventory)


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing but a comment\n", "---\n"])
def test_an_empty_file(inventory: Path, text: str) -> None:
    units_file(inventory).write_text(text)
    assert message(inventory) == (
        "inventories/x/units.yml\n"
        "  the file is empty; `haicap init PROVINCE` writes a complete one  [yaml-empty]\n"
        "Fix these and run `haicap check x`.\n"
    )


def test_a_missing_file(inventory: Path) -> None:
    units_file(inventory).unlink()
    assert message(inventory) == (
        "inventories/x/units.yml\n"
        "  the file is missing; `haicap init PROVINCE` writes a complete inventory  [missing-file]\n"
        "Fix these and run `haicap check x`.\n"
    )


def test_a_staff_file_with_another_ending(inventory: Path) -> None:
    (inventory / "inventories/x/staff/23041.yaml").write_text("unit: '23041'\npeople: []\n")
    assert message(inventory) == (
        "inventories/x/staff/23041.yaml\n"
        "  only files named .yml are read here; rename it to 23041.yml  [staff-file-name]\n"
        "Fix these and run `haicap check x`.\n"
    )


def test_staff_findings_without_end(inventory: Path) -> None:
    folder = inventory / "inventories/x/staff"
    for name in ("11111", "22222"):
        (folder / f"{name}.yml").write_text(f"unit: '{name}'\npeople:\n" + "- {a1: 1, a2: 2, a3: 3}\n" * 1_500)
    reason = "more than 5000 findings; staff files from here on were not read  [limit-findings]"
    assert f"inventories/x/staff/23053.yml\n  {reason}\n" in message(inventory)


def test_ten_megabytes(inventory: Path) -> None:
    units_file(inventory).write_bytes(b"# " + b"x" * 10_000_000)
    assert "  10.0 MB is more than the limit of 8 MB; split the inventory  [limit-size]\n" in message(inventory)


@pytest.mark.parametrize("entry", ["- {}", "- []", "- 1", "- {code: '24958'}"])
def test_a_hundred_thousand_units(inventory: Path, entry: str) -> None:
    units_file(inventory).write_text("units:\n" + f"{entry}\n" * 100_000)
    reason = f"the list has more than {MAX_ENTRIES} entries; split the inventory  [limit-items]"
    assert f"units.yml:{MAX_ENTRIES + 2}\n  {reason}\n" in message(inventory)


def test_a_hundred_thousand_keys(inventory: Path) -> None:
    units_file(inventory).write_text("".join(f"key{number}: 1\n" for number in range(100_000)))
    assert f"units.yml:{MAX_KEYS + 1}\n  the mapping has more than {MAX_KEYS} keys" in message(inventory)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_values_nested_without_end(inventory: Path, opening: str) -> None:
    units_file(inventory).write_text("units: " + ("\n" if opening in "- ? " else "") + opening * 200_000)
    assert "  values are nested more than 12 deep  [limit-depth]\n" in message(inventory)


def test_an_alias_bomb(inventory: Path) -> None:
    lines = ["units: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"k{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 9)}]" for number in range(1, 9)]
    units_file(inventory).write_text("\n".join(lines))
    assert "units.yml:2  \n".replace("  \n", "\n") in message(inventory)
    assert "k1[0]: `*a0` is an alias; write the value out  [yaml-alias]" in message(inventory)


def test_findings_without_end(inventory: Path) -> None:
    units_file(inventory).write_text("units: []\nsame: [" + "*a, " * 4_000 + "]\n")
    assert "  more than 1000 findings in this file; the rest was not read  [limit-findings]\n" in message(inventory)


def test_schema_findings_without_end(inventory: Path) -> None:
    units_file(inventory).write_text("units:\n" + "- {a1: 1, a2: 2, a3: 3}\n" * 5_000)
    assert "  more than 5000 findings; units from here on were not read  [limit-findings]\n" in message(inventory)


def test_rule_findings_without_end(inventory: Path) -> None:
    unit = units_file(inventory).read_text("utf-8").split("  - code:")[2]
    wrong = "      - {code: '99999'}\n" * 2
    units_file(inventory).write_text("units:\n" + f"  - code:{unit}{wrong}" * 4_000)
    assert "  rule known-predecessor has 5000 findings; there may be more  [limit-findings]\n" in message(inventory)


def test_the_size_limit_is_what_the_message_says() -> None:
    assert MAX_BYTES == 8_000_000
