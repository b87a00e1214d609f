"""From a province's folder to its Staff, or to every finding at once: `staff/<code>.yml`, one file a unit.

The folder is optional. People that fit the schema are checked by the rules even when others do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from haicap.canonical import digest_of, digest_of_bytes
from haicap.errors import Finding, FindingsError
from haicap.inventory.limits import MAX_FINDINGS
from haicap.inventory.loader import load, province_folder
from haicap.inventory.marks import FileMarks, Node
from haicap.inventory.model import Inventory
from haicap.inventory.reading import Reading, validate
from haicap.inventory.rules import check_staff
from haicap.inventory.rules.staff import StaffFile
from haicap.inventory.staff import Staff, UnitStaff

FOLDER = "staff"
_LISTS = ("people", "mailboxes")


def load_staff(directory: Path, slug: str, inventory: Inventory) -> Staff:
    """Read and check a province's staff; empty when it has no `staff/`. `directory` holds `inventories/`.

    Raises FindingsError with all findings, files relative to `directory`.
    """
    staff, findings = _read_staff(directory, slug, inventory)
    if findings:
        raise FindingsError(findings, _next_step(slug))
    return staff


def staff_marks(directory: Path, slug: str, code: str) -> FileMarks | None:
    """The lines of one unit's staff file, which has been checked; None where it has none."""
    path = province_folder(directory, slug) / FOLDER / f"{code}.yml"
    file = _read_file(Reading(directory), path) if path.is_file() else None
    return file.marks if file is not None else None


def staff_digest(directory: Path, slug: str) -> str:
    """The digest of the staff files' names and contents."""
    paths = sorted((province_folder(directory, slug) / FOLDER).glob("*.yml"))
    return digest_of({path.name: digest_of_bytes(path.read_bytes()) for path in paths})


def load_with_staff(directory: Path, slug: str) -> tuple[Inventory, Staff]:
    """A province and its staff. Raises FindingsError with the findings of both, HaicapError for no such province."""
    try:
        inventory = load(directory, slug)
    except FindingsError as error:
        _, findings = _read_staff(directory, slug, None)
        raise FindingsError([*error.findings, *findings], _next_step(slug)) from None
    return inventory, load_staff(directory, slug, inventory)


def _next_step(slug: str) -> str:
    return f"Fix these and run `haicap check {slug}`."


def _read_staff(directory: Path, slug: str, inventory: Inventory | None) -> tuple[Staff, list[Finding]]:
    """The staff and what is wrong with it; without an inventory, only what shows in the staff files themselves."""
    reading = Reading(directory)
    files = tuple(_read_files(reading, province_folder(directory, slug) / FOLDER))
    staff = Staff(units={file.code: file.staff for file in files})
    return staff, [*reading.findings, *check_staff(files, inventory)]


def _read_files(reading: Reading, folder: Path) -> Iterator[StaffFile]:
    """Every staff file that can be used, by name."""
    for path in sorted(folder.glob("*.y*ml")):
        if len(reading.findings) > MAX_FINDINGS:
            reason = f"more than {MAX_FINDINGS} findings; staff files from here on were not read"
            reading.findings.append(Finding(reading.name(path), 0, "", reason, "limit-findings"))
            return
        if path.suffix != ".yml":
            reason = f"only files named .yml are read here; rename it to {path.stem}.yml"
            reading.findings.append(Finding(reading.name(path), 0, "", reason, "staff-file-name"))
            continue
        file = _read_file(reading, path)
        if file is not None:
            yield file


def _read_file(reading: Reading, path: Path) -> StaffFile | None:
    """One file: whole, or without the people and mailboxes that do not fit the schema."""
    node, traps = reading.read(path)
    if node is None:
        return None
    staff, problems = validate(UnitStaff, node)
    reading.add(path, node, problems, traps)
    refused = {problem.path[:2] for problem in problems}
    order = {key: tuple(i for i in range(_length(node, key)) if (key, i) not in refused) for key in _LISTS}
    if staff is None:
        staff, _ = validate(UnitStaff, _without_refused(node, order))
    if staff is None:
        return None
    return StaffFile(path.stem, staff, FileMarks(reading.name(path), node, order), _numbers(node))


def _entries(node: Node, key: str) -> list[Node]:
    """The entries of a list in a file; none when there is no list."""
    found = node.child(key)
    return found.value if found is not None and isinstance(found.value, list) else []


def _length(node: Node, key: str) -> int:
    return len(_entries(node, key))


def _without_refused(node: Node, order: dict[str, tuple[int, ...]]) -> Node:
    """The file with only the entries that fit the schema."""
    left = Node(dict(node.value), node.line)
    for key, places in order.items():
        if entries := _entries(node, key):
            left.value[key] = Node([entries[place] for place in places], node.line)
    return left


def _numbers(node: Node) -> frozenset[str]:
    """Every staff number that is written in a file."""
    written = (entry.child("id") for entry in _entries(node, "people"))
    return frozenset(number.value for number in written if number is not None and isinstance(number.value, str))
