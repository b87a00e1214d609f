"""Make a certificate: collect what belongs to a plan, and sign it only if it holds together."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from haicap import __version__
from haicap.errors import Refused
from haicap.inspection.certificate import NAMESPACE, Certificate, Certified, Definition
from haicap.inspection.inspected import Inspected
from haicap.inspection.verification import consistency
from haicap.inventory.approvers import Approvers
from haicap.inventory.approvers_loader import FILE, load_approvers
from haicap.plan.applied import AppliedResult
from haicap.plan.approval import Approval
from haicap.plan.file import SavedPlan
from haicap.plan.model import canonical
from haicap.plan.moment import now, read_moment
from haicap.plan.signers import CERTIFIER, signers_of
from haicap.plan.verdict import judge
from haicap.signing.allowed import refusal
from haicap.signing.envelope import PrivateKey, public_line, seal
from haicap.signing.ssh import signer_of
from haicap.stack.approving import approvals_of, check_signature, read_approvals
from haicap.stack.making import principal
from haicap.stack.workspace import Workspace


def certificate_of(
    workspace: Workspace, saved: SavedPlan, run: AppliedResult, inspection: Inspected, key: PrivateKey
) -> Certificate:
    """What is to be signed by this key, now. Refused, with every reason, when it does not belong together, when an
    approval is missing or wrong, and when nobody would believe this key."""
    approvers, approvals = _approvers(workspace), _approvals(saved.path)
    required = approvers is not None and workspace.target in approvers.required_for
    certificate = Certificate(
        definition=Definition.of(saved.plan),
        approval_required=required,
        approvals=approvals,
        run=run,
        inspection=inspection,
        certified=Certified(_certifier(workspace, approvers, key), now(), {"haicap": __version__}),
    )
    wrong = [one for one in consistency(certificate.to_json(), certificate, datetime.now(UTC)) if not one.ok]
    reasons = [f"{one.text}  [{one.name}]" for one in wrong]
    reasons += _unapproved(saved, approvals, approvers, run, required=required)
    reasons += _distrusted(certificate, approvers, key) if required else []
    if reasons:
        raise Refused("\n".join([f"{saved.path}: nothing was certified.", *(f"  {one}" for one in reasons)]))
    return certificate


def ensure_passed(certificate: Certificate) -> None:
    """Refused unless the plan was done and everything works."""
    if certificate.faults:
        told = "\n".join(f"  {fault}" for fault in certificate.faults)
        raise Refused(
            f"Nothing was certified.\n{told}\nMend that, plan, apply and inspect again; or say --with-failures, and "
            "the certificate says that it did not pass."
        )


def sign_certificate(certificate: Certificate, key: PrivateKey) -> str:
    """The text of its file."""
    return seal(canonical(certificate.to_json()).encode(), key)


def _approvers(workspace: Workspace) -> Approvers | None:
    path = workspace.folder / FILE
    return load_approvers(path) if path.exists() else None


def _approvals(plan_file: Path) -> tuple[Approval, ...]:
    """The approvals beside a plan; none when there is no file. Refused when a line of it is none."""
    approvals, faults = read_approvals(plan_file)
    if faults:
        raise Refused(f"{approvals_of(plan_file)}: {'; '.join(faults)}. Nothing was certified.")
    return approvals


def _certifier(workspace: Workspace, approvers: Approvers | None, key: PrivateKey) -> str:
    """Who holds the key, by approvers.yml; else who works here."""
    found = approvers.of_key(public_line(key)) if approvers is not None else None
    return found[0].principal if found is not None else principal(workspace)


def _unapproved(
    saved: SavedPlan,
    approvals: tuple[Approval, ...],
    approvers: Approvers | None,
    run: AppliedResult,
    *,
    required: bool,
) -> list[str]:
    """Why the approvals were not enough when the plan was applied. Where none was asked for, each must still be one."""
    if approvers is None:
        wrong = [(one, check_signature(one.signed, one.signature, signer_of(one.signature))) for one in approvals]
        return [f"{one.principal}'s approval: {why}  [approval]" for one, why in wrong if why]
    verdict = judge(saved.plan, approvals, approvers, read_moment(run.begun), check_signature)
    return [f"{one.text}  [{one.name}]" for one in verdict.reasons if required or one.name == "approval"]


def _distrusted(certificate: Certificate, approvers: Approvers | None, key: PrivateKey) -> list[str]:
    """Why whoever verifies with the keys of approvers.yml would not believe it."""
    certified = certificate.certified
    signers = signers_of(approvers) if approvers is not None else ()
    why = refusal(signers, public_line(key), certified.by, NAMESPACE, read_moment(certified.at))
    return [f"{why}; {FILE} gives its owner the role `{CERTIFIER}`  [certifier]"] if why else []
