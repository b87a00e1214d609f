"""The lines of what people wrote and of the locks, looked up one by one, and who changed each of them last."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
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
class Line:
    """A line that something comes from. `what` is what it says, `text` the line itself, without its indent."""

    file: str
    line: int
    what: str
    text: str = ""
    commit: Commit | None = None


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
        known = [line for line in reversed(once.values()) if line.line]
        commits = dict(self._blame(known))
        return tuple(replace(line, text=self._text(line), commit=commits.get((line.file, line.line))) for line in known)

    def _text(self, line: Line) -> str:
        lines = (self._ws.directory / line.file).read_text(encoding="utf-8").splitlines()
        return lines[line.line - 1].strip() if line.line <= len(lines) else ""

    def _blame(self, lines: Iterable[Line]) -> Iterator[tuple[tuple[str, int], Commit]]:
        by_file: dict[str, list[int]] = defaultdict(list)
        for line in lines:
            by_file[line.file].append(line.line)
        for file, numbers in by_file.items():
            for number, commit in _blame(self._ws.directory, file, numbers):
                yield (file, number), commit


_BESIDE_KEYS = ("keys.lock.yml", "cutovers.lock.yml")


def _blame(directory: Path, file: str, numbers: Iterable[int]) -> Iterator[tuple[int, Commit]]:
    """What git says of lines; nothing without git, and of lines that are not committed."""
    ranges = [f"-L{number},{number}" for number in numbers]
    try:
        command = ["git", "blame", "--line-porcelain", *ranges, "--", file]
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return
    entry: dict[str, str] = {}
    for line in done.stdout.splitlines() if done.returncode == 0 else ():
        if not line.startswith("\t"):
            key, _, value = line.partition(" ")
            entry.setdefault("id" if len(key) == 40 else key, value if len(key) != 40 else line)
            continue
        identity, _, number, *_ = entry["id"].split()
        if identity != _UNCOMMITTED:
            yield int(number), Commit(identity, entry["author"], _day(entry["author-time"]), entry["summary"])
        entry = {}


def _day(seconds: str) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).date().isoformat()
