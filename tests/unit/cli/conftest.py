"""The command, run in this process on a folder with one province, locked."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from haicap.addressing.lockfile import write_keys, write_locks
from haicap.addressing.model import Keys, Locks
from haicap.addressing.planner import plan_locks
from haicap.cli import main
from haicap.inventory.loader import load
from haicap.inventory.scaffold import scaffold
from haicap.stack.workspace import Workspace

Run = Callable[..., Result]


@pytest.fixture(scope="session")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with Lâm Đồng without staff, addresses and names locked, nothing enrolled. Not to be changed."""
    directory = tmp_path_factory.mktemp("locked")
    scaffold(directory, "lam-dong")
    shutil.rmtree(directory / "inventories" / "lam-dong" / "staff")
    planned = plan_locks(load(directory, "lam-dong"), Locks(), date(2025, 5, 1))
    write_locks(directory / "inventories" / "lam-dong", planned.locks)
    return directory


@pytest.fixture
def folder(locked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, to change."""
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    return Path(shutil.copytree(locked, tmp_path / "work"))


@pytest.fixture
def enrolled(folder: Path) -> Path:
    """The shared hosts and one gateway are enrolled."""
    names = ["hub1", "hub2", "dns1", "dns2", "gw-24958"]
    ws = Workspace.open(folder, "lam-dong", "live")
    write_keys(ws.keys_file, {name: Keys("A" * 42 + "A=", "ssh-ed25519 AAAA") for name in names})
    return folder


@pytest.fixture
def run(folder: Path) -> Run:
    """`run("plan", "lam-dong")`: haicap in `folder`, without a terminal."""
    return lambda *words: CliRunner().invoke(main, ["-C", str(folder), *words])


@pytest.fixture(autouse=True)
def no_holiday(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verbs work on the day on which the tests run; what they promise holds on holidays, too."""
    monkeypatch.setattr("haicap.plan.times.holiday", lambda _day: "")
