"""Names without accents."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haicap.inventory.naming import dns_label, fold, province_domain, slug


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Đức Trọng", "ductrong"),
        ("B'Lao", "blao"),
        ("Xuân Hương - Đà Lạt", "xuanhuongdalat"),
        ("Móng Cái 2", "mongcai2"),
        ("Cẩm Giàng", "camgiang"),
        ("Ea M'Droh", "eamdroh"),
    ],
)
def test_labels(name: str, label: str) -> None:
    assert dns_label(name) == label
    assert dns_label(unicodedata.normalize("NFD", name)) == label


def test_slug() -> None:
    assert slug("Hồ Chí Minh") == "ho-chi-minh"
    assert slug("Bà Rịa - Vũng Tàu") == "ba-ria-vung-tau"


@pytest.mark.parametrize(
    ("name", "domain"),
    [("Lâm Đồng", "lamdong.gov.vn"), ("Hồ Chí Minh", "hochiminhcity.gov.vn"), ("Đắk Nông", "daknong.gov.vn")],
)
def test_domains(name: str, domain: str) -> None:
    assert province_domain(unicodedata.normalize("NFD", name)) == domain


@given(st.text())
def test_fold_does_not_tell_nfc_from_nfd(text: str) -> None:
    assert fold(unicodedata.normalize("NFC", text)) == fold(unicodedata.normalize("NFD", text))


@given(st.text(max_size=200))
def test_a_label_is_one_or_empty(text: str) -> None:
    label = dns_label(text)
    assert len(label) <= 63
    assert label == "" or (label.isascii() and label.isalnum() and label == label.lower())
