"""The national data against the known totals."""

from __future__ import annotations

from collections import Counter

import pytest

from haicap.errors import HaicapError
from haicap.inventory import national


def all_units() -> list[national.NationalUnit]:
    return [unit for province in national.provinces() for unit in national.units(province.code)]


def test_totals() -> None:
    assert len(national.provinces()) == 34
    assert Counter(unit.kind for unit in all_units()) == {"commune": 2621, "ward": 687, "special_zone": 13}
    assert len(national.old_communes()) == 10_035


def test_lam_dong() -> None:
    units = national.units(national.province("lam-dong").code)
    assert Counter(unit.kind for unit in units) == {"commune": 103, "ward": 20, "special_zone": 1}
    old = {line.commune.code for unit in units for line in national.predecessors(unit.code)}
    assert len(old) == 329


@pytest.mark.parametrize(("slug", "count"), [("nghe-an", 130), ("ho-chi-minh", 168), ("da-nang", 94), ("lai-chau", 38)])
def test_units_of_a_province(slug: str, count: int) -> None:
    assert len(national.units(national.province(slug).code)) == count


def test_five_island_units_have_no_predecessors() -> None:
    islands = {unit.name for unit in all_units() if not national.predecessors(unit.code)}
    assert islands == {"Bạch Long Vĩ", "Cồn Cỏ", "Hoàng Sa", "Lý Sơn", "Côn Đảo"}


def test_a_code_is_used_again_by_another_unit() -> None:
    assert national.old_communes()["00004"].name == "Trúc Bạch"
    assert next(unit.name for unit in national.units("01") if unit.code == "00004") == "Ba Đình"


def test_each_old_commune_has_one_main_successor() -> None:
    lines = [line for unit in all_units() for line in national.predecessors(unit.code)]
    assert {*Counter(line.commune.code for line in lines if line.main).values()} == {1}
    counts = Counter(line.commune.code for line in lines)
    assert counts.keys() == national.old_communes().keys()
    assert all(line.share == ("whole" if counts[line.commune.code] == 1 else "part") for line in lines)


@pytest.mark.parametrize("name", ["lam-dong", "Lâm Đồng", "LAM DONG", "La\u0302m Đo\u0302\u0300ng", "68"])
def test_a_province_by_any_of_its_names(name: str) -> None:
    assert national.province(name).name == "Lâm Đồng"


def test_an_unknown_province_names_the_nearest() -> None:
    with pytest.raises(HaicapError, match='no province "lam-dnog"; did you mean lam-dong'):
        national.province("lam-dnog")


def test_a_province_that_is_nowhere_near_lists_all() -> None:
    with pytest.raises(HaicapError, match="the provinces are an-giang, bac-ninh, ca-mau"):
        national.province("zzzzzzzz")


def test_an_unknown_code_has_nothing() -> None:
    assert national.units("99") == ()
    assert national.predecessors("99999") == ()


def test_the_nearest_communes_of_a_mistyped_code() -> None:
    assert national.nearest_communes("24959")[0].code == "24958"
