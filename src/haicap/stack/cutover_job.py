"""A cut-over as it is to be done: between which machines, from where on, and what each step would change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from haicap.addressing.model import Cutover
from haicap.design.machines import PlatformDesign
from haicap.errors import HaicapError, Refused
from haicap.lifecycle.cutover import Direction, Pair, StepName, refusal, steps_left
from haicap.stack.resources import PROVINCE_ZONES
from haicap.stack.workspace import Workspace


@dataclass(frozen=True)
class Side:
    """One of the two platforms. Data is carried from or to the first of its `machines`; `folder` is where exports are
    there, on the data disk `disk` ("" for the root disk)."""

    platform: str
    machines: tuple[str, ...]
    folder: str
    disk: str

    @property
    def machine(self) -> str:
        """The machine whose data is carried."""
        return self.machines[0]


@dataclass(frozen=True)
class Job:
    """A cut-over or the way back. Data is carried from `source` to `target`, which then is in use.

    `entry` is what the lock holds at the start, `ttl` how long resolvers keep a name's address, in seconds, `gib` the
    size of the source's data disks.
    """

    province: str
    pair: Pair
    direction: Direction
    entry: Cutover | None
    source: Side
    target: Side
    ttl: int
    gib: int

    @property
    def steps(self) -> tuple[StepName, ...]:
        """What is left to do."""
        return steps_left(self.entry, self.direction)

    def command(self, direction: Direction) -> str:
        """What a person types for one direction."""
        words = ["haicap cutover", self.pair.new.name, self.province, *(["--back"] if direction == "back" else [])]
        return " ".join(words)

    def words(self, text: str) -> str:
        """A step's text with the platforms' names in it."""
        return text.format(source=self.source.platform, target=self.target.platform, ttl=self.ttl)

    def own(self, step: StepName) -> frozenset[str]:
        """The resources that a step may change."""
        if step == "freeze":
            return frozenset(self.source.machines)
        return frozenset({*self.target.machines, PROVINCE_ZONES})


def find_job(workspace: Workspace, name: str, direction: Direction, today: date, *, now: bool) -> Job:
    """The cut-over to the platform of that name on a day. HaicapError when it takes over from none or a machine is not
    ready, Refused when it may not begin; `now`: before the planned day."""
    design = workspace.design(today)
    platforms = {platform.name: platform for platform in design.platforms}
    pair, entry = _pair(workspace, name, platforms), workspace.locks.cutovers.get(name)
    if why := refusal(pair, entry, direction, today, now=now):
        raise Refused(f"Nothing was changed. {why}")
    ready = {host.name for host in design.platform_hosts}
    old, new = (_side(platforms[one], name, ready, workspace.slug) for one in (pair.old.name, name))
    source, target = (old, new) if direction == "forward" else (new, old)
    gib = sum(platforms[source.platform].machines[0].disks.values())
    ttl = workspace.inventory.province.defaults.dns.trial_ttl
    return Job(workspace.slug, pair, direction, entry, source, target, ttl, gib)


def _pair(workspace: Workspace, name: str, designs: Mapping[str, PlatformDesign]) -> Pair:
    given = {platform.name: platform for platform in workspace.inventory.platforms}
    new = given[name]
    successor = next((one.name for one in given.values() if one.replaces == name), "")
    if new.replaces is None:
        hint = (
            f"`haicap cutover {successor}` takes over from it." if successor else "platforms.yml says it: `replaces`."
        )
        raise HaicapError(f"{name} takes over from no platform; {hint}")
    old = given[new.replaces]
    begun = successor if successor in workspace.locks.cutovers else ""
    return Pair(new, old, designs[name].stage, designs[old.name].stage, designs[old.name].writes, begun)


def _side(platform: PlatformDesign, job: str, ready: set[str], slug: str) -> Side:
    if not platform.machines:
        raise Refused(f"Nothing was changed. {platform.name} is {platform.stage}: no machine of it stands.")
    missing = [machine.name for machine in platform.machines if machine.name not in ready]
    if missing:
        raise HaicapError(
            f"{', '.join(missing)}: not enrolled, or without a certificate. `haicap plan {slug} --platform "
            f"{platform.name}` says which, and what comes next."
        )
    disks = platform.machines[0].disks
    disk = max(sorted(disks), key=lambda one: disks[one], default="")
    root = f"/srv/{disk}/haicap-cutover" if disk else "/var/lib/haicap/cutover"
    return Side(platform.name, tuple(machine.name for machine in platform.machines), f"{root}/{job}", disk)
