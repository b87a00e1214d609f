"""Rules on platforms.yml alone: names, dates, and what takes over from what."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from haicap.inventory.marks import Marks
from haicap.inventory.platforms import Platform
from haicap.inventory.rules.base import Remark, did_you_mean, on_platform, platform_title, repeats
from haicap.inventory.rules.dates import out_of_order

PlatformList = tuple[Platform, ...]
_LONGEST_DISK = 20  # bytes: virtio's serial number, by which the guest knows its disk
_OWN_DISKS = ("root", "seed")
_PREFIXES = {"gw-": "a unit's gateway", "vm-": "a machine's resource"}


def platform_name(platforms: PlatformList, marks: Marks) -> Iterator[Remark]:
    """A platform's name is its own: machines and resources are named after it."""
    for _, later, first in repeats((i, platform.name) for i, platform in enumerate(platforms)):
        other = f"the platform in line {marks.platform(first)[1]}"
        yield on_platform(marks, later, platforms[later], ("name",), f"{other} has this name too; rename one")


def machine_name(platforms: PlatformList, marks: Marks) -> Iterator[Remark]:
    """No platform has the name of another's machine, and none looks like what has another name here."""
    machines = {name: platform for platform in platforms for name in platform.machine_names}
    for i, platform in enumerate(platforms):
        if platform.name in machines:
            owner = platform_title(machines[platform.name])
            reason = f'"{platform.name}" is the name of a machine of {owner}; rename one'
            yield on_platform(marks, i, platform, ("name",), reason)
        for prefix, what in _PREFIXES.items():
            if platform.name.startswith(prefix):
                reason = f'"{platform.name}" looks like {what}; use a name without {prefix}'
                yield on_platform(marks, i, platform, ("name",), reason)


def disk_name(platforms: PlatformList, marks: Marks) -> Iterator[Remark]:
    """A data disk's name is no other disk's of its machine, and the guest can tell disks by it."""
    for i, platform in enumerate(platforms):
        for name in platform.machines.disks:
            path = ("machines", "disks", name)
            if name in _OWN_DISKS:
                reason = f'disk "{name}": every machine has a disk of this name; choose another, such as data'
                yield on_platform(marks, i, platform, path, reason)
            elif len(name) > _LONGEST_DISK:
                reason = f'disk "{name}" has {len(name)} characters; a disk\'s name has at most {_LONGEST_DISK}'
                yield on_platform(marks, i, platform, path, reason)


def dates_order(platforms: PlatformList, marks: Marks) -> Iterator[Remark]:
    """A platform's dates follow the stages' order."""
    for i, platform in enumerate(platforms):
        for stage, reason in out_of_order(platform.dates):
            yield on_platform(marks, i, platform, ("dates", stage), f"dates: {reason}")


def replaces(platforms: PlatformList, marks: Marks) -> Iterator[Remark]:
    """What is replaced is another platform, and one that stops taking what is new; each has one successor."""
    known = marks.names | {platform.name for platform in platforms}
    successors: dict[str, Platform] = {}
    for i, platform in enumerate(platforms):
        if platform.replaces is None:
            continue
        if reason := _replaces_problem(platform, known, successors):
            yield on_platform(marks, i, platform, ("replaces",), f"replaces: {reason}")
        successors.setdefault(platform.replaces, platform)


def _replaces_problem(platform: Platform, known: frozenset[str], successors: dict[str, Platform]) -> str | None:
    old = platform.replaces or ""
    if old == platform.name:
        return "a platform cannot replace itself; name the one before it, or remove the key"
    if old not in known:
        return f'there is no platform "{old}"{did_you_mean(old, known - {platform.name})}'
    if old in successors:
        return f"{platform_title(successors[old])} replaces {old} already; a platform has one successor"
    return None


def replaces_circle(platforms: PlatformList, marks: Marks) -> Iterator[Remark]:
    """Platforms do not replace each other in a circle."""
    leads = {one.name: [one.replaces] for one in platforms if one.replaces and one.replaces != one.name}
    try:
        TopologicalSorter(leads).prepare()
    except CycleError as error:
        circle = sorted(set(error.args[1]))
        i = next(i for i, platform in enumerate(platforms) if platform.name == circle[0])
        reason = f"replaces: {', '.join(circle)} replace each other in a circle; the oldest replaces none"
        yield on_platform(marks, i, platforms[i], ("replaces",), reason)


def replaced_frozen(platforms: PlatformList, marks: Marks) -> Iterator[Remark]:
    """A platform that is replaced has a day from which it takes nothing new."""
    successors = {one.replaces: one for one in platforms if one.replaces != one.name}
    for i, platform in enumerate(platforms):
        if platform.name in successors and platform.dates.frozen is None and platform.dates.retired is None:
            reason = (
                f"{successors[platform.name].name} replaces it, and it is never frozen: both would take what is new; "
                "add frozen to its dates"
            )
            yield on_platform(marks, i, platform, ("dates",), reason)


def service_name(platforms: PlatformList, marks: Marks) -> Iterator[Remark]:
    """A name leads to one platform; only who takes over shares the names of the one before."""
    seen: dict[str, list[int]] = {}
    for i, platform in enumerate(platforms):
        for k, name in enumerate(platform.names):
            if reason := _shared_name(name, platform, [platforms[other] for other in seen.get(name, [])], platforms):
                yield on_platform(marks, i, platform, ("names", k), reason)
            seen.setdefault(name, []).append(i)


def _shared_name(name: str, platform: Platform, others: list[Platform], platforms: PlatformList) -> str | None:
    for other in others:
        if other.name == platform.name:
            return f"names: {name} is there twice; remove one"
        if not _takes_over(platform, other, platforms) and not _takes_over(other, platform, platforms):
            return (
                f"names: {name} is a name of {platform_title(other)}, too; give each its own, or say in replaces "
                "which takes over"
            )
    return None


def _takes_over(platform: Platform, other: Platform, platforms: PlatformList) -> bool:
    """Whether a platform replaces another, or one that replaces it; or one that is not there, which is told."""
    leads = {one.name: one.replaces for one in platforms}
    before: set[str] = set()
    name = platform.replaces
    while name in leads and name not in before:
        before.add(str(name))
        name = leads[name]
    return other.name in before or name is not None


PLATFORM_RULES = (
    platform_name,
    machine_name,
    disk_name,
    dates_order,
    replaces,
    replaces_circle,
    replaced_frozen,
    service_name,
)
