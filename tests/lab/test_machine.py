"""What a machine lacks is told line by line, each with the way out. Needs no root."""

import os
import shutil
from pathlib import Path

import pytest

from haicap.errors import HaicapError
from haicap.lab import build_image, missing
from haicap.lab.machine import require


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not root, no image built, and neither systemd-nspawn nor mmdebstrap installed."""
    monkeypatch.setenv("HAICAP_CACHE", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    absent = ("systemd-nspawn", "mmdebstrap")
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None if name in absent else f"/usr/bin/{name}")


@pytest.mark.usefixtures("bare_machine")
def test_missing_names_each_thing_and_the_way_out() -> None:
    lacks = missing()
    assert lacks[:2] == ["not root: run it as root", "systemd-nspawn is missing: apt-get install systemd-container"]
    assert "mmdebstrap is missing: apt-get install mmdebstrap" in lacks
    assert "the base image is not built: run `make setup`" in lacks
    assert lacks[-1] == "the guests' images are not built (debian, tiny): run `make setup`"
    assert missing(guests=False)[-1] == "the base image is not built: run `make setup`"


@pytest.mark.usefixtures("bare_machine")
def test_require_raises_all_of_them() -> None:
    with pytest.raises(
        HaicapError, match="this machine cannot run a lab\n  not root: run it as root\n  systemd-nspawn"
    ):
        require()


@pytest.mark.usefixtures("bare_machine")
def test_build_image_needs_root() -> None:
    with pytest.raises(HaicapError, match="not root; run it as root"):
        build_image()
