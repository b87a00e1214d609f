"""A log with events of several kinds, over several segments, some of it redacted."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from haicap.audit.folder import Files, read_files
from haicap.audit.log import Log

PLAN = "sha256:" + "ab" * 32


def written(folder: Path, events: int = 24, *, redacted: bool = False) -> Log:
    """A log of several segments."""
    log = Log(folder, principal="an@lamdong.gov.vn", segment_bytes=3_000)
    for number in range(events):
        if redacted and number == events // 2:
            log.redact(date(2999, 1, 1), "the law asks for it")
        if number % 3 == 0:
            log.append("plan", plan=PLAN, by="bình@lamdong.gov.vn", units={"24958": number})
        elif number % 3 == 1:
            log.append("apply-begun", plan=PLAN, overrides=[{"limit": "deletes.dns", "reason": "vùng cũ đi"}])
        else:
            log.append("apply-ended", plan=PLAN, begun=number, units={"24958": {"done": 3, "failed": 0}})
    return log


def with_lines(files: Files, name: str, lines: list[bytes]) -> Files:
    """The same with other lines in a segment."""
    return Files({**files.segments, name: b"".join(line + b"\n" for line in lines)}, files.personal, files.torn)


def lines_of(files: Files, name: str) -> list[bytes]:
    """A segment's lines, without their ends."""
    return files.segments[name].split(b"\n")[:-1]


def files_of(folder: Path) -> Files:
    return read_files(folder)
