"""Labels: Decree 224/2026, article 11, and the rule for collisions."""

import unicodedata
from typing import Any

import pytest

from haicap.addressing.model import Locks
from haicap.addressing.names import plain_label
from tests.unit.addressing.samples import lock, make_hub, make_inventory, make_province, make_unit


def labels(*units: Any, locks: Locks | None = None) -> dict[str, str]:
    planned = lock(make_inventory(*units), locks)
    assert not planned.findings
    return {identity[:5]: name.label for identity, name in planned.locks.names.items()}


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Xuân Hương - Đà Lạt", "xuanhuongdalat"),
        ("Bà Nà", "bana"),
        ("Hoa Quân", "hoaquan"),
        ("B'Lao", "blao"),
        ("B’Lao", "blao"),
        ("Móng Cái 2", "mongcai2"),
        ("Đức Trọng", "ductrong"),
        ("ĐẮK NÔNG", "daknong"),
        ("北京", ""),
        ("x" * 80, "x" * 63),
    ],
)
def test_plain_label(name: str, label: str) -> None:
    assert plain_label(name) == label
    assert plain_label(unicodedata.normalize("NFD", name)) == label


def test_kinds_tell_colliding_units_apart() -> None:
    units = make_unit(1, "Đồng Tiến"), make_unit(2, "Đông Tiến", kind="ward"), make_unit(3, "Đa Mi")
    assert labels(*units) == {"00001": "xa-dongtien", "00002": "phuong-dongtien", "00003": "dami"}
    assert labels(*reversed(units)) == labels(*units)


def test_codes_tell_units_of_one_kind_apart() -> None:
    units = make_unit(123, "Cẩm Giang"), make_unit(124, "Cẩm Giàng"), make_unit(125, "Cẩm Giăng", kind="special_zone")
    assert labels(*units) == {"00123": "camgiang-00123", "00124": "camgiang-00124", "00125": "dackhu-camgiang"}


def test_only_the_newcomer_is_qualified() -> None:
    first = lock(make_inventory(make_unit(1, "Đồng Tiến"))).locks
    again = labels(
        make_unit(1, "Đồng Tiến"), make_unit(2, "Đông Tiến", kind="ward"), make_unit(3, "Dong Tien"), locks=first
    )
    assert again == {"00001": "dongtien", "00002": "phuong-dongtien", "00003": "dongtien-00003"}


def test_newcomer_does_not_get_the_plain_label_of_a_qualified_pair() -> None:
    pair = make_unit(1, "Đồng Tiến"), make_unit(2, "Đông Tiến", kind="ward")
    first = lock(make_inventory(*pair)).locks
    assert labels(*pair, make_unit(3, "Đông Tiền"), locks=first)["00003"] == "dongtien-00003"


def test_renaming_keeps_the_label() -> None:
    first = lock(make_inventory(make_unit(1, "Cũ"))).locks
    assert lock(make_inventory(make_unit(1, "Mới")), first).locks.names == first.names


def test_resting_label_is_not_given_again() -> None:
    first = lock(make_inventory(make_unit(1, "Đa Mi"))).locks
    assert labels(make_unit(2, "Đa Mi"), locks=first) == {"00001": "dami", "00002": "dami-00002"}


def test_reserved_labels_are_never_plain() -> None:
    units = make_unit(1, "Mail"), make_unit(2, "DNS 1"), make_unit(3, "12", kind="ward"), make_unit(4, "北京")
    assert labels(*units) == {"00001": "xa-mail", "00002": "xa-dns1", "00003": "phuong-12", "00004": "xa-00004"}


def test_server_names_are_reserved() -> None:
    province = make_province(hubs=[make_hub(1, name="dalat")])
    names = lock(make_inventory(make_unit(1, "Đà Lạt"), province=province)).locks.names
    assert [name.label for name in names.values()] == ["xa-dalat"]


def test_override_goes_first_and_frees_the_plain_label() -> None:
    units = make_unit(1, "Đồng Tiến", overrides={"label": "dongtien-bac"}), make_unit(2, "Đông Tiến")
    assert labels(*units) == {"00001": "dongtien-bac", "00002": "dongtien"}
    taken = make_unit(1, "Đa Mi", overrides={"label": "dongtien"}), make_unit(2, "Đông Tiến")
    assert labels(*taken) == {"00001": "dongtien", "00002": "dongtien-00002"}


def test_override_after_the_first_lock_changes_nothing() -> None:
    first = lock(make_inventory(make_unit(1, "Đa Mi"))).locks
    assert labels(make_unit(1, "Đa Mi", overrides={"label": "other"}), locks=first) == {"00001": "dami"}


def test_taken_or_reserved_override_is_a_finding() -> None:
    units = make_unit(1, "A Lưới", overrides={"label": "www"}), make_unit(2, "B'Lao", overrides={"label": "x"})
    planned = lock(make_inventory(*units, make_unit(3, "Cò Nòi", overrides={"label": "x"})))
    assert [finding.rule for finding in planned.findings] == ["label-taken", "label-taken"]
    assert [name.label for name in planned.locks.names.values()] == ["aluoi", "x", "conoi"]


def test_chosen_labels_cannot_break_uniqueness() -> None:
    chosen = [f"dami-{tail}" for tail in ("00009", "00009-20250701")]
    units = [make_unit(n, f"Khác {n}", overrides={"label": label}) for n, label in enumerate(chosen, 1)]
    found = labels(*units, make_unit(8, "Đa Mi"), make_unit(9, "Đa Mi"))
    assert found["00009"] == "dami-00009-20250701-2"
    assert len(set(found.values())) == len(found)
