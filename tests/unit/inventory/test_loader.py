"""Reading inventories: what means the same is the same, and nothing that is read ends in a traceback."""

from __future__ import annotations

import shutil
import unicodedata
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haicap.errors import FindingsError, HaicapError
from haicap.inventory import reader
from haicap.inventory.loader import digest, find_provinces, inventory_digest, load
from haicap.inventory.model import Inventory, Unit

BASE = Path(__file__).parents[2] / "errors/base"
FUZZ = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of a small inventory, `x`."""
    shutil.copytree(BASE, tmp_path, dirs_exist_ok=True)
    return tmp_path


def units_file(folder: Path) -> Path:
    return folder / "inventories/x/units.yml"


def rewrite(folder: Path, text: str) -> None:
    units_file(folder).write_text(text, "utf-8", newline="")


def test_nfd_means_the_same_as_nfc(folder: Path) -> None:
    before = digest(folder, "x")
    rewrite(folder, unicodedata.normalize("NFD", units_file(folder).read_text("utf-8")))
    assert digest(folder, "x") == before
    assert load(folder, "x").units[2].name == unicodedata.normalize("NFC", "Đức Trọng")


def test_line_endings_comments_and_order_of_keys_do_not_count(folder: Path) -> None:
    before = digest(folder, "x")
    text = (
        units_file(folder)
        .read_text("utf-8")
        .replace("    staff: 84\n    wave: main\n", "    wave: main\n    staff: 84\n")
    )
    rewrite(folder, "# more\n" + text.replace("\n", "\r\n"))
    assert digest(folder, "x") == before


def test_a_change_in_meaning_counts(folder: Path) -> None:
    before = digest(folder, "x")
    rewrite(folder, units_file(folder).read_text("utf-8").replace("staff: 84", "staff: 83"))
    assert digest(folder, "x") != before


def test_a_change_in_the_platforms_counts(folder: Path) -> None:
    before, path = digest(folder, "x"), folder / "inventories/x/platforms.yml"
    path.write_text(path.read_text("utf-8").replace("count: 2", "count: 3"), "utf-8")
    assert digest(folder, "x") != before
    path.unlink()
    assert load(folder, "x").platforms == ()


def test_platforms_are_read_in_their_order(folder: Path) -> None:
    platforms = load(folder, "x").platforms
    assert [one.name for one in platforms] == ["sharing", "procedures-old", "procedures"]
    assert platforms[0].machine_names == ("sharing-1", "sharing-2")


def test_lines_are_right_with_windows_line_endings(folder: Path) -> None:
    rewrite(folder, units_file(folder).read_text("utf-8").replace("staff: 84", "staff: x").replace("\n", "\r\n"))
    with pytest.raises(FindingsError) as caught:
        load(folder, "x")
    assert [finding.line for finding in caught.value.findings] == [9]


def test_the_slower_loader_gives_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load(folder, "x")
    monkeypatch.setattr(reader, "_LOADER", yaml.SafeLoader)
    assert load(folder, "x") == before


def test_a_model_can_be_written_and_read_again(lam_dong: Inventory) -> None:
    text = lam_dong.model_dump_json(by_alias=True)
    assert Inventory.model_validate_json(text) == lam_dong
    assert inventory_digest(Inventory.model_validate_json(text)) == inventory_digest(lam_dong)


def test_no_inventory_at_all(tmp_path: Path) -> None:
    assert find_provinces(tmp_path) == []
    with pytest.raises(HaicapError, match="inventories/ holds no province"):
        load(tmp_path, "lam-dong")


def test_an_inventory_of_another_name(lam_dong_folder: Path) -> None:
    with pytest.raises(HaicapError, match=r"There is no inventory \"lam-dnog\"; did you mean lam-dong\?"):
        load(lam_dong_folder, "lam-dnog")
    with pytest.raises(HaicapError, match="`haicap init hue` writes a new one"):
        load(lam_dong_folder, "hue")


@pytest.mark.parametrize("slug", ["..", "../inventories/lam-dong", "/", "", "."])
def test_a_slug_is_no_path(slug: str, lam_dong_folder: Path) -> None:
    with pytest.raises(HaicapError, match="There is no inventory"):
        load(lam_dong_folder, slug)


def answers(folder: Path) -> None:
    """Reading gives an inventory or findings in one piece, never another error."""
    try:
        load(folder, "x")
    except HaicapError as error:
        assert str(error)


@FUZZ
@given(data=st.data())
def test_a_damaged_file_gets_an_answer(data: st.DataObject, folder: Path) -> None:
    text = (BASE / "inventories/x/units.yml").read_text("utf-8")
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 40))
    piece = data.draw(
        st.text(max_size=12) | st.sampled_from(['"\\uD800"', '"\\0"', "- ", "{", "[", "&a", "*a", "? ", "|"])
    )
    units_file(folder).write_bytes((text[:start] + piece + text[start + length :]).encode("utf-8", "surrogatepass"))
    answers(folder)


@FUZZ
@given(content=st.binary(max_size=300))
def test_any_bytes_get_an_answer(content: bytes, folder: Path) -> None:
    units_file(folder).write_bytes(content)
    answers(folder)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@FUZZ
@given(data=st.data())
def test_any_value_in_any_place_gets_an_answer(data: st.DataObject, folder: Path) -> None:
    name = data.draw(st.sampled_from(["province.yml", "units.yml", "platforms.yml"]))
    content = yaml.safe_load((BASE / "inventories/x" / name).read_text("utf-8"))
    place = content
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(VALUES)
    (folder / "inventories/x" / name).write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    answers(folder)


def test_all_codes_and_dates_stay_text(lam_dong: Inventory) -> None:
    unit: Unit = lam_dong.units[0]
    assert (unit.code, unit.identity, unit.gateway) == ("22918", "22918@2025-07-01", "gw-22918")
