"""The lab's small province as it was when real hosts answered, and their answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from haicap.addressing.model import Keys
from haicap.design import ProvinceDesign, design_province
from haicap.inspection.check import Check, Output, judge
from haicap.inspection.choose import checks_of
from haicap.inspection.model import Probe
from tests.lab import province as twin


@dataclass(frozen=True)
class Captured:
    """A design, its checks by `host unit probe`, and what hosts said to those that were captured."""

    design: ProvinceDesign
    checks: Mapping[str, Check]
    texts: Mapping[str, list[str]]

    def judge(self, key: str, *texts: str) -> Probe:
        """The probe of a check, from the captured outputs, or from others."""
        outputs = [Output(0, text, 0.1) for text in texts or self.texts[key]]
        return judge(self.checks[key], outputs)


@pytest.fixture(scope="session")
def captured() -> Captured:
    raw = json.loads((Path(__file__).parent / "captured" / "outputs.json").read_text(encoding="utf-8"))
    of = twin.inventory()
    locks = replace(twin.new_locks(of), keys={name: Keys(**keys) for name, keys in raw["keys"].items()})
    design = design_province(of, locks, twin.AS_OF)
    checks = {f"{check.host} {check.unit} {check.probe}": check for check in checks_of(design)}
    return Captured(design, checks, raw["outputs"])
