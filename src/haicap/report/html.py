"""One HTML page that holds all of itself: no network, no other file. Pure, beside reading its own template.

What came from files reaches the page in two ways: through Jinja2, which escapes it, and as JSON in elements that are no
script to a browser; the page's program (`page/*.js`) only ever makes text of it. A policy in the page forbids all else.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from haicap.report.document import part_json
from haicap.report.model import GRAVE, Item, Report
from haicap.report.parts import parts_of, places_of
from haicap.report.words import WORDS, english

_PAGE = Path(__file__).parent / "page"
_SCRIPTS = ("words.js", "filter.js", "parts.js", "picture.js", "list.js")
SIGNS = {"create": "+", "update": "~", "replace": "±", "delete": "−", "failed": "✗", "unreachable": "?", "passed": "✓"}
_PLACES = 4  # named in a row


def to_html(report: Report) -> str:
    """The page, with its data: an index of all items, and the lines of each as a line of JSON, read when asked for."""
    style, script = _file("page.css"), "\n".join(_file(name) for name in _SCRIPTS)
    items = list(report.items)
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            report=report,
            signs=SIGNS,
            grave=[item for item in report.grave if item.action in GRAVE],
            style=Markup(style),  # noqa: S704 - the package's own files
            script=Markup(script),  # noqa: S704
            style_hash=_hash(style),
            script_hash=_hash(script),
            data=_inert(_data(report, items)),
            details=Markup("\n").join(_inert([part_json(part) for part in parts_of(item.diff)]) for item in items),
        )
    )


def _data(report: Report, items: list[Item]) -> dict[str, Any]:
    return {
        "kind": report.kind,
        "sides": list(report.sides),
        "units": dict(report.units),
        "signs": SIGNS,
        "words": {key: list(both) for key, both in WORDS.items()},
        "items": [_row(report, item) for item in items],
    }


def _row(report: Report, item: Item) -> dict[str, Any]:
    places = places_of(item.diff) if report.kind in ("plan", "diff") else ()
    more = [f"+{len(places) - _PLACES}"] if len(places) > _PLACES else []
    row = {
        "unit": item.unit,
        "name": report.name_of(item.unit),
        "system": item.system,
        "what": item.what,
        "action": item.action,
        "places": [*places[:_PLACES], *more],
        "destroys": item.destroys,
        "keeps": item.keeps,
        "cost": item.cost,
    }
    return {key: value for key, value in row.items() if value}


def _inert(value: Any) -> Markup:
    """JSON that ends no element, is no comment, and has no line end of its own."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - nothing of HTML is left in it


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _file(name: str) -> str:
    return (_PAGE / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_PAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters["english"] = english
    made.globals["known"] = WORDS
    return made
