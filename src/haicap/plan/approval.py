"""Approvals: what is signed, and whether what was signed is enough for a plan. Pure; the check of a signature is handed
in.

An approval lies beside its plan, a line of canonical JSON. What is signed is that object without its signature.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, get_args

from haicap.plan.model import Json, Plan, canonical
from haicap.plan.moment import MOMENT

FORMAT = "haicap.approval/1"
NAMESPACE = "haicap-approval"
Decision = Literal["approve", "reject"]
_KEYS = frozenset({"format", "plan", "province", "target", "principal", "at", "decision", "signature"})


@dataclass(frozen=True)
class Approval:
    """What somebody says of one plan, `plan` its digest. `at` is by the signer's own clock; only a rejection has a
    `reason`."""

    plan: str
    province: str
    target: str
    principal: str
    at: str
    decision: Decision
    reason: str = ""
    signature: str = ""

    @property
    def signed(self) -> bytes:
        """The bytes that the signature is of."""
        return canonical(self._body()).encode()

    @property
    def line(self) -> str:
        """As it stands in the file, with its end."""
        return canonical({**self._body(), "signature": self.signature}) + "\n"

    def _body(self) -> dict[str, Json]:
        body = {
            "format": FORMAT,
            "plan": self.plan,
            "province": self.province,
            "target": self.target,
            "principal": self.principal,
            "at": self.at,
            "decision": self.decision,
        }
        return body | ({"reason": self.reason} if self.decision == "reject" else {})


def say_of(plan: Plan, principal: str, at: datetime, reason: str | None = None) -> Approval:
    """What is to be signed: an approval; with a reason, a rejection."""
    decision: Decision = "approve" if reason is None else "reject"
    return Approval(plan.digest, plan.province, plan.target, principal, at.strftime(MOMENT), decision, reason or "")


def parse(data: bytes) -> tuple[tuple[Approval, ...], tuple[str, ...]]:
    """The approvals of a file, and what is wrong with its lines: each must be to the byte what `line` gives."""
    approvals, faults = list[Approval](), list[str]()
    lines = data.split(b"\n")
    if lines.pop():
        faults.append("the last line has no end")
    for number, line in enumerate(lines, 1):
        try:
            approvals.append(_approval(line))
        except (ValueError, TypeError, RecursionError) as error:
            faults.append(f"line {number} is not an approval ({error})")
    return tuple(approvals), tuple(faults)


def _approval(line: bytes) -> Approval:
    document: Json = json.loads(line.decode("utf-8"))
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise ValueError(f"it is not of format {FORMAT}")
    wanted = _KEYS | ({"reason"} if document.get("decision") == "reject" else frozenset())
    if document.keys() != wanted or not all(isinstance(value, str) for value in document.values()):
        raise ValueError("its keys are not an approval's")
    if document["decision"] not in get_args(Decision):
        raise ValueError("it decides nothing")
    approval = Approval(**{key: value for key, value in document.items() if key != "format"})
    if approval.line.encode() != line + b"\n":
        raise ValueError("it is not written as haicap writes it")
    return approval


def latest(approvals: Sequence[Approval]) -> dict[str, Approval]:
    """What each person said last; said in the same second, a rejection is the last."""
    ordered = sorted(approvals, key=lambda one: (one.at, one.decision == "reject"))
    return {one.principal.casefold(): one for one in ordered}


def with_signature(approval: Approval, signature: str) -> Approval:
    """The same, signed."""
    return replace(approval, signature=signature)
