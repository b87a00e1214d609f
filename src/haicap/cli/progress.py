"""How far long work is: a bar on a terminal, a line each where there is none. Always on standard error."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from haicap.cli import screen


class Counter:
    """Counts steps up to `total`. Nothing is shown without `show`, nor where there is no terminal."""

    def __init__(self, title: str, total: int, *, show: bool = True) -> None:
        console = screen.err()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=console, transient=True, disable=not (show and console.is_terminal))
        self._task = self._bar.add_task(title, total=total or None)
        self._title = title

    def step(self, text: str = "") -> None:
        """One more is done."""
        self._bar.update(self._task, advance=1, description=f"{self._title} {text}".rstrip())

    def tell(self, text: str) -> None:
        """What it is at now."""
        self._bar.update(self._task, description=f"{self._title} {text}".rstrip())

    def line(self, text: str, style: str = "") -> None:
        """A line that stays, above the bar."""
        self._bar.console.print(screen.nfc(text), style=style or None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
