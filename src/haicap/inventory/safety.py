"""What people write of safety, in `limits` of `province.yml`: how much one plan may do at once, and when."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from haicap.inventory.base import Model, UnitCode

LimitSystem = Literal["gateway", "hub", "dns", "mail", "hypervisor", "machine"]
Glob = Annotated[str, StringConstraints(pattern=r"^[a-z0-9*?-]{1,64}$")]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Count(Model):
    """How many may be touched at once. More than `at_most`, and more than `percent` of what stands, is too much."""

    at_most: int = Field(default=5, ge=0, le=100000)
    percent: int = Field(default=10, ge=0, le=100)


class SystemLimits(Model):
    """What one system's resources have of their own; the rest is the province's."""

    deletes: Count | None = None
    replaces: Count | None = None
    entries: Count | None = None


class BySystem(Model):
    """Limits of one system's own."""

    gateway: SystemLimits = SystemLimits()
    hub: SystemLimits = SystemLimits()
    dns: SystemLimits = SystemLimits()
    mail: SystemLimits = SystemLimits()
    hypervisor: SystemLimits = SystemLimits()
    machine: SystemLimits = SystemLimits()


class Freeze(Model):
    """Days on which nothing is changed, both ends included."""

    first: date = Field(alias="from")
    until: date
    reason: Reason


class Announcement(Model):
    """An outage of one day that users were told of. Without `units` it is every one's, without `systems` of all."""

    day: date
    published: date = Field(description="the day on which it was announced")
    reference: Reason = Field(description="the announcement's number, or where it is")
    units: tuple[UnitCode, ...] = ()
    systems: tuple[LimitSystem, ...] = ()


class Limits(Model):
    """`limits` of `province.yml`; what is not said is as here. docs/safety.md tells of each."""

    deletes: Count = Field(default=Count(), description="resources of one system that are deleted")
    replaces: Count = Field(default=Count(), description="resources of one system that are replaced")
    entries: Count = Field(
        default=Count(at_most=50, percent=20),
        description="record sets, people and role mailboxes that go from what is updated, by system",
    )
    by_system: BySystem = BySystem()
    units: int = Field(default=60, ge=0, le=5000, description="units of which something that stands is changed")
    protected: tuple[Glob, ...] = Field(
        default=(), description="resources that are never deleted or replaced, beside those that all units share"
    )
    holidays: bool = Field(default=True, description="no change on Viet Nam's public holidays")
    freeze: tuple[Freeze, ...] = ()
    notice_days: int = Field(
        default=7, ge=0, le=60, description="working days before an outage (Decree 224/2026, article 13); 0: no limit"
    )
    announced: tuple[Announcement, ...] = ()
    waves: bool = Field(default=True, description="a wave only after the inspection of those before it has passed")
    failures: int = Field(default=25, ge=1, le=100000, description="resources that fail before an apply stops")

    def deletes_of(self, system: str) -> Count:
        """How many of a system's resources may be deleted."""
        return self._own(system).deletes or self.deletes

    def replaces_of(self, system: str) -> Count:
        """How many of a system's resources may be replaced."""
        return self._own(system).replaces or self.replaces

    def entries_of(self, system: str) -> Count:
        """How many entries may go from a system's resources."""
        return self._own(system).entries or self.entries

    def _own(self, system: str) -> SystemLimits:
        own: SystemLimits = getattr(self.by_system, system, SystemLimits())
        return own
