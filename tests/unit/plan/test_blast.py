"""Whom a change touches, and the way that leads there."""

from __future__ import annotations

from typing import Any

import pytest

from haicap.plan.blast import Platform, World, blast_of
from haicap.plan.model import Change, Difference

WORLD = World(
    people={"1": frozenset({"a", "b"}), "2": frozenset({"c"}), "3": frozenset({"d"})},
    roles={"hub1": "hub", "dns1": "dns", "mail1": "mail", "hv1": "hypervisor"},
    tunnels=frozenset({"1", "2"}),
    mail=frozenset({"1", "3"}),
    platforms={
        "one": Platform("Một cửa", {"one-1": "hv1", "one-2": "hv2"}, frozenset({"1", "2", "3"})),
        "docs": Platform("Văn bản", {"docs-1": "hv2"}, frozenset({"2"})),
    },
)


def _change(resource: str, system: str, unit: str | None = None, *diff: Difference) -> Change:
    return Change(unit, system, resource, "update", "", diff)


@pytest.mark.parametrize(
    ("change", "units", "people", "way"),
    [
        (_change("hub1", "hub"), ("1", "2"), 3, "hub1 -> 2 units' tunnels -> 3 people"),
        (_change("dns1", "dns"), ("1", "2", "3"), 4, "dns1 -> 3 units' names -> 4 people"),
        (_change("zones", "dns"), ("1", "2", "3"), 4, "zones -> 3 units' names -> 4 people"),
        (_change("mail1", "mail"), ("1", "3"), 3, "mail1 -> 2 units' mailboxes -> 3 people"),
        (_change("directory", "mail"), ("1", "3"), 3, "directory -> 2 units' mailboxes -> 3 people"),
        (_change("hv1", "hypervisor"), ("1", "2", "3"), 4, "hv1 -> 1 machine -> Một cửa -> 3 units -> 4 people"),
        (_change("vm-docs-1", "machine"), ("2",), 1, "vm-docs-1 -> Văn bản -> 1 unit -> 1 person"),
        (_change("docs-1", "machine"), ("2",), 1, "docs-1 -> Văn bản -> 1 unit -> 1 person"),
        (_change("gw-1", "gateway", "1"), ("1",), 2, "gw-1 -> network of 1 -> 2 people"),
        (_change("dns-1", "dns", "1"), ("1",), 2, "dns-1 -> names of 1 -> 2 people"),
    ],
)
def test_each_kind_of_resource_leads_to_its_people(
    change: Change, units: tuple[str, ...], people: int, way: str
) -> None:
    blast = blast_of([change], WORLD)
    assert (blast.units, blast.people, blast.via) == (units, people, (way,))


@pytest.mark.parametrize(
    ("difference", "people"),
    [
        (Difference(("people", "a"), {"stage": "live"}, {"stage": "frozen"}), 1),
        (Difference(("people",), None, {"x": {}, "y": {}}), 2),
        (Difference(("groups", "ubnd"), {"members": ["a"]}, {"members": ["a", "b"]}), 2),
        (Difference(("server",), "mail1", "mail2"), 2),
        (Difference(("officers",), [], ["age1"]), 0),
    ],
)
def test_a_change_of_accounts_touches_those_it_is_about(difference: Difference, people: int) -> None:
    assert blast_of([_change("mail-1", "mail", "1", difference)], WORLD).people == people


def test_people_count_once_and_the_widest_way_is_first() -> None:
    blast = blast_of([_change("gw-1", "gateway", "1"), _change("hub1", "hub")], WORLD)
    assert (blast.units, blast.people) == (("1", "2"), 3)
    assert [way.partition(" ")[0] for way in blast.via] == ["hub1", "gw-1"]
    assert blast.services == ("network of 1", "tunnels by hub1")


def test_what_leads_nowhere_touches_nobody() -> None:
    blast = blast_of([_change("unheard", "of")], WORLD)
    assert (blast.units, blast.people, blast.via) == ((), 0, ())


def test_a_unit_of_both_sides_counts_once_under_its_new_code() -> None:
    before = World(people={"8": frozenset({"a"})}, tunnels=frozenset({"8"}))
    after = World(people={"9": frozenset({"a"})}, roles={"hub1": "hub"}, tunnels=frozenset({"9"}))
    blast = blast_of([_change("hub1", "hub")], after.beside(before.renamed({"8": "9"})))
    assert (blast.units, blast.people) == (("9",), 1)


def test_as_a_document() -> None:
    document: dict[str, Any] = blast_of([_change("gw-1", "gateway", "1")], WORLD).to_json()
    assert document == {
        "units": ["1"],
        "people": 2,
        "services": ["network of 1"],
        "via": ["gw-1 -> network of 1 -> 2 people"],
    }
