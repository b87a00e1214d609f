"""The keys that a stranger is given count exactly on the days that approvers.yml says, which are Viet Nam's."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from haicap.inventory.approvers import Approver, ApproverKey, Approvers
from haicap.plan.signers import signers_of
from haicap.plan.verdict import VIET_NAM, key_problem
from haicap.signing.allowed import refusal

KEY = "ssh-ed25519 AAAA"


def _signers(roles=(), **key):
    key = {"key": f"{KEY} a note", "from": date(2025, 6, 1), **key}
    return signers_of(Approvers(approvers=(Approver(principal="lan@x.vn", roles=roles, keys=(ApproverKey(**key),)),)))


def _counts(signers, at, namespace="haicap-approval"):
    return refusal(signers, KEY, "lan@x.vn", namespace, at) is None


@pytest.mark.parametrize(
    "key",
    [
        {},
        {"until": date(2025, 6, 30)},
        {"revoked": date(2025, 6, 20)},
        {"until": date(2025, 6, 10), "revoked": date(2025, 6, 20)},
        {"until": date(2025, 6, 20), "revoked": date(2025, 6, 10)},
    ],
)
def test_a_key_counts_on_the_days_on_which_an_approval_by_it_did(key):
    """An approval is judged then and there; a stranger later must not see more or fewer of them."""
    signers = _signers(**key)
    model = ApproverKey(**{"key": KEY, "from": date(2025, 6, 1), **key})
    midnight = datetime(2025, 5, 25, tzinfo=VIET_NAM)
    for hours in range(0, 24 * 45):
        for at in (midnight + timedelta(hours=hours), midnight + timedelta(hours=hours, seconds=-1)):
            assert _counts(signers, at) is not bool(key_problem(model, at, at)), at


def test_a_compromised_key_never_counted():
    assert _signers(revoked=date(2025, 6, 20), compromised=True) == ()
    assert _signers(revoked=date(2025, 6, 1)) == (), "it never counted"


def test_only_a_certifier_certifies():
    at = datetime(2025, 6, 15, tzinfo=UTC)
    assert not _counts(_signers(("network",)), at, "haicap-certificate")
    assert _counts(_signers(("network", "certifier")), at, "haicap-certificate")
    assert not _counts(_signers(("certifier",)), at, "haicap-log")


def test_only_an_auditor_signs_heads_of_the_log():
    at = datetime(2025, 6, 15, tzinfo=UTC)
    assert _counts(_signers(("auditor",)), at, "haicap-log")
    assert not _counts(_signers(("auditor",)), at, "haicap-certificate")
