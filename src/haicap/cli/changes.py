"""Plans on the terminal: colours for what `haicap.report.text` says, and progress while they are done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import click
from rich.text import Text

from haicap.cli import screen
from haicap.plan.model import Change, Plan
from haicap.report.text import Kind, Line, change_lines, plan_lines

_STYLES: Mapping[Kind, str] = {
    "create": "bold green",
    "update": "bold yellow",
    "replace": "bold magenta",
    "delete": "bold red",
    "added": "green",
    "gone": "red",
    "place": "cyan",
}


def show_plan(plan: Plan, names: Mapping[str, str], *, full: bool = False) -> None:
    """A plan on standard output."""
    show_lines(plan_lines(plan, names, full=full))


def show_drift(changes: Iterable[Change], names: Mapping[str, str]) -> None:
    """What was changed by hand on standard output, a blank line after each."""
    for change in changes:
        show_lines([*change_lines(change, names, full=True, word="drifted"), Line("")])


def show_lines(lines: Iterable[Line]) -> None:
    """Lines on standard output, each in the colour of what it says."""
    console = screen.out()
    if not console.is_terminal:  # a file has no colours, and they take longer than a plan
        click.echo("".join(f"{screen.nfc(line.text)}\n" for line in lines), nl=False)
        return
    for line in lines:
        console.print(Text(screen.nfc(line.text), style=_STYLES.get(line.kind, "")))
