"""Reports of documents that lie in files, as users have them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from haicap.plan.model import Plan, dump
from haicap.report.model import Report
from haicap.report.reading import read_report

Read = Callable[[Plan | dict[str, Any]], Report]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """The report of a plan or another document, by way of its file."""

    def of(document: Plan | dict[str, Any]) -> Report:
        path = tmp_path / "document.json"
        text = dump(document.to_json()) if isinstance(document, Plan) else json.dumps(document)
        path.write_text(text, encoding="utf-8")
        return read_report(path)

    return of
