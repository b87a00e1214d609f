"""A change in parts says exactly what changes."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haicap.plan.model import Difference
from haicap.report.parts import Hunk, Text, Values, parts_of, places_of

LINES = st.lists(st.sampled_from(["a", "b", "c", "", "}"]), max_size=30)


def _text(before: str | None, after: str | None) -> Text:
    (part,) = parts_of([Difference(("files", "/etc/x"), before, after)])
    assert isinstance(part, Text)
    return part


@given(LINES, LINES)
def test_whoever_does_what_the_lines_say_has_the_new_text(old: list[str], new: list[str]):
    part = _text("".join(f"{line}\n" for line in [*old, "last"]), "".join(f"{line}\n" for line in [*new, "last"]))
    done, at = [], 0
    for hunk in part.hunks:
        done += [*old, "last"][at : hunk.before - 1]
        assert len(done) == hunk.after - 1, "the numbers of the lines after it are wrong"
        assert [*old, "last"][hunk.before - 1 :][: len(_side(hunk, 0))] == _side(hunk, 0)
        done += _side(hunk, 1)
        at = hunk.before - 1 + len(_side(hunk, 0))
    assert [*done, *[*old, "last"][at:]] == [*new, "last"]


def _side(hunk: Hunk, side: int) -> list[str]:
    return [line for row in hunk.rows if (line := row[side]) is not None]


def test_a_small_change_of_a_long_text_is_small():
    lines = [f"line {n}\n" for n in range(20_000)]
    part = _text("".join(lines), "".join([*lines[:9_000], "other\n", *lines[9_001:]]))
    (hunk,) = part.hunks
    assert (hunk.before, hunk.after, len(hunk.rows)) == (8_999, 8_999, 5)
    assert ("line 9000", "other") in hunk.rows


def test_a_text_that_comes_is_all_new():
    assert _text(None, "a\nb\n").hunks == (Hunk(1, 1, ((None, "a"), (None, "b"))),)


@pytest.mark.parametrize(
    ("before", "after", "note"),
    [("a\nb\n", "a\nb", "no end of line at its end"), ("a\nb", "a\nb\n", "line endings differ")],
)
def test_what_lines_do_not_show_is_noted(before: str, after: str, note: str):
    assert note in _text(before, after).notes


def test_texts_that_look_the_same_are_told_apart():
    composed = "Đắk Nông"
    (part,) = parts_of([Difference(("name",), composed, unicodedata.normalize("NFD", composed))])
    assert isinstance(part, Values)
    assert [cell.rpartition("(")[2] for cell in part.rows[0][1:]] == ["composed letters)", "letters and accents apart)"]


def test_a_person_shows_what_is_different():
    before = {"name": "Hà", "title": "Văn thư", "stage": "live"}
    (part,) = parts_of([Difference(("people", "68-1"), before, {**before, "title": "Kế toán"})])
    assert part == Values("68-1, Hà, Kế toán", (("title", "Văn thư", "Kế toán"),))


def test_lists_and_single_values():
    parts = parts_of(
        [
            Difference(("vcpus",), 2, 4),
            Difference(("host",), "a", None),
            Difference(("networks",), ["a", "b"], ["b", "c"]),
            Difference(("order",), ["a", "b"], ["b", "a"]),
        ]
    )
    assert parts == (
        Values("", (("vcpus", "2", "4"), ("host", "a", ""))),
        Values("networks", (("", "a", ""), ("", "", "c"))),
        Values("order", (("order", "a, b", "b, a"),)),
    )


def test_places():
    sets = {"a.": {"x.a. A": {"ttl": 60, "records": ["192.0.2.1"]}}}
    assert places_of(
        [Difference(("files",), None, {"/etc/a": "x", "/etc/b": "y"}), Difference(("zones",), None, sets)]
    ) == (
        "/etc/a",
        "/etc/b",
        "x.a. A",
    )
