"""Approvals on disk: read them, add one, and hold a plan against them with the signatures checked."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from haicap.errors import HaicapError, Refused
from haicap.inventory.approvers import Approver, ApproverKey, Approvers
from haicap.inventory.approvers_loader import FILE, load_approvers
from haicap.inventory.loader import province_folder
from haicap.plan.approval import NAMESPACE, Approval, parse, say_of, with_signature
from haicap.plan.check import Check
from haicap.plan.file import SavedPlan
from haicap.plan.model import Plan
from haicap.plan.verdict import CheckSignature, Verdict, check_approvers, check_time, is_own, judge, key_problem
from haicap.signing.ssh import check, public_of, sign
from haicap.stack.workspace import Workspace

KEY = "HAICAP_KEY"
REQUIRE = "HAICAP_REQUIRE_APPROVAL"
_ENDING = ".approvals"

check_signature: CheckSignature = partial(check, namespace=NAMESPACE)


def clock() -> datetime:
    """This moment, to the second, in UTC."""
    return datetime.now(UTC).replace(microsecond=0)


def approvals_of(plan_file: Path) -> Path:
    """Where a plan's approvals are: beside it."""
    return plan_file.with_name(plan_file.name + _ENDING)


def read_approvals(plan_file: Path) -> tuple[tuple[Approval, ...], tuple[str, ...]]:
    """A plan's approvals and what is wrong with their file; none when there is no such file."""
    path = approvals_of(plan_file)
    try:
        return parse(path.read_bytes())
    except FileNotFoundError:
        return (), ()
    except OSError as error:
        raise HaicapError(f"{path}: {error.strerror}.") from error


def add_approval(plan_file: Path, approval: Approval) -> Path:
    """Add a line, whole and on the disk when this returns; others may add theirs at the same time. The file's path.

    HaicapError when it can't be written: then the file is as it was.
    """
    path = approvals_of(plan_file)
    try:
        with path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            size = file.seek(0, os.SEEK_END)
            _ensure_whole(path, file, size)
            try:
                file.write(approval.line.encode())
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                os.ftruncate(file.fileno(), size)
                raise
        _sync_folder(path.parent)
    except OSError as error:
        raise HaicapError(f"{path}: {error.strerror}. Nothing was approved.") from error
    return path


def _ensure_whole(path: Path, file: BinaryIO, size: int) -> None:
    """A line that was cut off is not written on: what comes after it would be lost with it."""
    file.seek(max(0, size - 1))
    if file.read() not in (b"", b"\n"):
        raise HaicapError(f"{path}: its last line was cut off. Remove that line, then approve again.")


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def find_approvers(directory: Path, slug: str) -> Approvers:
    """A province's approvers, without the rest of its inventory. HaicapError where nothing is said of them."""
    path = province_folder(directory, slug) / FILE
    if not path.exists():
        raise HaicapError(f"{slug} has no {FILE}: nobody may approve. docs/approval.md says how to write one.")
    return load_approvers(path)


def verdict_of(saved: SavedPlan, approvers: Approvers, now: datetime) -> Verdict:
    """A plan judged by the approvals beside it."""
    approvals, faults = read_approvals(saved.path)
    return judge(saved.plan, approvals, approvers, now, check_signature, faults)


def needs_approval(workspace: Workspace, *, demanded: bool) -> bool:
    """Whether only what is approved is applied here: the inventory says so, or whoever runs this (`demanded`) does."""
    approvers = workspace.inventory.approvers
    asked = demanded or os.environ.get(REQUIRE, "") not in ("", "0")
    if asked and approvers is None:
        raise Refused(
            f"Nothing was done: it must be approved, and {workspace.slug} has no {FILE} that says who may do that.\n"
            "docs/approval.md says how to write one."
        )
    return asked or (approvers is not None and workspace.target in approvers.required_for)


def ensure_free(workspace: Workspace, file_maker: str, *, demanded: bool) -> None:
    """Refused where only what is approved is applied: what is shown and asked about on a terminal can't be.

    `file_maker` is the command that writes the same as a file.
    """
    if needs_approval(workspace, demanded=demanded):
        raise Refused(
            f"Nothing was done: what is applied to {workspace.slug}, {workspace.target}, must be approved before.\n"
            f"`{file_maker} -o plan.json` makes it a file, `haicap approve plan.json` approves it, "
            "`haicap apply plan.json` does it."
        )


def ensure_in_time(saved: SavedPlan, now: datetime) -> None:
    """Refused when a plan is not to be done any more, or not yet, by this clock."""
    if not (found := check_time(saved.plan, now)).ok:
        raise Refused(_refusal(saved, [found]))


def ensure_approved(workspace: Workspace, saved: SavedPlan, now: datetime) -> tuple[str, ...]:
    """Who has approved a plan. Refused, with every reason, unless that is enough."""
    approvers = workspace.inventory.approvers
    if approvers is None:
        raise Refused(f"{saved.path}: nobody may approve: {workspace.slug} has no {FILE}.")
    verdict = verdict_of(saved, approvers, now)
    if verdict.reasons:
        raise Refused(_refusal(saved, verdict.reasons))
    return verdict.approved_by


def _refusal(saved: SavedPlan, reasons: Sequence[Check]) -> str:
    lines = [f"{saved.path}: nothing was done."]
    lines += [f"  {reason.text}  [{reason.name}]" for reason in reasons]
    stale = {"time", "approvers"} & {reason.name for reason in reasons}
    if stale:
        lines.append(f"Make a new plan: `haicap plan {saved.plan.province} -o {saved.path}`.")
    else:
        lines.append(f"`haicap approve {saved.path}` approves it; `haicap verify {saved.path}` looks at all of it.")
    return "\n".join(lines)


def find_key(directory: Path, given: Path | None) -> Path:
    """The key to sign with: the one that is named, HAICAP_KEY, or git's `user.signingkey`. HaicapError without one."""
    if given is not None:
        return given
    for text in (os.environ.get(KEY, ""), _git_key(directory)):
        if text:
            return Path(text).expanduser()
    raise HaicapError(
        f"With which key? Name its file: `--key ~/.ssh/id_ed25519`, or set {KEY}, or git's user.signingkey.\n"
        "A public key's file does where an agent or a hardware key holds the private one."
    )


def _git_key(directory: Path) -> str:
    """git's signing key where it is the file of an SSH key."""
    if _git(directory, "gpg.format") != "ssh":
        return ""
    text = _git(directory, "user.signingkey")
    return text if Path(text).expanduser().is_file() else ""


def _git(directory: Path, name: str) -> str:
    try:
        words = ["git", "config", name]
        done = subprocess.run(words, cwd=directory, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip()


def signer(approvers: Approvers, key: Path, now: datetime) -> tuple[Approver, ApproverKey]:
    """Who holds a key. Refused when nobody who may approve does, or when it does not count now."""
    found = approvers.of_key(public_of(key))
    if found is None:
        raise Refused(f"{key}: this key is nobody's in {FILE}. Whoever may approve is added there, and reviewed.")
    if why := key_problem(found[1], now, now):
        raise Refused(f"{key}: {why}. Use another key of yours, or have a new one added to {FILE}.")
    return found


def ensure_approvable(saved: SavedPlan, approvers: Approvers, approver: Approver, now: datetime) -> None:
    """Refused when an approval of this plan by this person would count for nothing."""
    wrong = [found for found in (check_time(saved.plan, now), check_approvers(saved.plan, approvers)) if not found.ok]
    if wrong:
        raise Refused(_refusal(saved, wrong))
    if saved.plan.refusals:
        limits = "\n".join(f"  {one.limit}: {one.message}\n    {one.next_step}" for one in saved.plan.refusals)
        raise Refused(f"{saved.path}: it does not keep its limits, and nobody has overridden them.\n{limits}")
    if is_own(saved.plan, approver.principal):
        raise Refused(f"{saved.path}: {approver.principal} made it, or its commit: somebody else must approve it.")


def sign_approval(plan: Plan, approver: Approver, key: Path, now: datetime, reason: str | None) -> Approval:
    """An approval, or with a reason a rejection, signed."""
    said = say_of(plan, approver.principal, now, reason)
    return with_signature(said, sign(said.signed, key, NAMESPACE))
