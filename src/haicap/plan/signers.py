"""The public keys of `approvers.yml` in the form in which a stranger is given them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from haicap.inventory.approvers import Approver, ApproverKey, Approvers
from haicap.plan.approval import NAMESPACE as APPROVALS
from haicap.plan.verdict import VIET_NAM
from haicap.signing.allowed import AllowedSigner

CERTIFIER = "certifier"
CERTIFICATES = "haicap-certificate"
_ROLES = {CERTIFIER: CERTIFICATES, "auditor": "haicap-log"}  # what else the owner of a role may sign
_SECOND = timedelta(seconds=1)


def signers_of(approvers: Approvers) -> tuple[AllowedSigner, ...]:
    """A line for each key that ever counted: for approvals; for certificates where its owner has the role `certifier`,
    and for heads of the log where it is `auditor`.

    A key that was revoked counts until then; one that was compromised has no line: nothing that it signed counts.
    """
    return tuple(_signers(approvers))


def _signers(approvers: Approvers) -> Iterator[AllowedSigner]:
    for approver in approvers.approvers:
        for key in approver.keys:
            ends = _ends(key)
            if not key.compromised and (ends is None or ends > _midnight(key.valid_from)):
                yield AllowedSigner(
                    (approver.principal,), key.bare, _purposes(approver), _midnight(key.valid_from), ends
                )


def _ends(key: ApproverKey) -> datetime | None:
    """The last second in which a key counts: of its last day, or before the day on which it was revoked."""
    ends = [_midnight(key.until) + timedelta(days=1)] if key.until else []
    ends += [_midnight(key.revoked)] if key.revoked else []
    return min(ends) - _SECOND if ends else None


def _purposes(approver: Approver) -> tuple[str, ...]:
    return (APPROVALS, *(purpose for role, purpose in _ROLES.items() if role in approver.roles))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), VIET_NAM)
