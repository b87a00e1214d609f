"""Check a certificate as a stranger does: with its file and public keys, and nothing else.

Everything that the certificate repeats is compared, and everything that can be worked out is worked out anew; what
stays is the word of those who signed. A check that fails does not hide the next, but where the signature of the whole
does not hold, nothing in it is worth a look.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from google.protobuf.json_format import ParseDict, ParseError
from in_toto_attestation.v1.statement import Statement  # type: ignore[import-untyped]
from in_toto_attestation.v1.statement_pb2 import Statement as StatementMessage  # type: ignore[import-untyped]

from haicap.errors import HaicapError
from haicap.inspection.certificate import NAMESPACE, PREDICATE, Certificate, Definition
from haicap.plan.approval import NAMESPACE as APPROVALS
from haicap.plan.approval import Approval, latest
from haicap.plan.check import Check
from haicap.plan.model import Json, canonical
from haicap.plan.moment import MOMENT, read_moment
from haicap.signing.allowed import AllowedSigner, refusal
from haicap.signing.envelope import Sealed, fingerprint, unseal

CLOCKS = timedelta(minutes=2)  # how far apart the clocks of those who plan, approve, apply and verify may be
NOTHING = timedelta(0)

# data, signature, public key, namespace: None when it is right, else why not (`haicap.signing.ssh.check`)
CheckSignature = Callable[[bytes, str, str, str], str | None]
SignerOf = Callable[[str], str]


@dataclass(frozen=True)
class Verified:
    """All checks, and the certificate if it could be read."""

    checks: tuple[Check, ...]
    certificate: Certificate | None = None

    @property
    def ok(self) -> bool:
        """Whether every check holds: the certificate is genuine. What it says is another matter: its `faults`."""
        return self.certificate is not None and all(one.ok for one in self.checks)


@dataclass(frozen=True)
class Trust:
    """What a stranger brings: public keys and what each may sign, the moment, and how SSH signatures are checked."""

    signers: Sequence[AllowedSigner]
    at: datetime
    check: CheckSignature
    signer_of: SignerOf


def verify_statement(data: bytes, trust: Trust) -> Verified:
    """Check the bytes of a certificate's file."""
    try:
        sealed = unseal(data)
    except ValueError as error:
        return Verified((Check("envelope", False, str(error)),))
    envelope = Check("envelope", True, "one statement with one signature, byte for byte as it was written")
    key = _signer(sealed, trust)
    if key is None:
        return Verified((envelope, Check("signature", False, _unsigned(sealed, trust))))
    checks = (envelope, Check("signature", True, sealed.keyid))
    try:
        document, certificate = _read(sealed.payload)
        found = tuple(_checks(document, certificate, key, trust))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return Verified((*checks, Check("statement", False, f"it is no statement of {PREDICATE}: {error!r}")))
    return Verified((*checks, *found), certificate)


def _signer(sealed: Sealed, trust: Trust) -> str | None:
    """The trusted key that made the envelope's signature. What it may sign is a check of its own."""
    return next((one.key for one in trust.signers if sealed.is_signed_by(one.key)), None)


def _unsigned(sealed: Sealed, trust: Trust) -> str:
    if sealed.keyid in {fingerprint(one.key) for one in trust.signers}:
        return "it does not match: the certificate or its signature was altered"
    return f"its key {sealed.keyid} is not among the keys that are trusted"


def _read(payload: bytes) -> tuple[Mapping[str, Json], Certificate]:
    """The statement in a payload, and the certificate that it is. ValueError, KeyError or TypeError otherwise."""
    document: Any = json.loads(payload)
    if canonical(document).encode() != payload:
        raise ValueError("not its canonical JSON")
    try:
        Statement.copy_from_pb(ParseDict(document, StatementMessage())).validate()
    except ParseError as error:
        raise ValueError(str(error)) from error
    certificate = Certificate.of(document)
    if _bare(document) != _bare(certificate.to_json()):
        raise ValueError("a field that is unknown, or not as it is written")
    return document, certificate


def _bare(document: Mapping[str, Json]) -> str:
    """A statement without what is worked out from its other values: each of that has a check of its own."""
    predicate = {key: value for key, value in document["predicate"].items() if key != "verdict"}
    predicate["inspection"] = {**predicate["inspection"], "digest": ""}
    return canonical({**document, "subject": [], "predicate": predicate})


def _checks(document: Mapping[str, Json], certificate: Certificate, key: str, trust: Trust) -> Iterator[Check]:
    by, at = certificate.certified.by, read_moment(certificate.certified.at)
    yield Check("statement", True, f"in-toto Statement v1, {PREDICATE}")
    yield _check("certifier", refusal(trust.signers, key, by, NAMESPACE, at), f"{by} may sign certificates")
    for approval in certificate.approvals:
        yield _check("approval", _approval(approval, certificate, trust), _told(approval))
    yield from consistency(document, certificate, trust.at)


def consistency(document: Mapping[str, Json], certificate: Certificate, now: datetime) -> Iterator[Check]:
    """Whether the parts of a statement belong together, whoever signed them. Whoever certifies asks this first."""
    run, summary = certificate.run, certificate.inspection.found.summary
    told = f"{summary['passed']} passed, {summary['failed']} failed, {summary['unreachable']} unreachable"
    yield _check("plan", _plan(document, certificate), certificate.definition.plan)
    yield _check("approved", _approved(certificate), _approvers(certificate))
    yield _check("apply", _other(certificate.definition, vars(run)), f"{run.done} done, {run.failed} failed")
    yield _check("inspection", _inspection(document, certificate), told)
    yield _check("times", _times(certificate, now), f"each step follows the one before; {certificate.certified.at}")
    yield _check("verdict", _verdict(document, certificate), "; ".join(certificate.faults) or "passed")


def _check(name: str, why: str | None, told: str) -> Check:
    return Check(name, not why, why or told)


def _plan(document: Mapping[str, Json], certificate: Certificate) -> str:
    same = document["subject"] == certificate.subject
    return "" if same else "the statement's subject is another plan than what it describes"


def _told(approval: Approval) -> str:
    return f"{approval.principal} {'approved' if approval.decision == 'approve' else 'rejected'} at {approval.at}"


def _approval(approval: Approval, certificate: Certificate, trust: Trust) -> str:
    """Why an approval does not count; empty when it does."""
    told = _told(approval)
    if other := _other(certificate.definition, asdict(approval)):
        return f"{told}: {other}"
    try:
        key = trust.signer_of(approval.signature)
    except HaicapError as error:
        return f"{told}: {error}"
    why = refusal(trust.signers, key, approval.principal, APPROVALS, read_moment(approval.at))
    why = why or trust.check(approval.signed, approval.signature, key, APPROVALS)
    return f"{told}: {why}" if why else ""


def _approved(certificate: Certificate) -> str:
    """Whether it was approved where it had to be. How many must approve is the inventory's rule, which the certifier
    checked; here nobody may have refused in the end."""
    last = latest(certificate.approvals).values()
    if refused := sorted(one.principal for one in last if one.decision != "approve"):
        return f"it was rejected by {', '.join(refused)}"
    if not certificate.approval_required or not _own(certificate).issuperset(one.principal.casefold() for one in last):
        return ""
    return "only who made it approved it" if last else "nobody approved it, and somebody had to"


def _own(certificate: Certificate) -> set[str]:
    """Whose plan it is: their approval of it does not count."""
    made = certificate.definition.made
    return {name.casefold() for name in (made["by"], *made["authors"])}


def _approvers(certificate: Certificate) -> str:
    names = sorted(one.principal for one in latest(certificate.approvals).values())
    return f"by {', '.join(names)}" if names else "by nobody; nobody had to"


def _inspection(document: Mapping[str, Json], certificate: Certificate) -> str:
    told = document["predicate"]["inspection"]
    if told["digest"] != certificate.inspection.digest:
        return "its digest is not that of its probes"
    if not told["plan"]:
        return "it does not say which plan was applied before it: inspect with `--plan`"
    return _other(certificate.definition, told, "as_of")


def _other(definition: Definition, part: Mapping[str, Json], *more: str) -> str:
    """Whether a part is of another plan, province or target."""
    wrong = [name for name in ("plan", "province", "target", *more) if part[name] != getattr(definition, name)]
    return f"it is of another {' and '.join(wrong)}" if wrong else ""


def _times(certificate: Certificate, now: datetime) -> str:
    """Planned, approved, applied, inspected, signed, and now: each not before the one that it follows.

    Where another person's clock comes in, it may be a little behind.
    """
    made = certificate.definition.made["at"]
    steps = [
        *(("planned", made, NOTHING) for _ in [made] if made),
        *(("approved", at, CLOCKS) for at in sorted(one.at for one in certificate.approvals)),
        ("apply begun", certificate.run.begun, CLOCKS),
        ("apply ended", certificate.run.ended, NOTHING),
        ("inspected", certificate.inspection.at, NOTHING),
        ("certified", certificate.certified.at, NOTHING),
    ]
    moments = [(what, read_moment(text), slack) for what, text, slack in steps] + [("now", now, CLOCKS)]
    wrong = [
        f"{late} ({other:{MOMENT}}) comes before {early} ({one:{MOMENT}})"
        for (early, one, _), (late, other, slack) in pairwise(moments)
        if other < one - slack
    ]
    return "; ".join(wrong)


def _verdict(document: Mapping[str, Json], certificate: Certificate) -> str:
    return "" if document["predicate"]["verdict"] == certificate.verdict else "it is not what the results say"
