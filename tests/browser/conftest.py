"""A real browser, without a window and without a network, and reports to look at."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from haicap.plan.model import Plan
from haicap.report.html import to_html
from haicap.report.model import Report
from haicap.report.reading import of_envelope, of_plan
from haicap.report.visible import all_visible
from tests.unit.report.samples import certificate, hostile_plan, probe
from toolchain.sample_plan import sample_plan

Open = Callable[..., Page]
Write = Callable[[str, Report], Path]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium from PATH; no other is downloaded. It has an event loop, which no test after these may find running."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("this machine has no chromium: `apt-get install chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])  # a container has no other
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Write:
    """A report's page in a file."""
    folder = tmp_path_factory.mktemp("pages")

    def write(name: str, report: Report) -> Path:
        path = folder / f"{name}.html"
        path.write_text(to_html(report), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def small(written: Write) -> Path:
    """620 changes."""
    return written("small", _report(sample_plan(620)))


@pytest.fixture(scope="session")
def large(written: Write) -> Path:
    """5,000 changes."""
    return written("large", _report(sample_plan(5_000)))


@pytest.fixture(scope="session")
def hostile(written: Write) -> Path:
    """Names that nobody should be called."""
    return written("hostile", _report(hostile_plan()))


@pytest.fixture(scope="session")
def signed(written: Write) -> Path:
    """A certificate that something did not pass."""
    definition = {
        "province": "lam-dong",
        "target": "live",
        "as_of": "2025-07-01",
        "units": {"24958": {"name": "Đức Trọng"}},
    }
    predicate = {
        "definition": definition,
        "approvals": [{"principal": "b@b.vn", "decision": "approve", "at": "2025-06-30T08:00:00Z"}],
        "inspection": {"results": {"24958": "failed"}, "probes": [probe()]},
        "verdict": {"passed": False, "reasons": ["1 probe did not pass"]},
    }
    return written("signed", of_envelope(certificate(predicate)))


def _report(plan: Plan) -> Report:
    return of_plan(Plan.of(all_visible(plan.to_json())), plan.digest)


@pytest.fixture
def show(browser: Browser) -> Iterator[Open]:
    """`show(path, q="ductrong")`: the page with that in its address. What it logs, asks of a network or fails at, fails
    the test when it ends."""
    context = browser.new_context()
    wrong: list[str] = []

    def open_page(path: Path, *, scheme: str = "light", width: int = 1280, **address: str) -> Page:
        page = context.new_page()
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.set_viewport_size({"width": width, "height": 900})
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append(f"a dialog: {dialog.message}"))
        page.on("request", lambda sent: wrong.append(sent.url) if not sent.url.startswith("file:") else None)
        page.goto(f"{path.as_uri()}#{urlencode(address)}")
        return page

    yield open_page
    context.close()
    assert wrong == []
