"""Whether a plan may be applied: its times, its limits, every approval and rule, with a reason for each no."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from fnmatch import fnmatchcase

from haicap.errors import HaicapError
from haicap.inventory.approvers import ApprovalRule, Approver, ApproverKey, Approvers, When
from haicap.inventory.approvers_loader import approvers_digest
from haicap.inventory.scalars import shown
from haicap.plan.approval import Approval, latest
from haicap.plan.check import Check
from haicap.plan.model import Change, Plan
from haicap.plan.moment import MOMENT, moment
from haicap.signing.ssh import signer_of

VIET_NAM = timezone(timedelta(hours=7))  # it has had no other time since 1975
_CLOCKS = timedelta(minutes=2)  # how far apart the clocks of those who plan, approve and apply may be
_ANYBODY = ApprovalRule(name="any")  # a plan that no rule is for still needs somebody

# data, signature, public key -> None when it is right, else why not
CheckSignature = Callable[[bytes, str, str], str | None]


@dataclass(frozen=True)
class Verdict:
    """Everything that was looked at. `approved_by` are those whose approvals count."""

    checks: tuple[Check, ...]
    approved_by: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[Check, ...]:
        """Why not."""
        return tuple(check for check in self.checks if not check.ok)


def judge(
    plan: Plan,
    approvals: Sequence[Approval],
    approvers: Approvers,
    now: datetime,
    check: CheckSignature,
    faults: Sequence[str] = (),
) -> Verdict:
    """Judge a plan as if it were `now`. `faults` are lines of the approvals' file that are none.

    Every line of that file must be right: an approval that does not count is a no, however many others do.
    """
    reasons = [(one, _problem(one, plan, approvers, now, check)) for one in approvals]
    valid = latest([one for one, problem in reasons if not problem])
    checks = [
        check_time(plan, now),
        *check_limits(plan),
        check_approvers(plan, approvers),
        *(Check("approval", False, fault) for fault in faults),
        *(_told(one, problem) for one, problem in reasons),
        *_rejections(valid),
        *_rules(plan, approvers, valid),
    ]
    approved = tuple(sorted(one.principal for one in valid.values() if one.decision == "approve"))
    return Verdict(tuple(checks), approved)


def check_time(plan: Plan, now: datetime) -> Check:
    """Whether a plan holds at a moment: made before it, and not expired."""
    try:
        made, expires = moment(plan.made.at), moment(plan.made.expires)
    except ValueError:
        return Check("time", False, "it does not say when it was made and until when it holds; make it with `-o`")
    clock = now.strftime(MOMENT)
    if now < made - _CLOCKS:
        return Check("time", False, f"it was made at {plan.made.at}, and it is {clock}: a clock was set back")
    if now >= expires:
        return Check("time", False, f"it expired at {plan.made.expires}, and it is {clock}; make a new one")
    return Check("time", True, f"made at {plan.made.at}, holds until {plan.made.expires}")


def check_limits(plan: Plan) -> Iterator[Check]:
    """Whether its limits are kept, or overridden with a reason."""
    for breach in plan.refusals:
        yield Check("limit", False, f"{breach.limit}: {breach.message}; nobody has overridden it. {breach.next_step}")
    for override in plan.overrides:
        yield Check("limit", True, f"{override.limit} is overridden: {shown(override.reason)}")


def check_approvers(plan: Plan, approvers: Approvers) -> Check:
    """Whether those who may approve now are those who might when it was made; revocations do not count."""
    if plan.basis.get("approvers", "") == approvers_digest(approvers):
        return Check("approvers", True, "approvers.yml is the one that the plan was made with")
    return Check("approvers", False, "who may approve has changed: approvers.yml is not the one that it was made with")


def rules_for(plan: Plan, approvers: Approvers) -> tuple[ApprovalRule, ...]:
    """The rules that a plan must meet; always at least one."""
    return tuple(rule for rule in approvers.rules if _applies(rule.when, plan)) or (_ANYBODY,)


def missing(plan: Plan, approvers: Approvers, principals: Sequence[str]) -> tuple[tuple[ApprovalRule, int], ...]:
    """Each rule for a plan, and how many more must approve when these did."""
    people = _people(approvers, principals)
    return tuple((rule, max(0, rule.count - sum(map(rule.counts, people)))) for rule in rules_for(plan, approvers))


def is_own(plan: Plan, principal: str) -> bool:
    """Whether somebody made the plan, or wrote the commit that it was made from."""
    return principal.casefold() in {name.casefold() for name in (plan.made.by, *plan.made.authors)}


def key_problem(key: ApproverKey, at: datetime, now: datetime) -> str:
    """Why a key does not count for what was signed `at` a moment, judged `now`; empty when it does."""
    day, today = at.astimezone(VIET_NAM).date(), now.astimezone(VIET_NAM).date()
    if key.revoked is not None and (key.compromised or key.revoked <= today):
        return f"its key was revoked on {key.revoked}{', as it was compromised' if key.compromised else ''}"
    if day < key.valid_from:
        return f"its key holds from {key.valid_from} on, and it was signed on {day}"
    if key.until is not None and day > key.until:
        return f"its key held until {key.until}, and it was signed on {day}"
    return ""


def _problem(one: Approval, plan: Plan, approvers: Approvers, now: datetime, check: CheckSignature) -> str:
    """Why an approval does not count; empty when it does."""
    if one.plan != plan.digest:
        return f"it is of another plan, {shown(one.plan)}: an approval is of one plan only"
    if (one.province, one.target) != (plan.province, plan.target):
        return "it is for another province or target"
    try:
        signer = signer_of(one.signature)
    except HaicapError:
        return "what stands in the place of its signature is none"
    if one.principal not in {approver.principal for approver in approvers.approvers}:
        return "nobody of this name may approve: approvers.yml has none"
    owner = approvers.of_key(signer)
    if owner is None or owner[0].principal != one.principal:
        whose = f"{owner[0].principal}'s" if owner else "nobody's in approvers.yml"
        return f"its key is not {one.principal}'s, but {whose}"
    if why := check(one.signed, one.signature, signer):
        return f"its signature is wrong: {why}"
    if one.decision == "approve" and is_own(plan, one.principal):
        return "it is their own plan, or their own commit: somebody else must approve it"
    try:
        at = moment(one.at)
        return _date_problem(plan, at, now) or key_problem(owner[1], at, now)
    except ValueError as error:
        return str(error)


def _date_problem(plan: Plan, at: datetime, now: datetime) -> str:
    if at > now + _CLOCKS:
        return f"it is from the future, and it is {now.strftime(MOMENT)}: a clock was set back"
    if at < moment(plan.made.at) - _CLOCKS:
        return f"it is from before the plan was made, {plan.made.at}: a clock was set back"
    if at > moment(plan.made.expires):
        return f"it is from after the plan expired, {plan.made.expires}"
    return ""


def _told(one: Approval, problem: str) -> Check:
    verb = "approved" if one.decision == "approve" else "rejected"
    told = f"{shown(one.principal)} {verb} at {shown(one.at)}"
    return Check("approval", not problem, f"{told}: {problem}" if problem else told)


def _rejections(valid: dict[str, Approval]) -> Iterator[Check]:
    for one in valid.values():
        if one.decision == "reject":
            text = f"{one.principal} rejects it: {shown(one.reason)}. Only their own approval takes that back"
            yield Check("rejection", False, text)


def _rules(plan: Plan, approvers: Approvers, valid: dict[str, Approval]) -> Iterator[Check]:
    """Each rule with those who meet it."""
    principals = [one.principal for one in valid.values() if one.decision == "approve"]
    for rule, lacks in missing(plan, approvers, principals):
        who = [one.principal for one in _people(approvers, principals) if rule.counts(one)]
        roles = f" with {' or '.join(rule.roles)}" if rule.roles else ""
        told = f"rule {rule.name} asks for {rule.count}{roles}, approved by {', '.join(who) or 'nobody'}"
        yield Check("rule", not lacks, told if not lacks else f"{told}; {lacks} more must approve")


def _people(approvers: Approvers, principals: Sequence[str]) -> list[Approver]:
    return [one for one in approvers.approvers if one.principal in principals]


def _applies(when: When, plan: Plan) -> bool:
    limits = [override.limit for override in plan.overrides]
    return (
        when.target in (None, plan.target)
        and (not when.overrides or any(fnmatchcase(limit, name) for limit in limits for name in when.overrides))
        and (not (when.actions or when.systems or when.units) or any(_holds(when, change) for change in plan.changes))
    )


def _holds(when: When, change: Change) -> bool:
    return (
        (not when.actions or change.action in when.actions)
        and (not when.systems or change.system in when.systems)
        and (not when.units or change.unit in when.units)
    )
