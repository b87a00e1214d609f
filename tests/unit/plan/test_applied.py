"""What an apply did, as a file and as the log has it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from haicap.audit import Log
from haicap.errors import HaicapError, Refused
from haicap.plan.applied import AppliedResult, Failure, read_applied
from haicap.plan.model import Change, Plan, dump
from haicap.stack.applies import result_in

PLAN = Plan("lam-dong", "live", "2025-07-01", {}, {}, (Change("24958", "dns", "dns-24958", "create", "sha256:a"),))
RESULT = AppliedResult(
    "lam-dong",
    "live",
    PLAN.digest,
    "lan@x.vn",
    "2025-07-01T08:00:00Z",
    "2025-07-01T08:10:00Z",
    0,
    1,
    0,
    stopped=False,
    units={"24958": {"done": 0, "failed": 1}},
    failures=(Failure("dns-24958", "24958", "dns", "no answer", "Look at it."),),
)


def test_a_result_reads_back(tmp_path):
    path = tmp_path / "applied.json"
    path.write_text(dump(RESULT.to_json()), "utf-8")
    assert read_applied(path) == RESULT


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ('"done": 0,\n  "failed"', '"done": "0",\n  "failed"', HaicapError),
        ('"begun": "2025-07-01T08:00:00Z"', '"begun": "now"', HaicapError),
        ('"begun": "2025-07-01T08:00:00Z"', '"begun": "2025-07-01T08:00:00+07:00"', HaicapError),
        ('"by": "lan@x.vn"', '"by": "lan@x.vn", "by": "lan@x.vn"', Refused),
        ('"by":', '"who":', HaicapError),
        ("haicap.applied/1", "haicap.applied/9", HaicapError),
        ("\n", "\r\n", Refused),
    ],
)
def test_what_is_not_as_it_was_written_is_not_read(tmp_path, old, new, error):
    path = tmp_path / "applied.json"
    text = dump(RESULT.to_json())
    assert old in text
    path.write_bytes(text.replace(old, new).encode())
    with pytest.raises(error):
        read_applied(path)


def test_the_log_tells_of_the_last_apply_of_that_plan(tmp_path):
    log, other = Log.open(tmp_path / "audit", principal="lan@x.vn"), replace(PLAN, as_of="2025-07-02")
    counts = {"done": 1, "failed": 0, "skipped": 0, "stopped": False, "units": {"24958": {"done": 1, "failed": 0}}}
    for plan, done in ((PLAN, 0), (PLAN, 1), (other, 0)):
        begun = log.append("apply-begun", plan=plan.digest)
        log.append("apply-ended", begun=begun.seq, plan=plan.digest, **{**counts, "done": done, "failed": 1 - done})
    log.append("apply-begun", plan=PLAN.digest)
    found = result_in(log.events(), PLAN)
    assert found is not None
    assert (found.plan, found.by, found.done, found.failed, found.units) == (
        PLAN.digest,
        "lan@x.vn",
        1,
        0,
        counts["units"],
    )
    assert found.begun <= found.ended
    assert AppliedResult.of(found.to_json()) == found, "its moments are moments"
    assert result_in(log.events(), replace(PLAN, as_of="2025-07-03")) is None


def test_the_log_tells_of_the_whole_plan_where_an_apply_went_on(tmp_path):
    log = Log.open(tmp_path / "audit", principal="lan@x.vn")
    begun = log.append("apply-begun", plan=PLAN.digest)
    counts = {"done": 1, "failed": 1, "skipped": 0, "stopped": False, "units": {"24958": {"done": 1, "failed": 1}}}
    log.append("apply-ended", begun=begun.seq, plan=PLAN.digest, **counts, before={"24829": 2, "24958": 1, "shared": 4})
    found = result_in(log.events(), PLAN)
    assert found is not None
    assert (found.done, found.failed) == (8, 1)
    assert found.units == {"24829": {"done": 2, "failed": 0}, "24958": {"done": 2, "failed": 1}}
