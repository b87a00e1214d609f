"""What people write of platforms, in `platforms.yml`: what the offices work with, and the machines below it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from haicap.inventory.base import Dates, Domain, Label, Model, UnitCode

PlatformName = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,48}[a-z0-9])?$")]
PlatformKind = Literal["procedures", "documents", "sharing", "reporting", "meetings", "other"]


class Service(Model):
    """What listens behind the proxy, on the machine's own loopback."""

    port: int = Field(default=8080, ge=1024, le=65535)
    health: Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9/_.-]{0,200}$")] = "/health"


class Machines(Model):
    """The virtual machines of a platform, all alike. `disks` are data disks by name, in GiB."""

    profile: Label
    image: Label
    count: int = Field(default=1, ge=1, le=99)
    disks: dict[Label, Annotated[int, Field(ge=1, le=65536)]] = Field(default_factory=dict)


class Platform(Model):
    """A platform. `serves` are unit codes, none is all; `role` configures its machines (a vendor's own, or ours).

    `replaces` names the platform that it takes over from: the names are that one's until the cut-over.
    """

    name: PlatformName
    title: str = Field(min_length=1, max_length=200)
    kind: PlatformKind
    owner: str = Field(min_length=1, max_length=200)
    vendor: str | None = Field(default=None, min_length=1, max_length=200)
    kept_from: str | None = Field(default=None, min_length=1, max_length=100, description="the predecessor province")
    serves: tuple[UnitCode, ...] = ()
    names: tuple[Domain, ...] = ()
    service: Service = Service()
    role: Label = "platform"
    dates: Dates
    replaces: PlatformName | None = None
    rollback_days: int = Field(default=14, ge=0, le=365, description="after a cut-over, while it can be taken back")
    machines: Machines

    @property
    def machine_names(self) -> tuple[str, ...]:
        """`procedures-1`, `procedures-2`."""
        return tuple(f"{self.name}-{number}" for number in range(1, self.machines.count + 1))


class Platforms(Model):
    """`platforms.yml`."""

    platforms: tuple[Platform, ...]
