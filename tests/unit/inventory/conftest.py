"""An inventory without a fault, to change."""

from __future__ import annotations

from pathlib import Path

import pytest

from haicap.inventory.loader import load
from haicap.inventory.model import Inventory
from haicap.inventory.scaffold import scaffold


@pytest.fixture(scope="session")
def lam_dong_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a fresh scaffold of Lâm Đồng."""
    directory = tmp_path_factory.mktemp("lam-dong")
    scaffold(directory, "lam-dong")
    return directory


@pytest.fixture(scope="session")
def lam_dong(lam_dong_folder: Path) -> Inventory:
    """Lâm Đồng as it is scaffolded: 124 units."""
    return load(lam_dong_folder, "lam-dong")
