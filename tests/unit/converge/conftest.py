"""A host in a folder, with a machine that is faked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.converge.machine import Host, Machine


@pytest.fixture
def machine() -> Machine:
    return Machine(units={"web": "inactive", "mail": "inactive"})


@pytest.fixture
def host(tmp_path: Path, machine: Machine) -> Host:
    return Host(root=tmp_path, run=machine.run, now=lambda: machine.time, sleep=machine.sleep)
