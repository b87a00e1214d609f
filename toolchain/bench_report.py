"""Measure reports of a plan with 5,000 changes: each form as a whole command, and the page in a browser.

The browser's times are from the first byte to a page that answers: all rows searched and the first ones drawn.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from sample_plan import sample_plan

from haicap.plan.model import dump

SIZE = 5_000
RUNS = 5
FORMS = ("html", "md", "csv", "xml", "sarif", "json")
_READY = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd / 1000"
_HEAP = "performance.memory.usedJSHeapSize / 1048576"

Row = Callable[[str, list[str]], float]


def main(directory: Path, row: Row) -> None:
    """Print the rows. `row` runs a command several times and prints its line (`toolchain/bench.py`)."""
    plan = directory / "sample.json"
    plan.write_text(dump(sample_plan(SIZE).to_json()), encoding="utf-8")
    haicap = str(Path(sys.executable).parent / "haicap")
    for form in FORMS:
        row(f"report of {SIZE:,} changes, .{form}", [haicap, "report", str(plan), "-o", str(directory / f"out.{form}")])
    chromium = shutil.which("chromium")
    if chromium is None:
        print("no chromium: the page was not measured")
        return
    page = directory / "out.html"
    print(f"{'the page, MiB':58} {page.stat().st_size / 1048576:8.2f}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        measured = [_measure(browser, page) for _ in range(RUNS + 1)][1:]
        browser.close()
    times = zip(*measured, strict=True)
    for title, seconds in zip(("until it answers", "its first search of all lines", "its second"), times, strict=False):
        print(f"{f'the page, {title}':58} {statistics.median(seconds):8.2f} {min(seconds):8.2f} {max(seconds):8.2f}")
    print(f"{'the page, its heap after that, MiB':58} {max(heap for *_, heap in measured):8.0f}")


def _measure(browser: Browser, path: Path) -> tuple[float, float, float, float]:
    """Seconds until it answers, of a first search, of a second, and the MiB of its heap."""
    page = browser.new_page()
    page.goto(path.as_uri())
    ready = float(page.evaluate(_READY))
    first, second = _search(page, "10.65.77.0/25"), _search(page, "10.65.78.0/25")
    heap = float(page.evaluate(_HEAP))
    page.close()
    return ready, first, second, heap


def _search(page: Page, text: str) -> float:
    started = time.perf_counter()
    page.evaluate(f"state.q = {text!r}; show(false)")
    return time.perf_counter() - started
