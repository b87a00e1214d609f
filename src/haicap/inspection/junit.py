"""JUnit XML, as CI servers read it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

# What XML 1.0 cannot hold, not even escaped (2.2, "Char").
_INVALID = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAGS = {"failed": "failure", "unreachable": "error"}


def junit(rows: Iterable[Mapping[str, Any]]) -> str:
    """The rows of an inspection as a document: a suite a unit, or a server where there is no unit."""
    suites: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        suites.setdefault(row["unit"] or row["host"], []).append(row)
    root = ElementTree.Element("testsuites", _counts([row for suite in suites.values() for row in suite]))
    for name, suite in suites.items():
        _suite(root, name, suite)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _suite(root: ElementTree.Element, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    suite = ElementTree.SubElement(root, "testsuite", {"name": _clean(name), **_counts(rows)})
    for row in rows:
        attributes = {
            "classname": _clean(f"{row['host']}.{row['system']}"),
            "name": _clean(row["probe"]),
            "time": f"{row['seconds']:.3f}",
        }
        case = ElementTree.SubElement(suite, "testcase", attributes)
        tag = _TAGS.get(row["status"])
        if tag:
            found = ElementTree.SubElement(case, tag, {"message": _clean(row["observed"])})
            found.text = _clean(f"expected: {row['expected']}\nobserved: {row['observed']}")


def _counts(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    statuses = [row["status"] for row in rows]
    return {
        "tests": str(len(rows)),
        "failures": str(statuses.count("failed")),
        "errors": str(statuses.count("unreachable")),
        "time": f"{sum(row['seconds'] for row in rows):.3f}",
    }


def _clean(text: str) -> str:
    return _INVALID.sub("\ufffd", text)
