"""What holds for all tests: the lab's are skipped, with the reasons, on a machine that cannot run a lab."""

from __future__ import annotations

import pytest

from haicap.lab import missing


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    marked = [item for item in items if item.get_closest_marker("lab")]
    if marked and (reasons := missing(guests=False)):
        skip = pytest.mark.skip(reason="this machine cannot run a lab: " + "; ".join(reasons))
        for item in marked:
            item.add_marker(skip)
