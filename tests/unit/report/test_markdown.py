"""A comment: short enough, with what matters first, and harmless whatever it quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from haicap.plan.model import Breach, Override
from haicap.report.markdown import LIMIT, to_markdown
from haicap.report.model import Report
from haicap.report.reading import of_plan
from tests.unit.report.samples import HOSTILE, file_change, hostile_plan, plan
from toolchain.sample_plan import sample_plan

OURS = re.compile(r"</?(details|summary|code)>")  # the only HTML that a comment has of its own


@pytest.fixture(scope="module")
def big() -> Report:
    """Of 3,000 changes."""
    made = sample_plan(3_000)
    return of_plan(made, made.digest)


def test_a_plan_in_short(read):
    breach, overridden = (
        Breach("deletes", "refuse", "5 of 4", "Delete less."),
        Breach("waves", "refuse", "early", "Wait."),
    )
    text = to_markdown(
        read(
            plan(
                file_change(),
                file_change("24967", "delete"),
                units={"24958": {"name": "Đức Trọng"}},
                breaches=(breach, overridden),
                overrides=(Override("waves", "a flood"),),
            )
        )
    )
    assert text.startswith("### Plan: lam-dong, live, 2025-07-01\n\n| system | create | update | replace | delete |")
    assert "| gateway | 0 | 1 | 0 | 1 |" in text
    assert "- **refused** deletes: `5 of 4` `Delete less.`" in text
    assert "- **overridden** waves: `early` reason: `a flood`" in text
    assert "#### delete: 1\n\n- gw-24967" in text
    assert "# /etc/nftables.conf\n@@ -1 +1 @@\n one\n-two\n+2\n three\n```" in text
    assert (
        "<summary>~ update <code>gw-24958</code> <code>gateway</code> <code>24958</code> <code>Đức Trọng</code>" in text
    )


@pytest.mark.parametrize("limit", [3_000, 20_000, LIMIT, 1_000_000])
def test_it_keeps_to_its_limit_and_says_what_is_left_out(big: Report, limit: int):
    text = to_markdown(big, limit)
    assert len(text) <= limit
    assert re.search(r"\*\*\d+ of 3000 are not shown in detail", text)
    assert text.count("<details>") == text.count("</details>")


def test_all_deletes_and_replaces_are_named_where_there_is_room(big: Report):
    text = to_markdown(big)
    assert len(big.grave) > 100
    assert [item.what for item in big.grave if f"- {item.what}" not in text] == []


def test_what_is_small_is_whole(read):
    assert "not shown" not in to_markdown(read(plan(file_change())))


def test_nothing_that_it_quotes_is_read_as_markdown(read):
    tokens = list(
        _all(MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(to_markdown(read(hostile_plan()))))
    )
    kinds = {token.type for token in tokens}
    assert not kinds & {"link_open", "image", "hr", "blockquote_open"}
    html = "".join(token.content for token in tokens if token.type in ("html_block", "html_inline"))
    assert re.findall(r"<[^>]*>", OURS.sub("", html)) == []
    assert {token.tag for token in tokens if token.type == "heading_open"} == {"h3", "h4"}


def test_mentions_and_addresses_stand_in_code(read):
    """Such are found in text by what shows the comment, after Markdown is read; in code they are not."""
    for token in _all(
        MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(to_markdown(read(hostile_plan())))
    ):
        if token.type == "text":
            assert not re.search(r"@\w|https?:|www\.|#\d", token.content)
        if token.type == "html_block":
            outside = re.sub(r"<code>.*?</code>", "", token.content)
            assert not re.search(r"@\w|https?:|www\.|#\d", outside)


def test_a_pipe_stays_in_its_cell(read):
    text = to_markdown(read(plan(file_change("24958"), units={"24958": {"name": HOSTILE[8]}})))
    (row,) = [line for line in text.splitlines() if line.startswith("| 24958")]
    assert len(re.split(r"(?<!\\)\|", row)) == 8


def test_what_is_not_seen_is_marked(read):
    text = to_markdown(read(hostile_plan()))
    assert "⟪U+202E⟫" in text
    assert not set(text) & set("\u202e\u2066\u200b\ufeff\x00\x07\x1b\r")


def _all(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or [])
