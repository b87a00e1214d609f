"""A lab with a mail server, for all tests of mail: it takes a minute to make."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.province import Province, lab_of

UNITS = ("24829", "24958")


@pytest.fixture(scope="session")
def mail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    """Two units with all their people, applied. Each test leaves it with nothing to do."""
    with lab_of(tmp_path_factory.mktemp("mail"), UNITS, staff=UNITS) as province:
        province.run("apply", "lam-dong", "--yes")
        yield province
