"""New inventories: every province's is without a fault, and nothing is overwritten."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from haicap.errors import HaicapError
from haicap.inventory import national
from haicap.inventory.loader import find_provinces, load
from haicap.inventory.model import Inventory
from haicap.inventory.scaffold import scaffold

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("slug", [province.slug for province in national.provinces()])
def test_every_province_scaffolds_without_a_finding(slug: str, tmp_path: Path) -> None:
    written = scaffold(tmp_path, slug)
    assert [path.name for path in written] == ["province.yml", "units.yml"]
    inventory = load(tmp_path, slug)
    assert len(inventory.units) == len(national.units(inventory.province.code))
    assert sum(unit.wave == "pilot" for unit in inventory.units) == 6
    assert find_provinces(tmp_path) == [slug]


def test_lam_dong(lam_dong: Inventory) -> None:
    assert lam_dong.slug == "lam-dong"
    assert lam_dong.province.domain == "lamdong.gov.vn"
    assert set(lam_dong.province.legacy_domains) == {"binhthuan.gov.vn", "daknong.gov.vn"}
    pilots = {unit.name for unit in lam_dong.units if unit.wave == "pilot"}
    assert {"Xuân Hương - Đà Lạt", "B'Lao", "Phú Quý"} < pilots


def test_the_sample_is_what_the_scaffold_writes(lam_dong_folder: Path) -> None:
    for name in ("province.yml", "units.yml"):
        written = (lam_dong_folder / "inventories/lam-dong" / name).read_text("utf-8")
        assert (ROOT / "inventories/lam-dong" / name).read_text("utf-8") == written


def test_every_predecessor_is_there_once_or_in_parts(lam_dong: Inventory) -> None:
    names = [name for unit in lam_dong.units for old in unit.predecessors for name in old.names]
    assert len(names) == len(set(names)) == 329


def test_people_can_see_what_is_synthetic(lam_dong_folder: Path) -> None:
    for name in ("province.yml", "units.yml"):
        head = (lam_dong_folder / "inventories/lam-dong" / name).read_text("utf-8")[:900]
        assert head.startswith("# yaml-language-server: $schema=../../schema/")
        assert "SYNTHETIC" in head
        assert "MIT licence" in head


def test_an_unknown_agency_code_says_so(tmp_path: Path) -> None:
    text = scaffold(tmp_path, "lai-chau")[0].read_text("utf-8")
    assert re.search(r"^agency_code: Y99  # synthetic: replace$", text, re.MULTILINE)


def test_names_of_numbers_only_have_their_kind_in_front(tmp_path: Path) -> None:
    inventory_text = scaffold(tmp_path, "ho-chi-minh")[1].read_text("utf-8")
    assert "phuong1-quan3.hochiminhcity.gov.vn" in inventory_text


@pytest.mark.parametrize("there", ["province.yml", "units.yml"])
def test_nothing_is_overwritten(there: str, tmp_path: Path) -> None:
    folder = tmp_path / "inventories/lam-dong"
    folder.mkdir(parents=True)
    (folder / there).write_text("mine")
    with pytest.raises(HaicapError, match=f"inventories/lam-dong/{there} is there already; nothing was written"):
        scaffold(tmp_path, "lam-dong")
    assert [path.name for path in folder.iterdir()] == [there]
    assert (folder / there).read_text() == "mine"


def test_the_schemas_accept_the_sample(lam_dong_folder: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    for name in ("province", "units"):
        schema = json.loads((ROOT / f"schema/{name}.schema.json").read_text("utf-8"))
        data = yaml.load((lam_dong_folder / f"inventories/lam-dong/{name}.yml").read_text("utf-8"), yaml.BaseLoader)
        types = jsonschema.Draft202012Validator(schema).iter_errors(data)
        assert [error.message for error in types if error.validator not in ("type", "anyOf")] == []
