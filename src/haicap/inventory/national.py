"""The national data: provinces, units and the communes that existed on 2025-06-30.

Source: PyPI vietnamadminunits 1.0.4 (MIT), derived by toolchain/national-data/derive.py; see src/haicap/data/README.md.
Tables are read on first use and kept. Rows are named tuples: ten thousand of them are read in a few milliseconds.
"""

from __future__ import annotations

import difflib
import gzip
from bisect import bisect
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal, NamedTuple, cast

from haicap.errors import HaicapError
from haicap.inventory.model import Kind
from haicap.inventory.naming import dns_label, slug

_NEIGHBOURS = 10
ProvinceKind = Literal["province", "city"]
OldKind = Literal["commune", "ward", "township"]
Share = Literal["whole", "part"]


class NationalProvince(NamedTuple):
    """One of the 34 provinces and cities of 1 July 2025. WGS 84 degrees; area in km2."""

    code: str
    name: str
    kind: ProvinceKind
    latitude: float
    longitude: float
    area: float

    @property
    def slug(self) -> str:
        """The folder under `inventories/`, `lam-dong`."""
        return slug(self.name)


class NationalUnit(NamedTuple):
    """One of the 3,321 commune-level units. `area` is None where the source has none."""

    code: str
    name: str
    kind: Kind
    province_code: str
    latitude: float
    longitude: float
    area: float | None


class OldCommune(NamedTuple):
    """A commune, ward or township as it stood on 2025-06-30, under its district and province."""

    code: str
    name: str
    kind: OldKind
    district: str
    province_code: str
    province: str


class Descent(NamedTuple):
    """A commune that went into a unit, wholly or in part. `main`: most of a split commune went here."""

    unit_code: str
    commune: OldCommune
    share: Share
    main: bool


def _rows(table: str) -> Iterator[list[str]]:
    """A shipped table's rows, without its head. No value holds a comma or a quote: derive.py sees to it."""
    packed = files("haicap").joinpath("data", f"{table}.csv.gz").read_bytes()
    lines = gzip.decompress(packed).decode().splitlines()
    return (line.split(",") for line in lines[1:])


@cache
def provinces() -> tuple[NationalProvince, ...]:
    """All 34, by code."""
    return tuple(
        NationalProvince(code, name, cast(ProvinceKind, kind), float(lat), float(lon), float(area))
        for code, name, kind, lat, lon, area in _rows("provinces")
    )


def province(slug_or_name: str) -> NationalProvince:
    """The province of that slug, name or code; accents and case do not matter.

    Raises HaicapError with the nearest names when there is none.
    """
    wanted = dns_label(slug_or_name)
    by_label = {dns_label(one.name): one for one in provinces()} | {one.code: one for one in provinces()}
    if wanted in by_label:
        return by_label[wanted]
    slugs = [one.slug for one in provinces()]
    near = difflib.get_close_matches(slug(slug_or_name), slugs, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"the provinces are {', '.join(sorted(slugs))}."
    raise HaicapError(f'There is no province "{slug_or_name}"; {hint}')


@cache
def _units() -> Mapping[str, tuple[NationalUnit, ...]]:
    """Units by province code, in code order."""
    found: dict[str, list[NationalUnit]] = defaultdict(list)
    for code, name, kind, owner, lat, lon, area in _rows("units"):
        size = float(area) if area else None
        found[owner].append(NationalUnit(code, name, cast(Kind, kind), owner, float(lat), float(lon), size))
    return MappingProxyType({owner: tuple(rows) for owner, rows in found.items()})


def units(province_code: str) -> tuple[NationalUnit, ...]:
    """A province's units, by code; empty for an unknown province code."""
    return _units().get(province_code, ())


@cache
def old_communes() -> Mapping[str, OldCommune]:
    """The 10,035 communes, wards and townships of 2025-06-30, by code."""
    make = cast(Callable[[list[str]], OldCommune], OldCommune._make)
    return MappingProxyType({row[0]: make(row) for row in _rows("communes")})


@cache
def _lineage() -> Mapping[str, tuple[tuple[str, Share, bool], ...]]:
    """By unit code: (old code, share, main)."""
    found: dict[str, list[tuple[str, Share, bool]]] = defaultdict(list)
    for unit, commune, share, main in _rows("lineage"):
        found[unit].append((commune, cast(Share, share), main == "1"))
    return MappingProxyType({unit: tuple(rows) for unit, rows in found.items()})


def predecessors(unit_code: str) -> tuple[Descent, ...]:
    """The communes that went into a unit, by code; none for the five island units that were districts."""
    communes = old_communes()
    return tuple(
        Descent(unit_code, communes[commune], share, main) for commune, share, main in _lineage().get(unit_code, ())
    )


def nearest_communes(code: str, within: Mapping[str, OldCommune] | None = None) -> list[OldCommune]:
    """Up to three known communes that look most like `code`: least digits changed, then numerically nearest."""
    known = old_communes() if within is None else within
    target = int(code) if code.isdecimal() else 0
    candidates = _candidates(code) if within is None else set(within)
    near = sorted(candidates, key=lambda other: (_changed_digits(code, other), abs(int(other) - target), other))
    return [known[other] for other in near[:3]]


def _candidates(code: str) -> set[str]:
    """Known codes worth comparing: numeric neighbours, and those with one digit changed. All would take too long."""
    place = bisect(_codes(), code)
    neighbours = set(_codes()[max(0, place - _NEIGHBOURS) : place + _NEIGHBOURS])
    one_changed = (code[:i] + digit + code[i + 1 :] for i in range(len(code)) for digit in "0123456789")
    return neighbours | (old_communes().keys() & set(one_changed))


@cache
def _codes() -> list[str]:
    return sorted(old_communes())


def _changed_digits(code: str, other: str) -> int:
    """How many digits differ, place by place."""
    return sum(a != b for a, b in zip(code, other, strict=False)) + abs(len(code) - len(other))
