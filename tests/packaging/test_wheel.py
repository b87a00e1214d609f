"""The wheel works outside a checkout: it brings its roles, templates, stacks, schemas and national data along."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

Run = Callable[..., str]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    _run(ROOT, sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder))
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def haicap(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The installed command, in an empty folder. Its dependencies are this environment's, so no network is needed."""
    place = tmp_path_factory.mktemp("installed")
    venv.create(place / "venv", with_pip=True)
    python = place / "venv/bin/python"
    _run(place, str(python), "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", str(wheel))
    packages = Path(_run(place, str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    work = place / "work"
    work.mkdir()
    return lambda *words: _run(work, str(place / "venv/bin/haicap"), *words)


def test_wheel_holds_what_the_program_reads(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for folder in ("roles", "schema", "stacks", "templates"):
        kept = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if _belongs(path)}
        assert {f"haicap/assets/{name}" for name in kept} <= set(names), folder
    assert "haicap/data/units.csv.gz" in names
    assert "haicap/cli/__init__.py" in names
    page = {path.name for path in (ROOT / "src/haicap/report/page").iterdir()}
    assert {f"haicap/report/page/{name}" for name in page} <= set(names)


def test_wheel_holds_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names} == {"haicap", "haicap-0.1.0.dist-info"}
    assert not [name for name in names if "/molecule/" in name or name.endswith(".pyc")]


def test_installed_command_works_away_from_the_checkout(haicap: Run) -> None:
    assert "0.1.0" in haicap("--version")
    haicap("init", "lam-dong")
    haicap("check", "lam-dong")
    haicap("lock", "lam-dong")
    assert "24958" in haicap("show", "24958")
    assert "nftables" in haicap("render", "24958")


def _belongs(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    settings = path.match("stacks/province/Pulumi.*.yaml")  # what a preview here left
    return path.is_file() and not settings and not {"molecule", "__pycache__", "ruff.toml"} & set(parts)


def _run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout
