"""Files held against the schema: every problem becomes a finding that says where, about whom, why, and the way out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from haicap.errors import Finding
from haicap.inventory.limits import MAX_FINDINGS
from haicap.inventory.marks import Node
from haicap.inventory.marks import Path as KeyPath
from haicap.inventory.reader import Reader, Trap
from haicap.inventory.scalars import shown
from haicap.inventory.schema_errors import Problem, explain

_Model = TypeVar("_Model", bound=BaseModel)
# What an entry of a file's list is called, and the keys of its number and its name.
_ENTRIES = {
    "units": ("unit", "code", "name"),
    "platforms": ("platform", "name", "title"),
    "people": ("person", "id", "name"),
    "mailboxes": ("mailbox", "role", "title"),
    "approvers": ("approver", "principal", "name"),
    "rules": ("rule", "name", ""),
}

_SCALARS = (str, int, float)  # a boolean is an int


@dataclass
class Reading:
    """One reading of a folder: collects what was wrong in files and schema."""

    directory: Path
    findings: list[Finding] = field(default_factory=list)

    def name(self, path: Path) -> str:
        """The file as findings name it: relative, with forward slashes."""
        return path.relative_to(self.directory).as_posix()

    def read(self, path: Path) -> tuple[Node | None, set[KeyPath]]:
        """A file's tree, and the paths where something was wrong already."""
        if not path.is_file():
            reason = "the file is missing; `haicap init PROVINCE` writes a complete inventory"
            self.findings.append(Finding(self.name(path), 0, "", reason, "missing-file"))
            return None, set()
        reader = Reader()
        node = reader.read(path)
        self.add(path, node, reader.traps, set())
        return node, {trap.path for trap in reader.traps}

    def add(self, path: Path, node: Node | None, problems: Iterable[Problem | Trap], known: set[KeyPath]) -> None:
        """Turn problems into findings, but say nothing twice about one path."""
        for problem in problems:
            if any(problem.path[:length] in known for length in range(1, len(problem.path) + 1)):
                continue
            subject, rest = _subject(node, problem.path)
            reason = f"{rest}: {problem.reason}" if rest else problem.reason
            self.findings.append(Finding(self.name(path), problem.line, subject, reason, problem.rule))


def validate(model: type[_Model], node: Node, prefix: KeyPath = ()) -> tuple[_Model | None, list[Problem]]:
    """A node as a model, strictly; or the problems. `prefix` leads from the file's top to the node."""
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
    if len(path) < 2 or path[0] not in _ENTRIES or not isinstance(path[1], int):
        return "", _dotted(path)
    entry = node.find(path[:2])[0] if node else None
    kind, *keys = _ENTRIES[path[0]]
    number, name = (entry.child(key) if entry else None for key in keys)
    words = [shown(str(part.raw or part.value)) for part in (number,) if part and isinstance(part.value, _SCALARS)]
    names = [f'"{shown(part.value)}"' for part in (name,) if part and isinstance(part.value, str)]
    return " ".join([kind, *(words or [f"number {path[1] + 1}"]), *names]), _dotted(path[2:])


def _dotted(path: Sequence[str | int]) -> str:
    """`hosts[0].mac`"""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{shown(step)}" for step in path)
    return text.removeprefix(".")
