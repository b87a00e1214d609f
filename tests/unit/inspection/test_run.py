"""An inspection with a mail server that is not there: what can't be done is told, and nothing is raised."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from haicap.addressing.model import Keys
from haicap.design import ProvinceDesign, design_province
from haicap.design.accounts import People
from haicap.directory.call import MailHost
from haicap.inspection import run
from haicap.inspection.model import Probe
from haicap.inspection.run import inspect
from haicap.inventory.staff import Staff
from haicap.reach.context import Connection, Outcome
from haicap.reach.jobs import Answers
from tests.unit.addressing.mailsamples import staff
from tests.unit.addressing.samples import SEGMENTS, lock, make_inventory, make_province, make_unit

GONE = "mail1: it is gone"


@pytest.fixture
def design() -> ProvinceDesign:
    mail = {"server": {"name": "mail1", "site": "a"}, "officers": ["age1" + "q" * 58]}
    defaults = {"segments": SEGMENTS, "policy": [], "calendar": {"main": {"live": "2025-07-01"}}}
    province = make_province(mail=mail, defaults=defaults)
    inventory = make_inventory(make_unit(1), province=province)
    keys = {"mail1": Keys("", "", {"h1": "M" * 392}), "gw-00001": Keys("", "")}
    locks = replace(lock(inventory).locks, keys=keys, certificates={"mail1": "", "ca": ""})
    people = People(Staff(units={"00001": staff(1)}), {})
    return design_province(inventory, locks, date(2025, 8, 1), people)


def _inspect(
    design: ProvinceDesign, monkeypatch: pytest.MonkeyPatch, answers: Mapping[str, Answers]
) -> tuple[list[Probe], list[Probe]]:
    """What is found, and what was told, when the mail server answers so to opening and closing."""

    def call(_host: MailHost, _connection: Connection, jobs: Sequence[Mapping[str, Any]]) -> Answers:
        return answers[jobs[0]["key"]]

    def everywhere(hosts: Mapping[str, str], *_: Any, on_done: Callable[[str, Outcome], None], **_more: Any) -> None:
        for name in hosts:
            on_done(name, Outcome(None, error=f"{name}: nobody asked it"))

    monkeypatch.setattr(run, "call", call)
    monkeypatch.setattr(run, "run_everywhere", everywhere)
    told: list[Probe] = []
    found = inspect(design, Connection(), units=["00001"], systems=["mail"], on_done=told.append, settle=0)
    return list(found.probes), told


def test_probes_that_stay_open_are_told(design: ProvinceDesign, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"open": Answers({"open": {}}), "close": Answers({}, error=GONE)}
    found, told = _inspect(design, monkeypatch, answers)
    last = found[-1]
    assert (last.host, last.probe, last.status, last.observed) == ("mail1", "probes-closed", "unreachable", GONE)
    assert told[-1] == last
    closed, _ = _inspect(design, monkeypatch, {**answers, "close": Answers({"close": None})})
    assert closed == found[:-1] and closed
