"""What has to happen to a machine, out of what there is and what is wanted; pure."""

from __future__ import annotations

from dataclasses import dataclass

from haicap.machines.onhost.facts import Facts


@dataclass(frozen=True)
class Live:
    """What is done to a machine while it runs. None and empty: nothing. Memory in MiB, disks by name."""

    vcpus: int | None
    memory_mib: int | None
    attached: tuple[str, ...]
    detached: tuple[str, ...]

    def __bool__(self) -> bool:
        return self != Live(None, None, (), ())


def reasons_to_restart(found: Facts, wanted: Facts, machine: str) -> list[str]:
    """What a running machine can't take, as text; its root disk and its birth are not looked at here."""
    now, then = found.fixed(machine), wanted.fixed(machine)
    reasons = [_told(what, now[what], value) for what, value in then.items() if now[what] != value]
    if wanted.vcpus < found.vcpus:  # most guests give no processor back
        reasons.append(_told("vcpus", found.vcpus, wanted.vcpus))
    return reasons


def reasons_to_change(found: Facts, wanted: Facts, machine: str) -> list[str]:
    """In what the definition of a machine that is off differs from what is wanted, as text."""
    reasons = reasons_to_restart(found, wanted, machine)
    if wanted.vcpus > found.vcpus:
        reasons.append(_told("vcpus", found.vcpus, wanted.vcpus))
    if wanted.memory_mib != found.memory_mib:
        reasons.append(_told("memory_mib", found.memory_mib, wanted.memory_mib))
    if set(found.data_disks(machine)) != set(wanted.data_disks(machine)):
        reasons.append("data disks")
    return reasons


def live_change(found: Facts, wanted: Facts, machine: str) -> Live:
    """What brings a running machine to what is wanted, where nothing asks for a restart."""
    here, there = found.data_disks(machine), wanted.data_disks(machine)
    return Live(
        vcpus=wanted.vcpus if wanted.vcpus != found.vcpus else None,
        memory_mib=wanted.memory_mib if wanted.memory_mib != found.memory_mib else None,
        attached=tuple(disk for disk in there if disk not in here),
        detached=tuple(disk for disk in here if disk not in there),
    )


def _told(what: str, before: object, after: object) -> str:
    return f"{what} {before} -> {after}" if isinstance(before, int) else what
