"""Rules on approvers.yml: whose key it is is never in doubt, and every rule of approval can be met."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Iterator

from haicap.errors import Finding
from haicap.inventory.approvers import ApprovalRule, Approver, ApproverKey, Approvers
from haicap.inventory.marks import FileMarks
from haicap.inventory.rules.base import Remark, did_you_mean, repeats, run
from haicap.inventory.scalars import shown


def check_approvers(approvers: Approvers, marks: FileMarks, codes: Collection[str] | None) -> list[Finding]:
    """All of them; without the units' `codes`, those that need none."""
    found = run(APPROVER_RULES, approvers, marks)
    return found if codes is None else [*found, *run(APPROVER_INVENTORY_RULES, approvers, marks, codes)]


def approver_principal(approvers: Approvers, marks: FileMarks) -> Iterator[Remark]:
    """Each approver stands there once, in whatever case the address is written."""
    for _, later, first in repeats((i, one.principal.casefold()) for i, one in enumerate(approvers.approvers)):
        other = f"the approver in line {marks.at('approvers', first)[1]}"
        yield _on_approver(approvers, marks, later, ("principal",), f"{other} is the same person; put the keys there")


def approver_key(approvers: Approvers, marks: FileMarks) -> Iterator[Remark]:
    """A key is whole: what is encoded in it is of the kind that stands before it."""
    for i, k, key in _keys(approvers):
        if not _is_whole(key.bare):
            reason = f"keys[{k}]: this is not a whole public key; copy the line of its .pub file"
            yield _on_approver(approvers, marks, i, ("keys", k, "key"), reason)


def approver_key_once(approvers: Approvers, marks: FileMarks) -> Iterator[Remark]:
    """A key is one person's: a signature says who approved."""
    places = [(i, k) for i, k, _ in _keys(approvers)]
    for _, later, first in repeats((n, key.bare) for n, (_, _, key) in enumerate(_keys(approvers))):
        i, k = places[later]
        owner = _title(approvers.approvers[places[first][0]])
        reason = f"keys[{k}]: {owner} has this key already; each key stands there once"
        yield _on_approver(approvers, marks, i, ("keys", k, "key"), reason)


def approver_key_dates(approvers: Approvers, marks: FileMarks) -> Iterator[Remark]:
    """A key begins before it ends, and a compromised one is revoked."""
    for i, k, key in _keys(approvers):
        if key.until is not None and key.until < key.valid_from:
            reason = f"keys[{k}]: until {key.until} is before from {key.valid_from}; swap them"
            yield _on_approver(approvers, marks, i, ("keys", k, "until"), reason)
        if key.compromised and key.revoked is None:
            reason = f"keys[{k}]: it is compromised and not revoked; add the day, revoked: YYYY-MM-DD"
            yield _on_approver(approvers, marks, i, ("keys", k, "compromised"), reason)


def approval_rule_name(approvers: Approvers, marks: FileMarks) -> Iterator[Remark]:
    """A rule's name is its own: refusals name it."""
    for name, later, first in repeats((r, rule.name) for r, rule in enumerate(approvers.rules)):
        line = marks.at("rules", first)[1]
        yield _on_rule(marks, later, name, ("name",), f"the rule in line {line} has this name too; rename one")


def approval_role(approvers: Approvers, marks: FileMarks) -> Iterator[Remark]:
    """Every role that a rule names is somebody's."""
    known = {role for one in approvers.approvers for role in one.roles}
    for r, rule in enumerate(approvers.rules):
        for k, role in enumerate(rule.roles):
            if role not in known:
                reason = f'roles: nobody has the role "{role}"{did_you_mean(role, known)}'
                yield _on_rule(marks, r, rule.name, ("roles", k), reason)


def approval_count(approvers: Approvers, marks: FileMarks) -> Iterator[Remark]:
    """There are as many people as a rule asks for."""
    for r, rule in enumerate(approvers.rules):
        there = sum(rule.counts(one) for one in approvers.approvers)
        if 0 < there < rule.count:
            reason = f"count: {rule.count} must approve, and {_people(there, rule)}; nothing could ever be approved"
            yield _on_rule(marks, r, rule.name, ("count",), reason)


def approval_unit(approvers: Approvers, marks: FileMarks, codes: Collection[str]) -> Iterator[Remark]:
    """Every unit that a rule names is in the inventory."""
    for r, rule in enumerate(approvers.rules):
        for k, code in enumerate(rule.when.units):
            if code not in codes:
                reason = f"when.units: there is no unit {code}; a plan could never hold it"
                yield _on_rule(marks, r, rule.name, ("when", "units", k), reason)


APPROVER_RULES = (
    approver_principal,
    approver_key,
    approver_key_once,
    approver_key_dates,
    approval_rule_name,
    approval_role,
    approval_count,
)
APPROVER_INVENTORY_RULES = (approval_unit,)


def _keys(approvers: Approvers) -> Iterator[tuple[int, int, ApproverKey]]:
    """Every key with the place of its approver, and its own."""
    for i, one in enumerate(approvers.approvers):
        for k, key in enumerate(one.keys):
            yield i, k, key


def _is_whole(bare: str) -> bool:
    """A key's blob begins with the name of its kind, as an SSH string (RFC 4253, section 6.6)."""
    kind, encoded = bare.split(" ")
    try:
        blob = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return False
    return blob[:4] == len(kind).to_bytes(4) and blob[4 : 4 + len(kind)] == kind.encode() and len(blob) > 40


def _people(there: int, rule: ApprovalRule) -> str:
    who = "1 person" if there == 1 else f"{there} people"
    return f"{who} may" if not rule.roles else f"{who} {'has' if there == 1 else 'have'} {' or '.join(rule.roles)}"


def _title(approver: Approver) -> str:
    name = f' "{shown(approver.name)}"' if approver.name else ""
    return f"approver {approver.principal}{name}"


def _on_approver(
    approvers: Approvers, marks: FileMarks, index: int, path: tuple[str | int, ...], reason: str
) -> Remark:
    return Remark(marks.at("approvers", index, *path), _title(approvers.approvers[index]), reason)


def _on_rule(marks: FileMarks, index: int, name: str, path: tuple[str | int, ...], reason: str) -> Remark:
    return Remark(marks.at("rules", index, *path), f"rule {name}", reason)
