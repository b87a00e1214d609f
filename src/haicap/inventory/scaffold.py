"""A new inventory from the national data, ready to pass `haicap check`: real units, synthetic addresses and people."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from haicap.errors import HaicapError
from haicap.inventory import national
from haicap.inventory.naming import dns_label, province_domain
from haicap.inventory.national import Descent, NationalProvince, NationalUnit, OldCommune
from haicap.inventory.platforms_text import platforms_yaml
from haicap.inventory.province_text import PROVINCE, UNITS_HEAD
from haicap.inventory.staff_sample import generate_staff
from haicap.inventory.staff_text import STAFF_HEAD, staff_yaml

MERGER_DATE = "2025-07-01"
# Level-1 agency codes that are known for sure; a code is never derived from the statistics code.
_AGENCY_CODES = {"Nghệ An": "H41", "Lâm Đồng": "H36"}
_SYNTHETIC_AGENCY_CODE = "Y99"
_PILOT_COUNT = 6
# Lâm Đồng's pilots are hard cases: long and hyphenated, apostrophe, leading digit, island, split predecessor, large.
_PILOTS = {"68": ("24781", "24829", "24823", "23272", "23053", "24958")}
_KIND_LABELS = {"commune": "xa", "ward": "phuong", "township": "thitran"}


def scaffold(directory: Path, province_name_or_slug: str) -> list[Path]:
    """Write `inventories/<slug>/province.yml`, `units.yml`, `platforms.yml` and `staff/` under `directory`; the paths.

    Raises HaicapError for an unknown province, or when one of them is there already: nothing is overwritten.
    """
    province = national.province(province_name_or_slug)
    folder = directory / "inventories" / province.slug
    texts = {
        folder / "province.yml": province_yaml(province),
        folder / "units.yml": units_yaml(province),
        folder / "platforms.yml": platforms_yaml(province.name, sorted(_old_provinces(province))),
    }
    for path in (*texts, folder / "staff"):
        if path.exists():
            there = path.relative_to(directory).as_posix()
            raise HaicapError(f"{there} is there already; nothing was written. Move it away to start anew.")
    (folder / "staff").mkdir(parents=True)
    texts |= {folder / "staff" / f"{code}.yml": text for code, text in staff_files(province).items()}
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    return list(texts)


def province_yaml(province: NationalProvince) -> str:
    """The text of a province's province.yml."""
    agency_code = _AGENCY_CODES.get(province.name)
    return PROVINCE.substitute(
        code=province.code,
        name=province.name,
        count=len(national.units(province.code)),
        agency_code=agency_code or _SYNTHETIC_AGENCY_CODE,
        agency_note="" if agency_code else "  # synthetic: replace",
        domain=province_domain(province.name),
        legacy_domains=", ".join(_legacy_domains(province)),
        merger_date=MERGER_DATE,
    )


def units_yaml(province: NationalProvince) -> str:
    """The text of a province's units.yml: its units by code."""
    units = national.units(province.code)
    pilots = _pilots(province.code, units)
    prefix = _AGENCY_CODES.get(province.name, _SYNTHETIC_AGENCY_CODE)
    names = _legacy_names(units)
    head = UNITS_HEAD.substitute(count=len(units), name=province.name)
    return head + "\n".join(
        _unit(unit, f"{prefix}.{number}", "pilot" if unit.code in pilots else "main", names)
        for number, unit in enumerate(units, 101)
    )


def staff_files(province: NationalProvince) -> dict[str, str]:
    """The texts of a province's staff files, by unit code; a unit's people are as many as units.yml says."""
    units = national.units(province.code)
    names, since = _legacy_names(units), date.fromisoformat(MERGER_DATE)
    texts: dict[str, str] = {}
    for unit in units:
        old_names = [names[descent.commune.code] for descent in national.predecessors(unit.code) if descent.main]
        staff = generate_staff(province.code, unit.code, _staff(unit.code), since, old_names)
        texts[unit.code] = STAFF_HEAD.substitute(name=unit.name) + staff_yaml(staff)
    return texts


def _unit(unit: NationalUnit, agency_code: str, wave: str, names: dict[str, str]) -> str:
    """One unit's lines."""
    lines = [
        f'- code: "{unit.code}"',
        f"  name: {_quoted(unit.name)}",
        f"  kind: {unit.kind}",
        f"  valid_from: {MERGER_DATE}",
        f"  agency_code: {agency_code}",
        f"  staff: {_staff(unit.code)}",
        f"  wave: {wave}",
        f"  office: {{latitude: {unit.latitude}, longitude: {unit.longitude}}}",
        *_predecessors(unit.code, names),
        "  hosts:",
        f'    - {{name: printer-1, segment: staff, mac: "{_mac(unit.code, 1)}"}}',
        f'    - {{name: kiosk-1, segment: counter, mac: "{_mac(unit.code, 2)}"}}',
    ]
    return "".join(f"  {line}\n" for line in lines)


def _predecessors(unit_code: str, names: dict[str, str]) -> Iterable[str]:
    """The predecessors' lines; a split commune's old name stays with the unit that holds most of it."""
    descents = national.predecessors(unit_code)
    if descents:
        yield "  predecessors:"
    for descent in descents:
        old = descent.commune
        share = ", share: part" if descent.share == "part" else ""
        kept = f", names: [{names[old.code]}]" if descent.main else ""
        yield f'    - {{code: "{old.code}"{share}{kept}}}  # {old.name}, {old.district}, {old.province}'


def _legacy_names(units: Sequence[NationalUnit]) -> dict[str, str]:
    """Old DNS names by old commune code: `<commune>-<district>.<old province's domain>`, each once.

    Where two old communes of a district are one without accents, each takes its kind in front, then its code.
    """
    old = {line.commune.code: line.commune for line in _descents(units)}
    for prefix in (_plain, _with_kind, _with_code):
        names = {code: f"{prefix(commune)}-{_district(commune)}" for code, commune in old.items()}
        if prefix is _plain:
            chosen = names
        clashing = {name for name, count in Counter(chosen.values()).items() if count > 1}
        chosen = {code: names[code] if name in clashing else name for code, name in chosen.items()}
    return chosen


def _plain(commune: OldCommune) -> str:
    label = dns_label(commune.name)
    return _with_kind(commune) if label.isdecimal() else label


def _with_kind(commune: OldCommune) -> str:
    return _KIND_LABELS[commune.kind] + dns_label(commune.name)


def _with_code(commune: OldCommune) -> str:
    return f"{dns_label(commune.name)}-{commune.code}"


def _district(commune: OldCommune) -> str:
    """`ductrong.lamdong.gov.vn`"""
    return f"{dns_label(commune.district)}.{province_domain(commune.province)}"


def _descents(units: Sequence[NationalUnit]) -> Iterable[Descent]:
    for unit in units:
        yield from national.predecessors(unit.code)


def _legacy_domains(province: NationalProvince) -> list[str]:
    """The domains of the provinces that went into this one, without its own."""
    old = {province_domain(name) for name in _old_provinces(province)}
    return sorted(old - {province_domain(province.name)})


def _old_provinces(province: NationalProvince) -> set[str]:
    """The provinces that went into this one, by name."""
    return {line.commune.province for line in _descents(national.units(province.code))}


def _pilots(province_code: str, units: Sequence[NationalUnit]) -> frozenset[str]:
    """Six units for the first wave: the chosen ones, or islands, long names and units of many predecessors first."""
    if province_code in _PILOTS:
        return frozenset(_PILOTS[province_code])
    hardest = sorted(
        units,
        key=lambda unit: (unit.kind != "special_zone", -len(unit.name), -len(national.predecessors(unit.code))),
    )
    return frozenset(unit.code for unit in hardest[:_PILOT_COUNT])


def _staff(code: str) -> int:
    """A plausible number of staff, 31 to 84, the same on every run."""
    return 31 + int.from_bytes(hashlib.sha256(code.encode()).digest()[:4]) % 54


def _mac(code: str, number: int) -> str:
    """A locally administered MAC address that holds the unit's code: `24958`, 1 -> `02:24:95:80:00:01`."""
    return f"02:{code[:2]}:{code[2:4]}:{code[4]}0:00:{number:02x}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
