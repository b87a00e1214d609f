"""A plan is exact, stable, and held to its digest."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from haicap.errors import HaicapError, Refused
from haicap.plan.diff import differences
from haicap.plan.file import ensure_same, read_plan
from haicap.plan.model import Breach, Change, Difference, Made, Override, Plan, Wait, canonical, digest_of, dump
from haicap.plan.selection import EVERYTHING
from haicap.plan.values import normalise

LEAVES = st.one_of(st.text(max_size=3), st.integers(-9, 9), st.lists(st.integers(0, 3), max_size=2))
VALUES = st.recursive(LEAVES, lambda inner: st.dictionaries(st.text(max_size=2), inner, max_size=3), max_leaves=8)
TREES = st.dictionaries(st.text(max_size=2), VALUES, max_size=4)


def _plan(basis: dict[str, str] | None = None) -> Plan:
    change = Change(
        "24829", "dns", "dns-24829", "update", digest_of({}), (Difference(("zones", "a.", "b. A"), None, {"ttl": 5}),)
    )
    return Plan(
        "lam-dong", "live", "2025-07-01", {}, basis or {"inventory": "1", "locks": "2", "state": "3"}, (change,)
    )


@given(TREES)
def test_equal_values_have_no_difference(tree: dict[str, object]) -> None:
    assert differences(tree, tree) == ()


@given(TREES, TREES)
def test_the_differences_lead_from_before_to_after(before: dict[str, object], after: dict[str, object]) -> None:
    diff = differences(before, after)
    assert bool(diff) == (before != after)
    for found in diff:
        assert found.before != found.after


@given(TREES)
def test_whole_floats_of_the_engine_are_the_integers_that_were_sent(tree: dict[str, object]) -> None:
    sent = json.loads(json.dumps(tree), parse_int=float)
    assert normalise(sent) == tree


def test_a_plan_file_reads_back_and_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(dump(_plan().to_json()), encoding="utf-8")
    saved = read_plan(path)
    assert saved.selection == EVERYTHING and saved.destroy is None
    ensure_same(saved, _plan())


WHOLE = replace(
    _plan(),
    unchanged=3,
    waiting=(Wait("gw-24958", "24958", "its gateway is not enrolled", "haicap enrol"),),
    units={"24829": {"name": "Đơn Dương", "segments": [{"vlan": 10}]}},
    breaches=(Breach("deletes.dns", "refuse", "7 of 9", "--override"),),
    overrides=(Override("deletes.dns", "the old zone goes"),),
    made=Made("2025-07-01T00:00:00Z", "a@b.vn", "2025-07-02T00:00:00Z", "c0ffee", ("x@y.vn",), {"haicap": "1"}),
)


def test_everything_in_a_plan_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(dump(WHOLE.to_json()), encoding="utf-8")
    assert read_plan(path).plan == WHOLE


@given(st.data())
def test_one_changed_byte_is_another_plan(data: st.DataObject) -> None:
    whole = dump(WHOLE.to_json()).encode()
    place = data.draw(st.integers(0, len(whole) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda value: value != whole[place]))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        path.write_bytes(whole[:place] + bytes([other]) + whole[place + 1 :])
        with pytest.raises(HaicapError):
            read_plan(path)


def test_a_line_that_ends_in_another_way_is_another_plan(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    for end in (b"\r", b"\r\n"):
        path.write_bytes(dump(WHOLE.to_json()).encode().replace(b"\n", end, 1))
        with pytest.raises(Refused):
            read_plan(path)


def test_when_and_by_whom_it_was_made_does_not_make_it_stale(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(dump(WHOLE.to_json()), encoding="utf-8")
    now = replace(WHOLE, breaches=(), overrides=(), made=replace(WHOLE.made, at="", by="", expires="", authors=()))
    ensure_same(read_plan(path), now)


@pytest.mark.parametrize(
    ("made", "moved"),
    [({"commit": "other"}, "commit"), ({"tools": {"haicap": "2"}}, "haicap"), ({"tools": {}}, "haicap")],
)
def test_another_commit_or_tool_makes_it_stale(tmp_path: Path, made: dict[str, object], moved: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(dump(WHOLE.to_json()), encoding="utf-8")
    with pytest.raises(Refused, match=f"{moved} has moved"):
        ensure_same(read_plan(path), replace(WHOLE, made=replace(WHOLE.made, **made)))


BMP = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=5)
DOCUMENTS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(BMP, inner, max_size=3)),
)


@given(DOCUMENTS)
def test_canonical_json_is_that_of_rfc_8785(document: object) -> None:
    assert canonical(document).encode() == rfc8785.dumps(document)


@pytest.mark.parametrize("moved", ["inventory", "locks", "state"])
def test_what_has_moved_is_named(tmp_path: Path, moved: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(dump(_plan().to_json()), encoding="utf-8")
    now = _plan({"inventory": "1", "locks": "2", "state": "3", moved: "other"})
    with pytest.raises(Refused, match=f"{moved} has moved"):
        ensure_same(read_plan(path), now)


@pytest.mark.parametrize("text", ["", "[]", '{"format": "other"}', '{"format": "haicap.plan/2"}'])
def test_what_is_no_plan_is_said(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(HaicapError, match=r"plan\.json: "):
        read_plan(path)
