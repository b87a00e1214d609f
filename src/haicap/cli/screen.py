"""The terminal: results on standard output, messages on standard error, colour only where a terminal is."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from haicap.errors import HaicapError
from haicap.plan.model import dump

_WIDE = 400  # a file or a pipe has no width: nothing is wrapped or cut there
_BOUND = 20
# Control characters but for tab and line feed, and those that change the direction of writing.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def out() -> Console:
    """Where results go."""
    return _console(stderr=False)


def err() -> Console:
    """Where messages and progress go."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    terminal = (sys.stderr if stderr else sys.stdout).isatty()
    return Console(
        stderr=stderr, markup=False, emoji=False, highlight=False, soft_wrap=True, width=None if terminal else _WIDE
    )


def say(message: str) -> None:
    """A message for the person at the terminal."""
    click.echo(nfc(message), err=True)


def put(text: str, style: str = "") -> None:
    """A line of the result."""
    out().print(Text(nfc(text), style=style))


def put_json(value: Any) -> None:
    """The result for programs. Dataclasses become objects, dates ISO text."""
    click.echo(dump(plain(value)), nl=False)


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(inner) for inner in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
    if isinstance(value, (date, Path)):
        return str(value)
    return value


def write(path: Path, text: str) -> None:
    """Write a result into a file, and make the folders above it. HaicapError when that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise HaicapError(f"{path}: {error.strerror}.") from error


def table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], title: str = "") -> None:
    """A table on standard output; Vietnamese letters take one cell each, however they are composed."""
    made = Table(box=None, pad_edge=False, show_header=bool(columns), header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(column, overflow="fold", no_wrap=column in ("code", "host"))
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(nfc(cell)) for cell in row))
    console = out()
    if title:
        console.print(Text(title, style="bold"))
    if console.is_terminal:
        console.print(made, soft_wrap=False)
        return
    with console.capture() as captured:
        console.print(made, soft_wrap=False)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def bounded(lines: Sequence[str]) -> list[str]:
    """The first lines, and how many more there are."""
    more = len(lines) - _BOUND
    return list(lines) if more <= 1 else [*lines[:_BOUND], f"... and {more} more"]


def few(words: Sequence[str]) -> list[str]:
    """The first eight, and how many more there are."""
    return list(words) if len(words) <= 9 else [*words[:8], f"{len(words) - 8} more"]


def count(number: int, one: str, many: str = "") -> str:
    """`1 unit`, `124 units`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def nfc(text: str) -> str:
    """Composed letters, so that one letter is one cell; what would steer the terminal is spelt out."""
    visible = _STEERING.sub(lambda found: f"<U+{ord(found[0]):04X}>", text)
    return unicodedata.normalize("NFC", visible)
