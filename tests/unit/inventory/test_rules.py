"""Rules are pure and stable. What each says is in tests/errors/."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haicap.inventory.marks import Marks
from haicap.inventory.model import Inventory, Overrides
from haicap.inventory.rules import check, rule_names


def test_a_scaffold_has_no_finding(lam_dong: Inventory) -> None:
    assert check(lam_dong, Marks()) == []


def test_rule_names_are_stable() -> None:
    assert len(rule_names()) == len(set(rule_names()))
    assert rule_names()[:3] == ["pools-overlap", "pool-bounds", "as-numbers"]


def test_without_marks_findings_have_no_line(lam_dong: Inventory) -> None:
    twice = lam_dong.model_copy(update={"units": (*lam_dong.units, lam_dong.units[0])})
    findings = check(twice)
    assert {finding.line for finding in findings} == {0}
    assert {finding.rule for finding in findings} >= {"identity", "agency-code-unique", "host-mac", "legacy-name"}


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_units_does_not_matter_when_nothing_is_wrong(lam_dong: Inventory, random: object) -> None:
    units = list(lam_dong.units)
    random.shuffle(units)  # type: ignore[attr-defined]
    assert check(lam_dong.model_copy(update={"units": tuple(units)})) == []


@pytest.mark.parametrize(("names", "found"), [(("Cẩm Giang", "Cẩm Giàng"), 0), (("Cẩm Giang", "Cẩm Giang"), 1)])
def test_names_equal_but_for_accents_are_no_finding(lam_dong: Inventory, names: tuple[str, str], found: int) -> None:
    first, second = (
        unit.model_copy(update={"name": name, "kind": "commune"})
        for unit, name in zip(lam_dong.units[:2], names, strict=True)
    )
    rules = [finding.rule for finding in check(lam_dong.model_copy(update={"units": (first, second)}))]
    assert rules == ["name-collision"] * found


def test_one_name_for_two_kinds_is_no_finding(lam_dong: Inventory) -> None:
    commune, ward = (
        unit.model_copy(update={"name": "Tân Lập", "kind": kind})
        for unit, kind in zip(lam_dong.units[:2], ("commune", "ward"), strict=True)
    )
    assert check(lam_dong.model_copy(update={"units": (commune, ward)})) == []


def test_two_chosen_labels_differ(lam_dong: Inventory) -> None:
    units = [unit.model_copy(update={"overrides": Overrides(label="one")}) for unit in lam_dong.units[:2]]
    findings = check(lam_dong.model_copy(update={"units": tuple(units)}))
    assert [finding.rule for finding in findings] == ["label", "label"]
