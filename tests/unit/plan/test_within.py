"""One value of a resource, by the name that people know it by."""

from __future__ import annotations

import pytest

from haicap.plan.model import Difference
from haicap.plan.within import find_paths, narrow

INPUTS = {
    "files": {"/etc/a": "x", "/etc/b": "y"},
    "zones": {"x.vn.": {"gw.x.vn. A": {"ttl": 60, "records": ["10.0.0.1"]}, "gw.x.vn. AAAA": {"ttl": 60}}},
    "people": {"68-1": {"name": "Hải"}},
}


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("/etc/a", (("files", "/etc/a"),)),
        ("68-1", (("people", "68-1"),)),
        ("gw.x.vn. A", (("zones", "x.vn.", "gw.x.vn. A"),)),
        ("gw.x.vn", (("zones", "x.vn.", "gw.x.vn. A"), ("zones", "x.vn.", "gw.x.vn. AAAA"))),
        ("files", (("files",),)),
        ("/etc/c", ()),
    ],
)
def test_a_name_leads_to_its_places(text: str, paths: tuple[tuple[str, ...], ...]) -> None:
    assert find_paths(INPUTS, text) == paths


def test_a_change_is_narrowed_to_a_place() -> None:
    one, other = Difference(("files", "/etc/a"), "w", "x"), Difference(("files", "/etc/b"), "w", "y")
    assert narrow([one, other], [("files", "/etc/a")]) == (one,)
    assert narrow([one, other], [("files",)]) == (one, other)
    assert narrow([one, other], [("services",)]) == ()


def test_a_part_of_what_comes_whole() -> None:
    whole = Difference(("files",), None, {"/etc/a": "x", "/etc/b": "y"})
    assert narrow([whole], [("files", "/etc/a")]) == (Difference(("files", "/etc/a"), None, "x"),)
