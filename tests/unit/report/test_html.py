"""The page: whole in itself, inert, and readable without its program."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from haicap.report.html import to_html
from haicap.report.words import WORDS
from tests.unit.report.samples import HOSTILE, certificate, file_change, hostile_plan, inspection, plan, probe


class _Page(HTMLParser):
    """Elements with their attributes, and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.raw: list[tuple[str, dict[str, str | None], str]] = []
        self.words: list[str] = []
        self._open: tuple[str, dict[str, str | None]] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open = (tag, dict(attrs)) if tag in ("script", "style") else None

    def handle_data(self, data: str) -> None:
        if self._open:
            self.raw.append((*self._open, data))
        self.words.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._open = None


@pytest.fixture
def hostile(read) -> str:
    return to_html(read(hostile_plan()))


def test_nothing_hostile_becomes_an_element(hostile: str):
    page = _Page(hostile)
    assert sum(tag == "script" for tag, _ in page.elements) == 3
    assert sum(tag == "style" for tag, _ in page.elements) == 1
    assert not {tag for tag, _ in page.elements} & {"img", "iframe", "object", "embed", "link", "base"}
    named = {name for _, attributes in page.elements for name in attributes}
    assert [name for name in named if name.startswith("on") or name in ("src", "style", "srcdoc", "action")] == []


def test_its_data_is_what_was_read(hostile: str):
    page = _Page(hostile)
    data = json.loads(next(text for _, attributes, text in page.raw if attributes.get("id") == "data"))
    assert data["items"][0]["what"] == HOSTILE[0]
    lines = next(text for _, attributes, text in page.raw if attributes.get("id") == "details").split("\n")
    assert len(lines) == len(data["items"]) == len(HOSTILE)
    assert json.loads(lines[0])[0]["hunks"][0]["rows"][1] == [HOSTILE[0]]


def test_what_is_not_seen_is_marked(hostile: str):
    assert "⟪U+202E⟫" in hostile
    assert not set(hostile) & set("\u202e\u2066\u200b\ufeff\u2028\u2029\x00\x07\x1b\r")


def test_its_policy_allows_its_own_style_and_program_and_nothing_else(hostile: str):
    page = _Page(hostile)
    policy = next(made["content"] for _, made in page.elements if made.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    own = [text for tag, attributes, text in page.raw if tag == "style" or not attributes.get("type")]
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in own]
    assert re.findall(r"'sha256-[^']*'", policy) == hashes


def test_its_program_never_makes_html_of_text(hostile: str):
    program = _Page(hostile).raw[-1][2]
    assert "createElement" in program
    forbidden = (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        "fetch(",
        "http",
    )
    assert [word for word in forbidden if word in program.replace("http://www.w3.org/2000/svg", "")] == []


def test_without_its_program_all_is_named(read):
    page = _Page(to_html(read(plan(file_change(), file_change("24967", "delete"), unchanged=374))))
    words = " ".join(page.words[: page.words.index(page.raw[1][2])])
    for word in ("gw-24958", "gw-24967", "374", "2025-07-14T08:00:00Z", "Look at these first"):
        assert word in words


@pytest.mark.parametrize(
    "document",
    [
        plan(),
        inspection(),
        inspection(probe()),
        certificate(
            {
                "verdict": {"passed": True, "reasons": [HOSTILE[1]]},
                "approvals": [{"principal": HOSTILE[0]}],
                HOSTILE[0]: HOSTILE[1],
            }
        ),
        {"format": "haicap.diff/1", "from": {"label": HOSTILE[0]}, "to": {"label": "b"}, "changes": [], "moves": []},
    ],
    ids=["empty plan", "empty inspection", "inspection", "certificate", "difference"],
)
def test_each_kind_has_a_page(read, document: Any):
    page = _Page(to_html(read(document)))
    assert sum(tag == "script" for tag, _ in page.elements) == 3
    assert sum(tag == "h1" for tag, _ in page.elements) == 1


def test_every_word_is_said_in_both_languages():
    assert [key for key, (one, other) in WORDS.items() if not (one.strip() and other.strip())] == []


def test_every_word_that_the_page_asks_for_is_known(read):
    """A key without a word would be shown as it is."""
    page = to_html(read(hostile_plan()))
    asked = set(re.findall(r'(?:spoken|word)\("([\w-]+)"\)', page)) | set(
        re.findall(r'data-word(?:-label)?="([^"]+)"', page)
    )
    assert {key for key in asked if key not in WORDS} == set()
