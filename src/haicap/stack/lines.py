"""The lines of what people wrote and of the locks, looked up one by one, and who changed each of them last."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import takewhile
from pathlib import Path

from haicap.addressing.damage import LockText
from haicap.addressing.lockfile import open_lock
from haicap.inventory.loader import load_marked
from haicap.inventory.marks import FileMarks, Marks
from haicap.inventory.staff_loader import staff_marks
from haicap.stack.workspace import Workspace

_UNCOMMITTED = "0" * 40


@dataclass(frozen=True)
class Commit:
    """Who changed a line last: the commit's hash, its author, its day (ISO 8601) and its subject."""

    id: str
    author: str
    date: str
    subject: str


@dataclass(frozen=True)
class Part:
    """One line below another."""

    line: int
    text: str


@dataclass(frozen=True)
class Line:
    """A line that something comes from, and the `last` of what stands below it. `what` is what it says, `text` the line
    itself, without its indent.

    `commit` changed it, or what is below it, last; None where that is not committed. `newest` are the lines of that
    change, where it is a part of them only.
    """

    file: str
    line: int
    what: str
    last: int = 0
    text: str = ""
    commit: Commit | None = None
    newest: tuple[Part, ...] = ()


class Files:
    """A province's files, each read once, when a line of it is asked for."""

    def __init__(self, workspace: Workspace) -> None:
        self._ws = workspace
        self._locks: dict[Path, LockText] = {}
        self._staff: dict[str, FileMarks | None] = {}

    @cached_property
    def _marks(self) -> Marks:
        return load_marked(self._ws.directory, self._ws.slug)[1]

    def province(self, what: str, *path: str | int) -> Line:
        """A value of province.yml."""
        return Line(*self._marks.province(*path), what)

    def unit(self, code: str, what: str, *path: str | int) -> Line:
        """A value of a unit in units.yml."""
        index = [unit.code for unit in self._ws.inventory.units].index(code)
        return Line(*self._marks.unit(index, *path), what)

    def platform(self, name: str, what: str, *path: str | int) -> Line:
        """A value of a platform in platforms.yml."""
        index = [platform.name for platform in self._ws.inventory.platforms].index(name)
        return Line(*self._marks.platform(index, *path), what)

    def staff(self, code: str, what: str, *path: str | int) -> Iterator[Line]:
        """A value of a unit's staff file; nothing where it has none."""
        if code not in self._staff:
            self._staff[code] = staff_marks(self._ws.directory, self._ws.slug, code)
        if (marks := self._staff[code]) is not None:
            yield Line(*marks.at(*path), what)

    def lock(self, name: str, what: str, *path: str) -> Iterator[Line]:
        """A value of a lock file, by its file's name; nothing where it is not locked."""
        folder = self._ws.keys_file.parent if name in _BESIDE_KEYS else self._ws.folder
        if (folder / name) not in self._locks:
            self._locks[folder / name] = open_lock(folder / name)
        if line := self._locks[folder / name].line(*path):
            yield Line((folder / name).relative_to(self._ws.directory).as_posix(), line, what)

    def told(self, lines: Iterable[Line]) -> tuple[Line, ...]:
        """The lines, each once, with their text and who changed them last."""
        once = {(line.file, line.line): line for line in reversed([*lines])}
        known = [self._whole(line) for line in reversed(once.values()) if line.line]
        blames = {file: _blame(self._ws.directory, file) for file in {line.file for line in known}}
        return tuple(self._dated(line, blames[line.file]) for line in known)

    def _text(self, file: str) -> list[str]:
        return (self._ws.directory / file).read_text(encoding="utf-8").splitlines()

    def _dated(self, line: Line, blamed: Mapping[int, tuple[int, Commit | None]]) -> Line:
        """The line with the change that was the last of it and of what stands below it."""
        text = self._text(line.file)
        numbers = [number for number in range(line.line, line.last + 1) if text[number - 1].strip()]
        found = {number: blamed[number] for number in numbers if number in blamed}
        if not found:
            return line
        newest = max(found.values(), key=lambda one: one[0])
        parts = tuple(Part(number, text[number - 1].strip()) for number, one in found.items() if one == newest)
        return replace(line, commit=newest[1], newest=parts if len(parts) < len(found) else ())

    def _whole(self, line: Line) -> Line:
        """The line with its text, and all that stands below it: what is indented further."""
        lines = self._text(line.file)
        text = lines[line.line - 1]
        below = takewhile(lambda other: not other.strip() or _indent(other) > _indent(text), lines[line.line :])
        count = max((number for number, other in enumerate(below, 1) if other.strip()), default=0)
        return replace(line, text=text.strip(), last=line.line + count)


_BESIDE_KEYS = ("keys.lock.yml", "cutovers.lock.yml")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _blame(directory: Path, file: str) -> dict[int, tuple[int, Commit | None]]:
    """What git says of a file's lines, with the second of each commit; nothing where there is no git or no commit. A
    line that is not committed has none, and the second in which git was asked."""
    try:
        command = ["git", "blame", "--line-porcelain", "--", file]
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return {}
    found: dict[int, tuple[int, Commit | None]] = {}
    for entry in _ENTRY.finditer(done.stdout if done.returncode == 0 else ""):
        commit = Commit(entry["id"], entry["author"], _day(int(entry["written"])), entry["subject"])
        found[int(entry["line"])] = int(entry["seconds"]), commit if entry["id"] != _UNCOMMITTED else None
    return found


_ENTRY = re.compile(
    r"^(?P<id>[0-9a-f]{40}) \d+ (?P<line>\d+).*\nauthor (?P<author>.*)\n(?:author-(?!time).*\n)*"
    r"author-time (?P<written>\d+)\n(?:(?!committer-time |\t).*\n)*committer-time (?P<seconds>\d+)\n"
    r"(?:(?!summary |\t).*\n)*summary (?P<subject>.*)\n",
    re.MULTILINE,
)


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
