"""What people write of who may approve, in `approvers.yml`: people, their keys and roles, and how many it takes."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from haicap.inventory.base import Label, Model, UnitCode

Principal = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._%+@-]{0,199}$")]
SigningKey = Annotated[
    str,
    StringConstraints(
        pattern=r"^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)"
        r" [A-Za-z0-9+/]+={0,2}( .*)?$",
        max_length=4000,
    ),
]
LimitPattern = Annotated[str, StringConstraints(pattern=r"^[a-z0-9*][a-z0-9*._-]{0,99}$")]
PlannedAction = Literal["create", "update", "replace", "delete"]
PlannedSystem = Literal["gateway", "hub", "dns", "mail", "hypervisor", "machine"]


class ApproverKey(Model):
    """A public key, as its `.pub` file has it. Days are Viet Nam's, both ends included.

    From the day `revoked` on, the key counts for nothing; where it is `compromised`, what it signed before neither.
    """

    key: SigningKey
    valid_from: date = Field(alias="from")
    until: date | None = None
    revoked: date | None = None
    compromised: bool = False

    @property
    def bare(self) -> str:
        """The key without its comment."""
        return " ".join(self.key.split()[:2])


class Approver(Model):
    """Somebody who may approve. `principal` is who it is to git and in a plan: a mail address."""

    principal: Principal
    name: str | None = Field(default=None, min_length=1, max_length=100)
    roles: tuple[Label, ...] = ()
    keys: tuple[ApproverKey, ...] = Field(min_length=1)


class When(Model):
    """Which plans a rule is for: those for which everything that is given holds. Nothing given: every plan.

    `actions`, `systems` and `units` must meet in one change; `overrides` are names of limits, `*` for any part.
    """

    actions: tuple[PlannedAction, ...] = ()
    systems: tuple[PlannedSystem, ...] = ()
    units: tuple[UnitCode, ...] = ()
    overrides: tuple[LimitPattern, ...] = ()
    target: Literal["live", "lab"] | None = None


class ApprovalRule(Model):
    """So many people must approve, each with one of the roles; no roles: anybody who may approve."""

    name: Label
    when: When = When()
    count: int = Field(default=1, ge=1, le=20)
    roles: tuple[Label, ...] = ()

    def counts(self, approver: Approver) -> bool:
        """Whether this person's approval is one of those that are asked for."""
        return not self.roles or not set(self.roles).isdisjoint(approver.roles)


class Approvers(Model):
    """`approvers.yml`. `required_for`: on these targets only what is approved is applied."""

    approvers: tuple[Approver, ...] = Field(min_length=1)
    required_for: tuple[Literal["live", "lab"], ...] = ("live",)
    rules: tuple[ApprovalRule, ...] = (ApprovalRule(name="any"),)

    def of_key(self, key: str) -> tuple[Approver, ApproverKey] | None:
        """Whose key it is; `key` without a comment."""
        for approver in self.approvers:
            for one in approver.keys:
                if one.bare == key:
                    return approver, one
        return None
