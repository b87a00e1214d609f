"""Whatever is done to a log's files is found, and said where."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from haicap.audit.event import body_of, line_of, parse
from haicap.audit.folder import Files
from haicap.audit.verify import verify
from tests.unit.audit.samples import files_of, lines_of, with_lines, written

SECOND = "000002.jsonl"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("log")
    written(folder, redacted=True)
    found = files_of(folder)
    assert len(found.segments) > 3
    return found


def said(files: Files) -> str:
    return "\n".join(map(str, verify(files).faults))


def test_a_log_as_it_was_written_has_no_fault(files: Files) -> None:
    verdict = verify(files)
    assert verdict.faults == ()
    assert verdict.redacted > 10
    assert [event.seq for event in verdict.events] == list(range(1, len(verdict.events) + 1))


def _changes(files: Files, count: int) -> Iterator[tuple[str, int, Files]]:
    """So many copies with one byte changed, anywhere in any file, each with the place."""
    chance = random.Random(20250701)  # noqa: S311 - which byte changes is no secret
    whole = [(name, raw) for part in (files.segments, files.personal) for name, raw in part.items()]
    for _ in range(count):
        name, raw = chance.choices(whole, [len(raw) for _, raw in whole])[0]
        at = chance.randrange(len(raw))
        changed = raw[:at] + bytes([raw[at] ^ chance.randrange(1, 256)]) + raw[at + 1 :]
        one = {name: changed}
        part = (
            (files.segments | one, files.personal) if name in files.segments else (files.segments, files.personal | one)
        )
        yield name, raw[:at].count(b"\n") + 1, Files(*part)


def test_each_of_a_thousand_changed_bytes_is_found_and_its_line_named(files: Files) -> None:
    for name, line, changed in _changes(files, 1_000):
        places = {fault.place for fault in verify(changed).faults}
        assert f"{name}:{line}" in places, f"{name}:{line} was changed, and {places or 'nothing'} was named"


def test_a_changed_line_is_one_fault_and_not_one_for_each_after_it(files: Files) -> None:
    lines = lines_of(files, SECOND)
    lines[2] = lines[2].replace(b'"seq":', b'"seq":1')
    assert said(with_lines(files, SECOND, lines)).startswith(f"{SECOND}:3: the line was changed")
    assert len(verify(with_lines(files, SECOND, lines)).broken) <= 2


def test_removed_lines_are_named_by_their_numbers(files: Files) -> None:
    lines = lines_of(files, SECOND)
    first = parse(lines[1]).seq
    assert f"{SECOND}:2: line {first} was removed" in said(with_lines(files, SECOND, lines[:1] + lines[2:]))
    assert f"{SECOND}:2: lines {first} to {first + 1} were removed" in said(
        with_lines(files, SECOND, lines[:1] + lines[3:])
    )


def test_lines_that_changed_places_are_found(files: Files) -> None:
    lines = lines_of(files, SECOND)
    lines[1], lines[2] = lines[2], lines[1]
    found = said(with_lines(files, SECOND, lines))
    assert f"{SECOND}:2: line" in found and "removed, or moved" in found
    assert f"{SECOND}:3: number" in found and "it was moved here, or added" in found


def test_a_line_that_stands_twice_is_found(files: Files) -> None:
    lines = lines_of(files, SECOND)
    assert f"{SECOND}:3: number" in said(with_lines(files, SECOND, lines[:2] + lines[1:]))


@pytest.mark.parametrize(("in_place_of", "reason"), [(0, "moved here, or added"), (1, "does not follow")])
def test_a_line_by_somebody_who_knows_the_form_is_found(files: Files, in_place_of: int, reason: str) -> None:
    lines = lines_of(files, SECOND)
    forged = line_of({**body_of(parse(lines[2])), "kind": "enrol", "prev": parse(lines[1]).hash})[:-1]
    found = verify(with_lines(files, SECOND, [*lines[:2], forged, *lines[2 + in_place_of :]])).faults
    assert any(fault.place == f"{SECOND}:4" and reason in fault.reason for fault in found)


def test_a_segment_that_is_gone_or_empty_is_found(files: Files) -> None:
    gone = Files({name: raw for name, raw in files.segments.items() if name != SECOND}, files.personal)
    assert f"000003.jsonl: {SECOND} is missing before it" in said(gone)
    first = Files({name: raw for name, raw in files.segments.items() if name != "000001.jsonl"}, files.personal)
    assert f"{SECOND}: 000001.jsonl is missing before it" in said(first)
    assert f"{SECOND}: it is empty" in said(Files(files.segments | {SECOND: b""}, files.personal))


def test_a_segment_of_another_log_is_found(files: Files, tmp_path: Path) -> None:
    written(tmp_path)
    other = files_of(tmp_path)
    assert said(Files(files.segments | {SECOND: other.segments[SECOND]}, files.personal))


def test_a_cut_off_line_is_found(files: Files) -> None:
    last = list(files.segments)[-1]
    cut = Files(files.segments | {last: files.segments[last][:-1]}, files.personal)
    assert "is not whole: it was cut off" in said(cut)


OPENINGS = {
    "taken out": lambda lines: lines[1:],
    "put in twice": lambda lines: [*lines, lines[0]],
    "of nobody": lambda lines: [*lines, lines[0].replace(b'"commit":"sha256:', b'"commit":"sha256:00')],
    "another value": lambda lines: [lines[0].replace(b"lamdong", b"laodong"), *lines[1:]],
}


@pytest.mark.parametrize("change", OPENINGS.values(), ids=OPENINGS.keys())
def test_a_value_beside_the_log_that_is_not_what_a_line_commits_to(files: Files, change: Callable) -> None:
    name = list(files.personal)[-1]
    changed = change(files.personal[name].split(b"\n")[:-1])
    beside = files.personal | {name: b"".join(line + b"\n" for line in changed)}
    assert verify(Files(files.segments, beside)).broken


def test_values_that_come_back_after_a_redaction_are_found(tmp_path: Path) -> None:
    from datetime import date

    log = written(tmp_path, 3)
    before = files_of(tmp_path)
    log.redact(date(2999, 1, 1), "the law")
    after = files_of(tmp_path)
    assert "was to be redacted, and is still here" in said(Files(after.segments, before.personal))
    assert log.redact(date(2999, 1, 1), "again") > 0 and log.verdict().faults == ()
