"""What can't be seen is shown, and what can be seen stays as it is."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from haicap.report.visible import all_visible, visible

_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def test_every_character_that_is_not_seen_is_marked():
    silent = [
        f"U+{code:04X}"
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in _UNSEEN or (unicodedata.category(chr(code)) == "Zs" and code != 0x20)
        if chr(code) not in "\n\t" and visible(chr(code)) != f"⟪U+{code:04X}⟫"
    ]
    assert silent == []


@pytest.mark.parametrize(
    "text", ["Đức Trọng", unicodedata.normalize("NFD", "Đắk Nông"), "日本 Ω é ñ 😀", "a\tb\nc", "⟪⟫"]
)
def test_what_is_seen_stays(text: str):
    assert visible(text) == text


def test_all_texts_of_a_document_and_its_keys():
    assert all_visible({"a\u202e": ["\u200b", {"b": "\x00"}, 1, None]}) == {
        "a⟪U+202E⟫": ["⟪U+200B⟫", {"b": "⟪U+0000⟫"}, 1, None]
    }
