"""What the tests of several lock files share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder of a province."""
    path = tmp_path / "inventories" / "lam-dong"
    path.mkdir(parents=True)
    return path
