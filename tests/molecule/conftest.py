"""The lab, up for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from haicap.lab import Lab
from tests.molecule.site import SPEC, Site, context


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The lab, up for all tests of this folder."""
    lab = Lab(tmp_path_factory.mktemp("roles") / "lab")
    try:
        lab.up(SPEC)
        with ProcessPoolExecutor(1, get_context("spawn"), initializer=lab.enter) as pool:
            yield Site(lab, pool, context(lab))
    finally:
        lab.down()
