"""The log on disk: many writers, power cuts, full disks, redaction."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haicap.audit.folder import torn_name
from haicap.audit.log import Log
from haicap.audit.personal import REDACTED
from haicap.errors import HaicapError, Refused
from tests.unit.audit.samples import PLAN, written

FAR = date(2999, 1, 1)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log.open(tmp_path / "audit", principal="an@lamdong.gov.vn")


def test_an_event_says_who_when_and_what(log: Log) -> None:
    log.append("plan", plan=PLAN, units={"24958": 3}, by="bình@lamdong.gov.vn")
    [event] = log.events()
    assert (event.seq, event.kind, event.prev) == (1, "plan", "")
    assert event.fields == {"plan": PLAN, "units": {"24958": 3}, "by": "bình@lamdong.gov.vn"}
    assert event.who["principal"] == "an@lamdong.gov.vn" and event.who["account"] and event.who["host"]
    assert event.clock["synchronised"] in ("yes", "no", "unknown")


def test_what_is_personal_is_not_in_the_chain(log: Log) -> None:
    log.append("staff-reset", person="68-24958-004", unit="24958", reason="quên")
    chain = (log.folder / "000001.jsonl").read_text("utf-8")
    assert "an@lamdong" not in chain and "68-24958-004" not in chain and "quên" not in chain
    assert '"unit":"24958"' in chain


def test_an_event_can_hold_every_text(log: Log) -> None:
    log.append("plan", reason="\udcff\u2028\n\x00", units=["Đ"], file="a\udcffb")
    assert log.events()[0].fields["reason"] == "?\u2028\n\x00"


def test_nothing_of_it_gets_into_git(log: Log) -> None:
    log.append("plan")
    for words in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *words], cwd=log.folder.parent, check=True)
    held = subprocess.run(["git", "ls-files"], cwd=log.folder.parent, capture_output=True, text=True, check=True)
    assert held.stdout == ""


def test_segments_are_tied_to_each_other(tmp_path: Path) -> None:
    log = written(tmp_path)
    events = log.events()
    ties = [event for event in events if event.kind == "rotation"]
    assert len(ties) == len(list(tmp_path.glob("0*[0-9].jsonl"))) - 1 > 2
    assert all(tie.fields["hash"] == tie.prev and tie.place.endswith(":1") for tie in ties)
    assert max(path.stat().st_size for path in tmp_path.glob("0*[0-9].jsonl")) < 3_000 + 1_500


def _append_many(folder: str, who: int) -> None:
    for number in range(25):
        Log(Path(folder), principal=f"{who}@b.vn", segment_bytes=4_000).append("plan", writer=who, number=number)


def test_many_processes_at_once_never_break_the_chain(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_append_many, args=(str(tmp_path), who)) for who in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    events = [event for event in Log(tmp_path).events() if event.kind == "plan"]
    assert len(events) == 100
    for who in range(4):
        assert [event.fields["number"] for event in events if event.fields["writer"] == who] == list(range(25))


_WRITER = """
import sys
from pathlib import Path
from haicap.audit.log import Log
for number in range(100000):
    Log(Path(sys.argv[1]), segment_bytes=3000).append("plan", number=number)
    print(number, flush=True)
"""


def test_a_killed_writer_loses_nothing_that_was_said_to_be_logged(tmp_path: Path) -> None:
    said = []
    for round_ in range(6):
        with subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(0.01 * round_)
            os.kill(writer.pid, signal.SIGKILL)
            said.append(1 + len(writer.stdout.readlines()))
    Log(tmp_path).append("plan", number=-1)
    verdict = Log(tmp_path).verdict()
    assert verdict.faults == ()
    logged = [event for event in verdict.events if event.kind == "plan"]
    assert sum(said) + 1 <= len(logged) <= sum(said) + 1 + len(said)


def test_a_power_cut_at_any_byte_of_the_last_line(tmp_path: Path) -> None:
    for kept in (1, 10, 200, -1):
        log = Log.open(tmp_path / str(kept))
        log.append("plan", number=1)
        segment = log.folder / "000001.jsonl"
        before = segment.stat().st_size
        log.append("plan", number=2)
        torn = segment.read_bytes()[before:][:kept]
        os.truncate(segment, before + len(torn))
        assert log.verdict().faults and len(log.events()) == 1, "it is told, and what was before can be read"
        log.append("plan", number=3)
        verdict = log.verdict()
        assert verdict.faults == ()
        assert [event.kind for event in verdict.events] == ["plan", "recovery", "plan"]
        assert (log.folder / torn_name(2)).read_bytes() == torn
        assert "was set aside" in verdict.notes[0]


def test_what_was_set_aside_must_stay(tmp_path: Path) -> None:
    log = Log.open(tmp_path)
    log.append("plan")
    with (tmp_path / "000001.jsonl").open("ab") as file:
        file.write(b'{"at":')
    log.append("plan")
    (tmp_path / torn_name(2)).write_bytes(b"other")
    assert "was changed" in str(log.verdict().faults[0])
    (tmp_path / torn_name(2)).unlink()
    assert "is missing" in str(log.verdict().faults[0])


def test_a_power_cut_between_a_value_and_its_line(log: Log) -> None:
    log.append("plan", by="a@b.vn")
    segment, beside = log.folder / "000001.jsonl", log.folder / "000001.personal.jsonl"
    whole = segment.read_bytes()
    log.append("plan", by="c@d.vn")
    segment.write_bytes(whole)
    assert log.verdict().faults and not log.verdict().broken
    beside.write_bytes(beside.read_bytes()[:-9])
    log.append("plan", by="e@f.vn")
    verdict = log.verdict()
    assert verdict.faults == ()
    assert [event.fields.get("by") for event in verdict.events] == ["a@b.vn", None, "e@f.vn"]
    assert b"c@d.vn" not in beside.read_bytes()


def test_nothing_is_written_behind_a_line_that_was_changed(log: Log) -> None:
    log.append("plan", number=1)
    segment = log.folder / "000001.jsonl"
    segment.write_bytes(segment.read_bytes().replace(b'"number":1', b'"number":2'))
    before = segment.read_bytes()
    with pytest.raises(Refused, match="haicap log verify"):
        log.append("plan", number=3)
    with pytest.raises(Refused, match="the line was changed"):
        log.events()
    assert segment.read_bytes() == before


@settings(deadline=None, max_examples=30)  # each event waits for the disk
@given(numbers=st.lists(st.integers(0, 5), max_size=6), limit=st.sampled_from([600, 2_000, 100_000]))
def test_whatever_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, numbers: list, limit: int) -> None:
    log = Log(tmp_path_factory.mktemp("log"), segment_bytes=limit)
    for number in numbers:
        log.append("plan", units={str(number): number}, by=f"{number}@b.vn")
    assert [event.fields["by"] for event in log.events() if event.kind == "plan"] == [f"{n}@b.vn" for n in numbers]


def test_redaction_takes_out_what_is_personal_and_nothing_else(tmp_path: Path) -> None:
    log = written(tmp_path, 12)
    chain = {path.name: path.read_bytes() for path in tmp_path.glob("0*[0-9].jsonl")}
    gone = log.redact(FAR, "five years are over")
    verdict = log.verdict()
    assert verdict.faults == () and verdict.redacted == gone
    assert all((tmp_path / name).read_bytes().startswith(raw) for name, raw in chain.items())
    assert verdict.events[0].fields == {"plan": PLAN, "by": REDACTED, "units": {"24958": 0}}
    last = verdict.events[-1]
    assert (last.kind, last.fields["reason"], last.fields["values"]) == ("redaction", "five years are over", gone)
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert "bình@".encode() not in everything and "vùng cũ".encode() not in everything


def test_redaction_leaves_what_is_younger(tmp_path: Path) -> None:
    log = written(tmp_path, 3)
    assert log.redact(date(2020, 1, 1), "too early") == 0
    assert [event.kind for event in log.events()] == ["plan", "apply-begun", "apply-ended"]


def test_only_what_policy_names_is_personal(tmp_path: Path) -> None:
    log = Log.open(tmp_path, personal=("reason",))
    log.append("plan", by="a@b.vn", reason="x")
    log.redact(FAR, "y")
    assert log.events()[0].fields == {"by": "a@b.vn", "reason": REDACTED}


def test_a_clock_that_was_set_back_is_told(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import timedelta

    import haicap.audit.log as module
    from haicap.audit.clock import read_clock

    log.append("plan")
    now = read_clock()
    early = type(now)(now.at - timedelta(hours=2), now.ms, now.boot, now.synchronised)
    monkeypatch.setattr(module, "read_clock", lambda: early)
    log.append("plan")
    monkeypatch.undo()
    log.append("plan")
    notes = [event.clock.get("note") for event in log.events()]
    assert notes == [None, "set back by 7200 s", "set on by 7200 s"]
    assert "the clock was set back by 7200 s" in log.verdict().notes[0]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    mounted = tmp_path / "small"
    mounted.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", mounted], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield mounted
    subprocess.run(["umount", mounted], check=True)


def _fill(folder: Path) -> None:
    with pytest.raises(OSError, match="No space"), (folder / "filler").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


def test_a_full_disk_leaves_the_log_as_it_was(small: Path) -> None:
    log = Log.open(small / "audit")
    log.append("plan", number=1)
    _fill(small)
    with pytest.raises(HaicapError, match=r"No space left on device\. Nothing is done that can't be logged"):
        for number in range(30):
            log.append("plan", number=number, text="x" * 1_000)
    assert log.verdict().faults == ()
    (small / "filler").unlink()
    log.append("plan", number=99)
    assert log.verdict().faults == ()


def test_room_is_there_for_the_end_before_anything_begins(small: Path) -> None:
    log = Log.open(small / "audit")
    log.append("plan", number=1)
    with pytest.raises(HaicapError, match="Nothing was begun"), log.reserved(1 << 20):
        pytest.fail("it began")
    with log.reserved(64 << 10):
        _fill(small)
    log.append("apply-ended", units={str(number): {"done": 1, "failed": 0} for number in range(500)})
    assert log.verdict().faults == ()


def test_an_opening_says_nothing_once_it_is_gone(log: Log) -> None:
    """Two equal values have two commitments: who guesses a value can't try it."""
    log.append("plan", by="a@b.vn")
    log.append("plan", by="a@b.vn")
    first, second = (json.loads(line) for line in (log.folder / "000001.jsonl").read_text("utf-8").splitlines())
    assert first["fields"]["by"] != second["fields"]["by"]


def test_who_reads_while_others_write_sees_whole_events(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        faults = [log.verdict().faults for log in [Log(tmp_path)] * 20]
        writer.kill()
    assert faults == [()] * 20
