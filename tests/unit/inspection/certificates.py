"""A plan of two units with everything that a certificate ties to it, signed by keys that are made now."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from haicap.inspection.certificate import Certificate, Certified, Definition
from haicap.inspection.inspected import Inspected
from haicap.inspection.model import Inspection, Probe
from haicap.inspection.verification import Trust, Verified, verify_statement
from haicap.plan.applied import AppliedResult
from haicap.plan.approval import Approval, say_of
from haicap.plan.model import Breach, Change, Made, Override, Plan, canonical
from haicap.signing.allowed import AllowedSigner
from haicap.signing.envelope import load_key, seal
from haicap.signing.ssh import check, sign, signer_of

CERTIFIER, APPROVER, OTHER = "binh@lamdong.gov.vn", "lan@lamdong.gov.vn", "minh@lamdong.gov.vn"
NOW = datetime(2025, 7, 1, 9, 0, tzinfo=UTC)

PLAN = Plan(
    province="lam-dong",
    target="live",
    as_of="2025-07-01",
    selection={"units": ["24829", "24958"]},
    basis={"inventory": "1", "locks": "2", "state": "3", "design": "sha256:4"},
    changes=(
        Change(None, "hub", "hub1", "create", "sha256:a"),
        Change("24829", "dns", "dns-24829", "update", "sha256:b"),
        Change("24958", "gateway", "gw-24958", "create", "sha256:c"),
        Change("24958", "dns", "dns-24958", "create", "sha256:d"),
    ),
    units={
        code: {"name": name, "kind": "xã", "wave": "pilot"} for code, name in (("24829", "Đạ Tẻh"), ("24958", "B'Lao"))
    },
    breaches=(Breach("units-at-once", "refuse", "2 units, the limit is 1", "Plan one unit at a time."),),
    overrides=(Override("units-at-once", "both offices move on one day"),),
    made=Made("2025-07-01T08:00:00Z", "an@lamdong.gov.vn", "2025-07-15T08:00:00Z", "0" * 40, ("an@lamdong.gov.vn",)),
)
RUN = AppliedResult(
    province="lam-dong",
    target="live",
    plan=PLAN.digest,
    by="ci@lamdong.gov.vn",
    begun="2025-07-01T08:20:00Z",
    ended="2025-07-01T08:30:00Z",
    done=4,
    failed=0,
    skipped=0,
    stopped=False,
    units={"24829": {"done": 1, "failed": 0}, "24958": {"done": 2, "failed": 0}},
)
PROBES = (
    Probe(None, "hub1", "hub", "bgp", "passed", "4 sessions", "4 sessions established", 0.25),
    Probe("24829", "gw-24829", "dns", "names", "passed", "12 names", "12 names as designed", 1.0),
    Probe(
        "24958", "gw-24958", "lan", "dhcp", "passed", "a lease on <every> segment", "5 leases, \x1b[1mĐức\udcff", 3.125
    ),
)
INSPECTED = Inspected(
    province="lam-dong",
    target="live",
    as_of="2025-07-01",
    at="2025-07-01T08:40:00Z",
    by="ci@lamdong.gov.vn",
    tools={"haicap": "0.1.0"},
    plan=PLAN.digest,
    selection={"units": ["24829", "24958"]},
    found=Inspection(PROBES),
)


@dataclass(frozen=True)
class Key:
    """A key's file, and its public line."""

    path: Path
    public: str


def key(name: str, kind: str = "ed25519") -> Key:
    """The key of somebody, the same in one run of the tests."""
    return _key(name, kind)


@cache
def _key(name: str, kind: str) -> Key:
    path = Path(mkdtemp(prefix="haicap-keys-")) / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", name, "-f", path], check=True)
    return Key(path, " ".join(path.with_suffix(".pub").read_text().split()[:2]))


def approval(principal: str = APPROVER, plan: Plan = PLAN, at: str = "2025-07-01T08:10:00Z", **changed) -> Approval:
    """An approval (or with `reason` a rejection) that is signed by the principal's own key."""
    made = replace(say_of(plan, principal, datetime.fromisoformat(at)), **changed)
    return replace(made, signature=sign(made.signed, key(principal).path, "haicap-approval"))


@cache
def approved() -> Approval:
    """The approval of the plan."""
    return approval()


def certificate(**changed) -> Certificate:
    """All of it; fields may be changed."""
    made = Certificate(
        definition=Definition.of(PLAN),
        approval_required=True,
        approvals=(approved(),),
        run=RUN,
        inspection=INSPECTED,
        certified=Certified(CERTIFIER, "2025-07-01T08:50:00Z", {"haicap": "0.1.0"}),
    )
    return replace(made, **changed)


def signed(statement: Certificate | dict, kind: str = "ed25519") -> bytes:
    """The file of a certificate, or of any statement, by the certifier's key."""
    values = statement.to_json() if isinstance(statement, Certificate) else statement
    return seal(canonical(values).encode(), load_key(key(CERTIFIER, kind).path, str)).encode()


def signers(kind: str = "ed25519") -> tuple[AllowedSigner, ...]:
    """The keys that a stranger trusts."""
    return (
        AllowedSigner((CERTIFIER,), key(CERTIFIER, kind).public, ("haicap-approval", "haicap-certificate")),
        AllowedSigner((APPROVER,), key(APPROVER).public, ("haicap-approval",)),
    )


def verified(data: bytes, trusted: tuple[AllowedSigner, ...] | None = None, at: datetime = NOW) -> Verified:
    """What a stranger finds."""
    return verify_statement(data, Trust(signers() if trusted is None else trusted, at, check, signer_of))


def faults(found: Verified) -> dict[str, str]:
    """The checks that say no, by name."""
    return {one.name: one.text for one in found.checks if not one.ok}
