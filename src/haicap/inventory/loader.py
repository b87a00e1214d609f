"""From a folder to an Inventory, or to every finding at once.

A province is `inventories/<slug>/province.yml` and `units.yml`. Files are read by `reader`, held against the schema
by pydantic in strict mode (a number is no text, `yes` is no boolean), then checked by `rules`. Units that fit the
schema are checked even when others do not, so that one reading shows all there is to fix.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from haicap.errors import Finding, FindingsError, HaicapError
from haicap.inventory.limits import MAX_FINDINGS
from haicap.inventory.marks import Marks, Node
from haicap.inventory.marks import Path as KeyPath
from haicap.inventory.model import Inventory, Province, Unit, Units
from haicap.inventory.naming import slug as make_slug
from haicap.inventory.reader import Reader, Trap
from haicap.inventory.rules import check, check_province, check_units
from haicap.inventory.scalars import shown
from haicap.inventory.schema_errors import Problem, explain

FOLDER = "inventories"
_Model = TypeVar("_Model", bound=BaseModel)


def find_provinces(directory: Path) -> list[str]:
    """The slugs of the provinces under `directory`/inventories, sorted; none when there is no such folder."""
    return sorted(path.parent.name for path in (directory / FOLDER).glob("*/province.yml"))


def load(directory: Path, slug: str) -> Inventory:
    """Read and check one province; `directory` holds `inventories/`.

    Raises FindingsError with all findings (files relative to `directory`), HaicapError when there is no such province.
    """
    folder = _folder(directory, slug)
    reading = _Reading(directory)
    province_file, units_file = folder / "province.yml", folder / "units.yml"
    province_node, province = reading.province(province_file)
    units_node, units = reading.units(units_file)
    marks = Marks(reading.name(province_file), reading.name(units_file), province_node, units_node, tuple(units))
    findings = [*reading.findings, *_check(slug, province, tuple(units.values()), marks)]
    if findings or province is None:
        raise FindingsError(findings, f"Fix these and run `haicap check {slug}`.")
    return Inventory(slug=slug, province=province, units=tuple(units.values()))


def inventory_digest(inventory: Inventory) -> str:
    """SHA-256 of what an inventory means, in hex: comments, order of keys and quoting do not count."""
    meaning = inventory.model_dump(mode="json", by_alias=True)
    canonical = json.dumps(meaning, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def digest(directory: Path, slug: str) -> str:
    """`inventory_digest` of the inventory on disk. Raises what `load` raises."""
    return inventory_digest(load(directory, slug))


def _check(slug: str, province: Province | None, units: tuple[Unit, ...], marks: Marks) -> list[Finding]:
    """The rules that can be held against what was read."""
    if province is None:
        return check_units(units, marks)
    if not units:
        return check_province(province, marks)
    return check(Inventory(slug=slug, province=province, units=units), marks)


def _folder(directory: Path, slug: str) -> Path:
    """The province's folder. Raises HaicapError naming those there are and the next step."""
    folder = directory / FOLDER / slug
    if slug and make_slug(slug) == slug and folder.is_dir():
        return folder
    there = find_provinces(directory)
    if not there:
        raise HaicapError(
            f'There is no inventory "{slug}": {FOLDER}/ holds no province. `haicap init {slug}` writes one.'
        )
    near = difflib.get_close_matches(make_slug(slug), there, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(there)}."
    raise HaicapError(f'There is no inventory "{slug}"; {hint} `haicap init {slug}` writes a new one.')


@dataclass
class _Reading:
    """One reading of a folder: collects what was wrong in files and schema."""

    directory: Path
    findings: list[Finding] = field(default_factory=list)

    def name(self, path: Path) -> str:
        """The file as findings name it: relative, with forward slashes."""
        return path.relative_to(self.directory).as_posix()

    def province(self, path: Path) -> tuple[Node | None, Province | None]:
        """The tree and the value of province.yml."""
        node, traps = self._read(path)
        if node is None:
            return None, None
        value, problems = _validate(Province, node, ())
        self._add(path, node, problems, traps)
        return node, value

    def units(self, path: Path) -> tuple[Node | None, dict[int, Unit]]:
        """The tree of units.yml, and by place in the file each unit that fits the schema."""
        node, traps = self._read(path)
        if node is None:
            return None, {}
        entries = node.child("units")
        if entries is None or not isinstance(entries.value, list) or len(node.value) != 1:
            _, problems = _validate(Units, node, ())
            self._add(path, node, problems, traps)
            return node, {}
        found: dict[int, Unit] = {}
        for place, entry in enumerate(entries.value):
            if len(self.findings) > MAX_FINDINGS:
                reason = f"more than {MAX_FINDINGS} findings; units from here on were not read"
                self.findings.append(Finding(self.name(path), entry.line, "", reason, "limit-findings"))
                break
            unit, problems = _validate(Unit, entry, ("units", place))
            self._add(path, node, problems, traps)
            if unit is not None:
                found[place] = unit
        return node, found

    def _read(self, path: Path) -> tuple[Node | None, set[KeyPath]]:
        """A file's tree, and the paths where something was wrong already."""
        if not path.is_file():
            reason = "the file is missing; `haicap init PROVINCE` writes a complete inventory"
            self.findings.append(Finding(self.name(path), 0, "", reason, "missing-file"))
            return None, set()
        reader = Reader()
        node = reader.read(path)
        self._add(path, node, reader.traps, set())
        return node, {trap.path for trap in reader.traps}

    def _add(self, path: Path, node: Node | None, problems: Iterable[Problem | Trap], known: set[KeyPath]) -> None:
        """Turn problems into findings, but say nothing twice about one path."""
        for problem in problems:
            if any(problem.path[:length] in known for length in range(1, len(problem.path) + 1)):
                continue
            subject, rest = _subject(node, problem.path)
            reason = f"{rest}: {problem.reason}" if rest else problem.reason
            self.findings.append(Finding(self.name(path), problem.line, subject, reason, problem.rule))


def _validate(model: type[_Model], node: Node, prefix: KeyPath) -> tuple[_Model | None, list[Problem]]:
    """A node as a model, strictly; or the problems."""
    try:
        return model.model_validate_json(json.dumps(node.plain()), strict=True), []
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)[:MAX_FINDINGS]
        return None, [explain(detail, model, node, prefix) for detail in details if not _echo(detail, node)]


def _echo(error: ErrorDetails, node: Node) -> bool:
    """Whether a list is called too short only because its entries were refused, each with an error of its own."""
    value = node.find(error["loc"])[0].value
    return error["type"] == "too_short" and isinstance(value, list) and len(value) > 0


def _subject(node: Node | None, path: KeyPath) -> tuple[str, str]:
    """Whom a path is about (`unit 24958 "Đức Trọng"`), and the rest of the path as text."""
    if len(path) < 2 or path[0] != "units" or not isinstance(path[1], int):
        return "", _dotted(path)
    unit = node.find(path[:2])[0] if node else None
    code, name = (unit.child(key) if unit else None for key in ("code", "name"))
    words = [shown(str(part.raw or part.value)) for part in (code,) if part and part.value is not None]
    names = [f'"{shown(part.value)}"' for part in (name,) if part and isinstance(part.value, str)]
    return " ".join(["unit", *(words or [f"number {path[1] + 1}"]), *names]), _dotted(path[2:])


def _dotted(path: Sequence[str | int]) -> str:
    """`hosts[0].mac`"""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{shown(step)}" for step in path)
    return text.removeprefix(".")
