"""What systemd says of backups, as captured on a mail server."""

from __future__ import annotations

import pytest

from haicap.inspection.check import Output, UnreadableError
from haicap.inspection.mail import read_backup

DONE = """\
Result=success
ActiveState=active

Result=success
ExecMainExitTimestamp=Sun 2026-11-22 10:39:04 UTC
ExecMainExitTimestampMonotonic=25980654610
ActiveState=inactive
"""
NEVER = """\
Result=success
ActiveState=active

Result=success
ExecMainExitTimestamp=
ExecMainExitTimestampMonotonic=0
ActiveState=inactive
"""


@pytest.mark.parametrize(
    ("text", "passed", "observed"),
    [
        (DONE, True, "done Sun 2026-11-22 10:39:04 UTC"),
        (NEVER, True, "none since the host is up"),
        (DONE.replace("Result=success\nExec", "Result=exit-code\nExec"), False, "the last backup failed: exit-code"),
        (DONE.replace("=active", "=inactive", 1), False, "haicap-backup.timer is inactive"),
    ],
)
def test_what_systemd_says_of_backups(text: str, passed: bool, observed: str) -> None:
    result = read_backup([Output(0, text)])
    assert (result.passed, result.observed) == (passed, observed)


def test_what_is_no_answer_is_not_read() -> None:
    with pytest.raises(UnreadableError, match="systemctl said nothing"):
        read_backup([Output(1, "")])
