"""What a certificate's statement says (docs/certificate.md), as facts and tables. Pure; nothing is verified here, and
a statement of another shape is shown as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from haicap.plan.model import PENDING, Breach, Override
from haicap.report.leaves import words_of
from haicap.report.model import STATUSES, Item, Report, Table

Doc = Mapping[str, Any]
_SHOWN = ("definition", "approvals", "run", "inspection", "certified", "verdict")  # the rest is listed as `more`
# What has a place of its own, or says nothing to a reader.
_ELSEWHERE = ("made", "breaches", "overrides", "units", "results", "probes", "shared", "failures")
_ITS_OWN = ("tools", "selection", "summary")  # of an apply and of an inspection; the plan's are shown
_UNSAID = ("signature", "format", "province", "target", "plan")


def of_statement(statement: Doc, keys: Sequence[str]) -> Report:
    """The report of an in-toto statement that was signed by `keys` (their ids)."""
    predicate = _mapping(statement.get("predicate"))
    definition, inspection = (_mapping(predicate.get(part)) for part in ("definition", "inspection"))
    subjects = [one for one in _list(statement.get("subject")) if isinstance(one, Mapping)]
    words = [str(definition[key]) for key in ("province", "target", "as_of") if definition.get(key)]
    probes = [row for row in _list(inspection.get("probes")) if isinstance(row, Mapping)]
    verdict = _mapping(predicate.get("verdict"))
    return Report(
        "certificate",
        ", ".join(words) or ", ".join(str(one.get("name", "")) for one in subjects),
        tuple((key, value) for key, value in _facts(statement, predicate, keys) if value),
        STATUSES if probes else (),
        ("expected", "observed"),
        tuple(map(Item.of_probe, probes)),
        units=_mapping(definition.get("units")),
        breaches=tuple(Breach(**one) for one in _list(definition.get("breaches"))),
        overrides=tuple(Override(**one) for one in _list(definition.get("overrides"))),
        tables=tuple(table for table in _tables(statement, predicate) if table.rows),
        rows=tuple(probes),
        verdict=bool(verdict["passed"]) if "passed" in verdict else None,
        reasons=tuple(map(words_of, _list(verdict.get("reasons")))),
    )


def _facts(statement: Doc, predicate: Doc, keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    definition, run, inspection, certified = (
        _mapping(predicate.get(part)) for part in ("definition", "run", "inspection", "certified")
    )
    made = _mapping(definition.get("made"))
    for part, prefix, names in (
        (made, "made", ("at", "by")),
        (run, "run", ("begun", "ended", "by")),
        (inspection, "inspected", ("at", "by")),
        (certified, "certified", ("at", "by")),
    ):
        yield from ((f"{prefix}-{name}", words_of(part.get(name))) for name in names)
    yield "signed-by", ", ".join(keys)
    yield "plan-digest", words_of(definition.get("plan"))
    yield "commit", words_of(made.get("commit"))
    yield "predicate-type", words_of(statement.get("predicateType"))


def _tables(statement: Doc, predicate: Doc) -> Iterator[Table]:
    approvals = [{key: one[key] for key in one if key not in _UNSAID} for one in _records(predicate.get("approvals"))]
    yield from _table_of("approvals", approvals)
    yield _units(predicate)
    yield from _table_of("failures", _mapping(predicate.get("run")).get("failures"))
    for part in ("definition", "run", "inspection"):
        for name, value in _mapping(predicate.get(part)).items():
            said = name in _ELSEWHERE or (part != "definition" and name in _ITS_OWN)
            if isinstance(value, Mapping | list) and not said:
                yield from _table_of(name if name in ("basis", "summary", "selection") else f"{part}-{name}", value)
    yield from _table_of("subjects", statement.get("subject"))
    yield from _table_of("more", {key: value for key, value in predicate.items() if key not in _SHOWN})


def _units(predicate: Doc) -> Table:
    """A row a unit: what was to be done, what was done, and what its probes say."""
    definition, run, inspection = (_mapping(predicate.get(part)) for part in ("definition", "run", "inspection"))
    planned, done, results = (
        _mapping(part.get(key)) for part, key in ((definition, "units"), (run, "units"), (inspection, "results"))
    )
    rows = []
    for code in dict.fromkeys([*planned, *done, *results]):
        its, was = _mapping(planned.get(code)), _mapping(done.get(code))
        count = sum(number for action in PENDING if isinstance(number := its.get(action), int))
        facts = (its.get("name"), its.get("wave"), count if its else None, was.get("done"), was.get("failed"))
        rows.append((code, *map(words_of, facts), words_of(results.get(code))))
    return Table("unit-results", ("code", "name", "wave", "planned", "done", "failed", "probes"), tuple(rows))


def _table_of(title: str, value: Any) -> Iterator[Table]:
    """A table of a list of records, of records by name, or of values by name."""
    if isinstance(value, Mapping) and value and all(isinstance(one, Mapping) for one in value.values()):
        value = [{"name": name, **one} for name, one in value.items()]
    if isinstance(value, Mapping):
        yield Table(title, ("what", "value"), tuple((key, words_of(one)) for key, one in value.items()))
    elif records := _records(value):
        columns = tuple(dict.fromkeys(str(key) for one in records for key in one))
        yield Table(title, columns, tuple(tuple(words_of(one.get(column)) for column in columns) for one in records))
    elif _list(value):
        yield Table(title, ("value",), tuple((words_of(one),) for one in _list(value)))


def _mapping(value: Any) -> Doc:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _records(value: Any) -> list[Doc]:
    found = _list(value)
    return found if all(isinstance(one, Mapping) for one in found) else []
