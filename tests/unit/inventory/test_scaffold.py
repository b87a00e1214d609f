"""New inventories: every province's is without a fault, and nothing is overwritten."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import jsonschema
import pytest
import yaml

from haicap.addressing.model import Locks
from haicap.addressing.planner import plan_locks
from haicap.errors import HaicapError
from haicap.inventory import national
from haicap.inventory.loader import find_provinces, load
from haicap.inventory.model import Inventory
from haicap.inventory.scaffold import scaffold
from haicap.inventory.staff_loader import load_staff

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("slug", [province.slug for province in national.provinces()])
def test_every_province_scaffolds_without_a_finding(slug: str, tmp_path: Path) -> None:
    written = scaffold(tmp_path, slug)
    assert [path.name for path in written[:3]] == ["province.yml", "units.yml", "platforms.yml"]
    inventory = load(tmp_path, slug)
    assert [path.name for path in written[3:]] == [f"{unit.code}.yml" for unit in inventory.units]
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
    for name in ("province.yml", "units.yml", "platforms.yml"):
        written = (lam_dong_folder / "inventories/lam-dong" / name).read_text("utf-8")
        assert (ROOT / "inventories/lam-dong" / name).read_text("utf-8") == written
    written_staff = (lam_dong_folder / "inventories/lam-dong/staff").iterdir()
    here = {path.name: path.read_text("utf-8") for path in (ROOT / "inventories/lam-dong/staff").iterdir()}
    assert here == {path.name: path.read_text("utf-8") for path in written_staff}


def test_lam_dong_keeps_the_axes_and_replaces_the_rest(lam_dong: Inventory) -> None:
    platforms = {one.name: one for one in lam_dong.platforms}
    assert {one.kind for one in lam_dong.platforms} == {"procedures", "documents", "sharing", "reporting", "meetings"}
    assert [name for name, one in platforms.items() if one.kept_from and not one.dates.frozen] == [
        "sharing",
        "document-axis",
    ]
    frozen = [name for name, one in platforms.items() if one.dates.frozen == date(2025, 7, 1)]
    assert frozen == [
        f"{kind}-{old}" for kind in ("documents", "procedures") for old in ("old", "binhthuan", "daknong")
    ]
    assert (platforms["procedures"].replaces, platforms["procedures"].names) == (
        "procedures-old",
        ("motcua.lamdong.gov.vn",),
    )
    assert platforms["procedures-old"].names == platforms["procedures"].names


def test_a_province_that_was_not_merged_has_five_platforms(tmp_path: Path) -> None:
    scaffold(tmp_path, "nghe-an")
    platforms = load(tmp_path, "nghe-an").platforms
    assert [one.kind for one in platforms] == ["sharing", "documents", "procedures", "reporting", "meetings"]
    assert {one.replaces or one.kept_from for one in platforms} == {None}


def test_every_machine_of_a_new_province_has_a_place(lam_dong: Inventory) -> None:
    planned = plan_locks(lam_dong, Locks(), date(2025, 5, 1))
    assert planned.findings == ()
    assert planned.locks.machines.keys() == {name for one in lam_dong.platforms for name in one.machine_names}


def test_the_people_pass_the_check_and_are_as_many_as_the_unit_says(lam_dong: Inventory, lam_dong_folder: Path) -> None:
    staff = load_staff(lam_dong_folder, "lam-dong", lam_dong)
    assert {code: len(unit.people) for code, unit in staff.units.items()} == {u.code: u.staff for u in lam_dong.units}


def test_every_predecessor_is_there_once_or_in_parts(lam_dong: Inventory) -> None:
    names = [name for unit in lam_dong.units for old in unit.predecessors for name in old.names]
    assert len(names) == len(set(names)) == 329


def test_people_can_see_what_is_synthetic(lam_dong_folder: Path) -> None:
    for name in ("province.yml", "units.yml"):
        head = (lam_dong_folder / "inventories/lam-dong" / name).read_text("utf-8")[:900]
        assert head.startswith("# yaml-language-server: $schema=../../schema/")
        assert "SYNTHETIC" in head
        assert "MIT licence" in head
    head = (lam_dong_folder / "inventories/lam-dong/staff/24958.yml").read_text("utf-8")[:300]
    assert head.startswith("# yaml-language-server: $schema=../../../schema/staff.schema.json\n")
    assert "SYNTHETIC: these people are invented" in head


def test_an_unknown_agency_code_says_so(tmp_path: Path) -> None:
    text = scaffold(tmp_path, "lai-chau")[0].read_text("utf-8")
    assert re.search(r"^agency_code: Y99  # synthetic: replace$", text, re.MULTILINE)


def test_names_of_numbers_only_have_their_kind_in_front(tmp_path: Path) -> None:
    inventory_text = scaffold(tmp_path, "ho-chi-minh")[1].read_text("utf-8")
    assert "phuong1-quan3.hochiminhcity.gov.vn" in inventory_text


@pytest.mark.parametrize("there", ["province.yml", "units.yml", "platforms.yml", "staff"])
def test_nothing_is_overwritten(there: str, tmp_path: Path) -> None:
    folder = tmp_path / "inventories/lam-dong"
    folder.mkdir(parents=True)
    (folder / there).write_text("mine")
    with pytest.raises(HaicapError, match=f"inventories/lam-dong/{there} is there already; nothing was written"):
        scaffold(tmp_path, "lam-dong")
    assert [path.name for path in folder.iterdir()] == [there]
    assert (folder / there).read_text() == "mine"


def test_the_schemas_accept_the_sample(lam_dong_folder: Path) -> None:
    for name, file in (
        ("province", "province"),
        ("units", "units"),
        ("platforms", "platforms"),
        ("staff", "staff/24958"),
    ):
        schema = json.loads((ROOT / f"schema/{name}.schema.json").read_text("utf-8"))
        data = yaml.load((lam_dong_folder / f"inventories/lam-dong/{file}.yml").read_text("utf-8"), yaml.BaseLoader)
        types = jsonschema.Draft202012Validator(schema).iter_errors(data)
        assert [error.message for error in types if error.validator not in ("type", "anyOf")] == []
