"""`haicap lock`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from haicap.addressing.lockfile import read_mail, write_locks, write_mail
from haicap.addressing.mail import PlannedMail, plan_mail
from haicap.addressing.planner import Planned, plan_locks
from haicap.cli import ask, options, screen
from haicap.errors import Finding, FindingsError, format_findings
from haicap.stack.workspace import Workspace

_KINDS = (
    ("added", "new", "green"),
    ("grown", "grown", "yellow"),
    ("moved", "moved", "yellow"),
    ("removed", "removed", "red"),
)
# With one of these an address, a name or a place is missing; with any other, what is locked only stays as it was.
_REFUSING = frozenset({"pool-exhausted", "block-full", "segment-full", "label-taken", "known-segment", "no-room"})


@click.command("lock")
@options.province
@click.option("--check", is_flag=True, help="Write nothing; exit code 2 if there is something to write.")
@click.option(
    "--move", metavar="CODE/SEGMENT", multiple=True, help="Give an outgrown segment a new place; may be given again."
)
@options.as_json
@click.pass_obj
def command(directory: Path, province: str | None, check: bool, move: tuple[str, ...], as_json: bool) -> int:
    """Allocate addresses, names and places for what is new, and show what is new, grown, moved and removed.

    Where there are staff files, people and role mailboxes get their official addresses, too. What is locked stays where
    it is. The lock files are reviewed in git.

    \b
    Example:
      haicap lock lam-dong
      haicap lock lam-dong --check
      haicap lock lam-dong --move 24958/staff
    """
    ws = Workspace.open(directory, ask.province_of(directory, province), "live")
    before, mail_before, today = ws.locks, read_mail(ws.folder), date.today()
    planned = plan_locks(ws.inventory, before, today, move)
    mail = plan_mail(ws.inventory, ws.staff.units.values(), planned.locks.names, mail_before, today)
    findings = (*planned.findings, *mail.findings)
    changes = planned.locks != before or mail.mailboxes != mail_before
    refused = any(finding.rule in _REFUSING for finding in findings)
    written: tuple[Path, ...] = ()
    if not (check or refused):
        written = write_locks(ws.folder, planned.locks)
        written += () if mail.findings else write_mail(ws.folder, mail.mailboxes)
    if as_json:
        _put_json(ws, planned, mail, changes, written)
    else:
        _show(planned, mail, changes)
        _tell(ws, findings, refused)
        for path in written:
            screen.say(f"wrote {path.relative_to(ws.directory)}")
    return 1 if findings else 2 if check and changes else 0


def _show(planned: Planned, mail: PlannedMail, changes: bool) -> None:
    told = {field: (*getattr(planned, field), *getattr(mail, field, ())) for field, _, _ in _KINDS}
    for field, title, style in _KINDS:
        if lines := told[field]:
            screen.put(f"{title}: {len(lines)}", style)
            for line in screen.bounded(lines):
                screen.put(f"  {line}")
    if not changes:
        screen.put("Nothing to lock: addresses and names are what the inventory needs.")
    elif not any(told.values()):
        screen.put("The lock files change in form only.")


def _tell(ws: Workspace, findings: tuple[Finding, ...], refused: bool) -> None:
    if refused:
        raise FindingsError(findings, f"Nothing was written. Mend this and run `haicap lock {ws.slug}` again.")
    if findings:
        screen.say(format_findings(findings, f"Everything else is locked. Mend this and run `haicap lock {ws.slug}`."))


def _put_json(ws: Workspace, planned: Planned, mail: PlannedMail, changes: bool, written: tuple[Path, ...]) -> None:
    screen.put_json(
        {
            "format": "haicap.lock/1",
            "province": ws.slug,
            "changes": changes,
            **{field: getattr(planned, field) for field, _, _ in _KINDS},
            "mail": {field: getattr(mail, field) for field in ("added", "moved", "removed")},
            "findings": (*planned.findings, *mail.findings),
            "written": [path.relative_to(ws.directory) for path in written],
        }
    )
