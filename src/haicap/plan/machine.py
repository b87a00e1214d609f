"""What a change of a virtual machine costs, and which data disks it leaves or takes. Pure, over its inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from haicap.plan.model import Json

Inputs = Mapping[str, Json]
# What a root disk is made from, beside its image: another value is another root disk.
BIRTH = ("meta-data", "network-config")
_BY_REBOOT = ("max_vcpus", "max_memory_mib", "root_gib", "network")


def cost_of(before: Inputs, after: Inputs) -> str:
    """What users notice of a change: `live`, `reboot`, `off while ... are copied`, `root disk made anew`, with reasons.

    Empty for a machine that is made or taken away, and when nothing of it changes.
    """
    if not before or not after or before == after:
        return ""
    if reasons := list(_rebirths(before, after)):
        return f"root disk made anew ({', '.join(reasons)}); data disks stay"
    if before["hypervisor"] != after["hypervisor"]:
        return f"off while {_gib(before)} GiB move from {before['hypervisor']} to {after['hypervisor']}"
    if reasons := list(_reboots(before, after)):
        return f"reboot ({', '.join(reasons)})"
    return "live"


def _rebirths(before: Inputs, after: Inputs) -> Iterator[str]:
    if before["image"]["sha256"] != after["image"]["sha256"]:
        yield "another image"
    if any(before["cloud_init"].get(key) != after["cloud_init"].get(key) for key in BIRTH):
        yield "another name or network"


def _reboots(before: Inputs, after: Inputs) -> Iterator[str]:
    for key in _BY_REBOOT:
        if before[key] != after[key]:
            yield key
    for key, limit in (("vcpus", "max_vcpus"), ("memory_mib", "max_memory_mib")):
        if after[key] > before[limit]:
            yield f"{key} above {limit}"
    if before["vcpus"] > after["vcpus"]:
        yield "fewer vcpus"


def _gib(inputs: Inputs) -> int:
    disks: Mapping[str, int] = inputs["disks"]
    return int(inputs["root_gib"]) + sum(disks.values())


def disks_left(before: Inputs, after: Inputs) -> tuple[str, ...]:
    """The data disks that a machine has before a change and not after it, each in words."""
    gone = before.get("disks", {}).keys() - after.get("disks", {}).keys()
    return tuple(
        f"data disk {name} of {before['machine']}, {before['disks'][name]} GiB, on {before['hypervisor']}"
        for name in sorted(gone)
    )
