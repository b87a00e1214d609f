"""Names without accents: DNS labels, slugs and domains from Vietnamese names."""

from __future__ import annotations

import re
import unicodedata

_DOMAINS = {"Hồ Chí Minh": "hochiminhcity.gov.vn", "Bà Rịa - Vũng Tàu": "baria-vungtau.gov.vn"}


def fold(text: str) -> str:
    """Lower case without accents: `Đắk Nông` -> `dak nong`. NFC and NFD give the same."""
    spread = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(char for char in spread if not unicodedata.combining(char))


def slug(name: str) -> str:
    """A province's folder: `Lâm Đồng` -> `lam-dong`."""
    return "-".join(re.findall(r"[a-z0-9]+", fold(name)))


def dns_label(name: str) -> str:
    """The full name without accents (Decree 224/2026, article 11): `Xuân Hương - Đà Lạt` -> `xuanhuongdalat`."""
    return "".join(re.findall(r"[a-z0-9]+", fold(name)))[:63]


def province_domain(name: str) -> str:
    """A province's domain: `Lâm Đồng` -> `lamdong.gov.vn`. Two provinces have a domain that is not their name."""
    return _DOMAINS.get(unicodedata.normalize("NFC", name), f"{dns_label(name)}.gov.vn")
