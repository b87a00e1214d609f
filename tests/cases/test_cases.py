"""Golden files: every file of the smallest unit, the largest, one whose name has every trap, a hub, the mail host, a
hypervisor and a platform's machine.

`make golden` writes them anew from what the code makes now; the difference is reviewed like any other.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from haicap.addressing.model import Keys, Locks
from haicap.addressing.planner import plan_locks
from haicap.design import ProvinceDesign, design_province
from haicap.inventory.loader import load
from haicap.render import cloud_init, render_host, render_platform

ROOT = Path(__file__).parents[2]
EXPECTED = Path(__file__).parent / "lam-dong"
DAY = date(2025, 7, 1)
CERTIFICATES = {
    name: f"-----BEGIN CERTIFICATE-----\n{name}\n-----END CERTIFICATE-----\n"
    for name in ("ca", "mail1", "procedures-1")
}


def _keys(number: int) -> Keys:
    return Keys(f"{number:03d}".rjust(43, "A") + "=", "ssh-ed25519 AAAA")


@pytest.fixture(scope="module")
def design() -> ProvinceDesign:
    inventory = load(ROOT, "lam-dong")
    locks = plan_locks(inventory, Locks(), DAY).locks
    some = sorted(inventory.units, key=lambda unit: unit.staff)
    chosen = [some[0].gateway, some[-1].gateway, "gw-24829", "gw-24781"]
    names = [*chosen, "hub1", "hub2", "dns1", "dns2", "mail1", "hv1", "procedures-1"]
    keys = {name: _keys(number) for number, name in enumerate(dict.fromkeys(names))}
    keys["mail1"] = replace(keys["mail1"], dkim={"h1": "MIIB"})
    return design_province(inventory, replace(locks, keys=keys, certificates=CERTIFICATES), DAY)


def _made(design: ProvinceDesign) -> Mapping[str, str]:
    """Every file by its path below EXPECTED, and each unit's record sets as a zone listing."""
    hosts = [host for host in design.hosts if host.name not in ("hub2",)]
    files = {f"{host.name}{path}": text for host in hosts for path, text in render_host(host).files.items()}
    for host in design.platform_hosts:
        files |= {f"{host.name}{path}": text for path, text in render_platform(host).files.items()}
    for machine in (machine for platform in design.platforms for machine in platform.machines):
        if machine.name == "procedures-1":
            files |= {f"{machine.name}.seed/{name}": text for name, text in cloud_init(machine).items()}
    for unit in design.units:
        if unit.dns is not None:
            lines = [
                f"{zone} {key} {records.ttl} {' '.join(records.records)}"
                for zone, sets in unit.dns.zones.items()
                for key, records in sorted(sets.items())
            ]
            files[f"{unit.code}.records"] = "\n".join(lines) + "\n"
    return files


def test_every_file_is_as_it_was_reviewed(design: ProvinceDesign) -> None:
    made = _made(design)
    if os.environ.get("HAICAP_GOLDEN") == "write":
        for name, text in made.items():
            path = EXPECTED / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    expected = {str(p.relative_to(EXPECTED)): p.read_text("utf-8") for p in EXPECTED.rglob("*") if p.is_file()}
    assert sorted(made) == sorted(expected), "files came or went: review them, then `make golden`"
    changed = [name for name in made if made[name] != expected[name]]
    assert changed == [], "these differ from what was reviewed: look at them, then `make golden`"


def test_files_have_no_trailing_noise_and_name_their_source(design: ProvinceDesign) -> None:
    for name, text in _made(design).items():
        assert text.endswith("\n") and not text.endswith("\n\n"), name
        assert all(line == line.rstrip() for line in text.splitlines()), name
        sourceless = name.endswith(".records") or ".seed/" in name
        assert sourceless or "inventories/lam-dong" in text.split("\n", 2)[0 if "#!" not in text else 1]


def test_no_private_key_is_in_any_file(design: ProvinceDesign) -> None:
    for name, text in _made(design).items():
        assert "PrivateKey =" not in text.replace("printf 'PrivateKey = %s", ""), name
