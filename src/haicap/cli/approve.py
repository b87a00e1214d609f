"""`haicap approve`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from haicap.cli import ask, changes, options, screen
from haicap.cli.remember import remember
from haicap.errors import Refused
from haicap.inventory.approvers import Approver, Approvers
from haicap.plan.approval import Approval
from haicap.plan.file import SavedPlan, read_plan
from haicap.plan.verdict import missing
from haicap.report.approval import approval_lines, rule_lines
from haicap.stack.approving import (
    add_approval,
    approvals_of,
    clock,
    ensure_approvable,
    find_approvers,
    find_key,
    sign_approval,
    signer,
    verdict_of,
)
from haicap.stack.record import record_approval


@click.command("approve")
@options.plan_file
@click.option(
    "--key",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The SSH key to sign with, or its .pub file; without it HAICAP_KEY, then git's user.signingkey.",
)
@click.option("--reject", is_flag=True, help="Says no: it is not applied until you approve it.")
@click.option("--reason", metavar="TEXT", help="Why it is rejected.")
@options.yes
@options.full
@options.as_json
@click.pass_obj
def command(
    directory: Path,
    file: Path,
    key: Path | None,
    reject: bool,
    reason: str | None,
    yes: bool,
    full: bool,
    as_json: bool,
) -> int:
    """Show what PLANFILE does, ask, and sign it. The signature lies beside it, in PLANFILE.approvals.

    Who may approve is in the inventory's approvers.yml. Nobody approves their own plan (exit code 3).

    \b
    Example:
      haicap approve plan.json
      haicap approve plan.json --key ~/.ssh/id_ed25519_sk
      haicap approve plan.json --reject --reason "the hub's address is the old one"
    """
    if reject != (reason is not None and reason.strip() != ""):
        raise click.UsageError("--reject needs --reason TEXT, and the other way round.")
    ask.ensure_answerable(yes=yes, as_json=as_json)
    saved, now = read_plan(file), clock()
    approvers = find_approvers(directory, saved.plan.province)
    chosen = find_key(directory, key)
    approver, _ = signer(approvers, chosen, now)
    if not reject:
        ensure_approvable(saved, approvers, approver, now)
    before = verdict_of(saved, approvers, now).approved_by
    if not as_json:
        _show(saved, approvers, before, full=full)
    if approver.principal in before and not reject:
        return _end(saved, approvers, now, None, as_json=as_json)
    verb = "Reject" if reject else "Approve"
    if not ask.confirm(f"{verb} it as {approver.principal}?", yes=yes):
        raise Refused("Nothing was signed.")
    approval = _sign(saved, approver, chosen, reason)
    remember(lambda: record_approval(directory, saved, approval))
    return _end(saved, approvers, now, approval, as_json=as_json)


def _show(saved: SavedPlan, approvers: Approvers, before: tuple[str, ...], *, full: bool) -> None:
    changes.show_lines(approval_lines(saved.plan, full=full))
    changes.show_lines(rule_lines(saved.plan, approvers, before))


def _sign(saved: SavedPlan, approver: Approver, key: Path, reason: str | None) -> Approval:
    """What is signed is what was shown: the file is not read again. The time is that of the answer."""
    approval = sign_approval(saved.plan, approver, key, clock(), reason)
    add_approval(saved.path, approval)
    return approval


def _end(saved: SavedPlan, approvers: Approvers, now: datetime, approval: Approval | None, *, as_json: bool) -> int:
    """Say what was signed, and what is still asked for."""
    verdict = verdict_of(saved, approvers, max(now, clock()))
    if as_json:
        lacks = {rule.name: more for rule, more in missing(saved.plan, approvers, verdict.approved_by)}
        screen.put_json(
            {
                "format": "haicap.approved/1",
                "file": approvals_of(saved.path),
                "approval": approval,
                "approved_by": verdict.approved_by,
                "lacks": lacks,
                "reasons": verdict.reasons,
            }
        )
        return 0
    screen.say("You have approved it already." if approval is None else f"wrote {approvals_of(saved.path)}")
    for check in verdict.reasons:
        screen.say(f"  {check.text}  [{check.name}]")
    if not verdict.reasons:
        screen.say(f"It is approved: `haicap apply {saved.path}` does it.")
    return 0
