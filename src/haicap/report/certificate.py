"""What a certificate's statement says, as facts and tables. Pure; nothing is verified here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from haicap.report.leaves import words_of
from haicap.report.model import STATUSES, Item, Report, Table

_KNOWN = ("definition", "run", "approvals", "inspection", "verdict")


def of_statement(statement: Mapping[str, Any], keys: Sequence[str]) -> Report:
    """The report of an in-toto statement that was signed by `keys` (their ids). What it says of itself that has no
    place of its own, is listed as it is."""
    predicate: Mapping[str, Any] = _mapping(statement.get("predicate"))
    predicate = _mapping(predicate.get("deployment")) or predicate
    definition = _mapping(predicate.get("definition"))
    inspection = _mapping(predicate.get("inspection"))
    subjects = [one for one in _list(statement.get("subject")) if isinstance(one, Mapping)]
    words = [str(definition[key]) for key in ("province", "target", "as_of") if definition.get(key)]
    probes = [row for row in _list(inspection.get("probes")) if isinstance(row, Mapping)]
    return Report(
        "certificate",
        ", ".join(words) or ", ".join(str(one.get("name", "")) for one in subjects),
        tuple(_facts(statement, predicate, keys)),
        STATUSES if probes else (),
        ("expected", "observed"),
        tuple(map(Item.of_probe, probes)),
        tables=tuple(_tables(subjects, predicate)),
        rows=tuple(probes),
    )


def _facts(
    statement: Mapping[str, Any], predicate: Mapping[str, Any], keys: Sequence[str]
) -> Iterator[tuple[str, str]]:
    verdict = predicate.get("verdict")
    if verdict:
        yield "verdict", words_of(verdict)
    for part, names in (("definition", ("commit",)), ("run", ("by", "begun", "ended")), ("inspection", ("at",))):
        for name in names:
            if value := _mapping(predicate.get(part)).get(name):
                yield f"{part}-{name}", words_of(value)
    yield "signed-by", ", ".join(keys)
    yield "predicate-type", words_of(statement.get("predicateType"))


def _tables(subjects: Sequence[Mapping[str, Any]], predicate: Mapping[str, Any]) -> Iterator[Table]:
    rows = [(words_of(one.get("name")), words_of(one.get("digest"))) for one in subjects]
    yield Table("subjects", ("name", "digest"), tuple(rows))
    yield from _rows("approvals", predicate.get("approvals"))
    for part in ("definition", "run", "inspection"):
        for name, value in _mapping(predicate.get(part)).items():
            if name == "probes" or not isinstance(value, Mapping | list) or not value:
                continue
            yield from _rows(f"{part}-{name}", value)
    rest = [(key, words_of(value)) for key, value in predicate.items() if key not in _KNOWN]
    if rest:
        yield Table("more", ("what", "value"), tuple(rest))


def _rows(title: str, value: Any) -> Iterator[Table]:
    """A table of a list of records, of records by name, or of values by name."""
    if isinstance(value, Mapping):
        if value and all(isinstance(one, Mapping) for one in value.values()):
            columns = tuple(dict.fromkeys(str(key) for one in value.values() for key in one))
            rows = [(key, *(words_of(one.get(column)) for column in columns)) for key, one in value.items()]
            yield Table(title, ("name", *columns), tuple(rows))
            return
        yield Table(title, ("what", "value"), tuple((key, words_of(one)) for key, one in value.items()))
    elif isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
        columns = tuple(dict.fromkeys(str(key) for one in value for key in one))
        yield Table(title, columns, tuple(tuple(words_of(one.get(column)) for column in columns) for one in value))
    elif isinstance(value, list) and value:
        yield Table(title, ("value",), tuple((words_of(one),) for one in value))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
