"""A machine as it is, in the words of what is wanted of it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from haicap.machines.onhost import disks
from haicap.machines.onhost.facts import Facts, read_facts
from haicap.machines.onhost.guests import Hypervisor, definition_of, running_definition, state_of
from haicap.machines.onhost.marks import Mark, birth_of, read_mark, seal_of, seed_of
from haicap.machines.onhost.names import Names

Found = dict[str, Any]
_PAUSE, _SAME, _LOOKS = 1.0, 4, 30  # seconds; how often memory is seen the same until it has settled; and at most


def read(hypervisor: Hypervisor, wanted: Mapping[str, Any]) -> Found | None:
    """The values of `wanted` as they are; None when the machine is not here. What is gone is left out."""
    domain = hypervisor.find(wanted["machine"])
    mark = read_mark(definition_of(domain)) if domain is not None else None
    if mark is None or (mark.province, mark.name) != (wanted["province"], wanted["machine"]):
        return None
    defined = read_facts(definition_of(domain))
    running = read_facts(running_definition(domain)) if domain.isActive() else None
    if running is not None and running.memory_mib != wanted["memory_mib"]:
        running = _with_settled_memory(domain, running, defined)
    names = Names(wanted["machine"])
    return {
        **found_values(wanted, mark, defined, running),
        **_found_disks(names, defined, running, wanted),
        "state": state_of(domain),
        "autostart": bool(domain.autostart()),
        **told_by_hand(mark, seal_of(definition_of(domain)), defined, running),
    }


def found_values(wanted: Mapping[str, Any], mark: Mark, defined: Facts, running: Facts | None) -> Found:
    """What marks and definitions say; pure. A value that runs counts where it is not what is wanted."""
    sizes = ("vcpus", "max_vcpus", "memory_mib", "max_memory_mib")
    found = {size: _telling(wanted[size], getattr(defined, size), getattr(running or defined, size)) for size in sizes}
    network = _telling(_networks(wanted), _network(defined), _network(running or defined))
    born, seeded = mark.birth == birth_of(wanted), mark.seed == seed_of(wanted)
    other = {"birth": "another image or cloud-init"}
    return {
        **wanted,
        **found,
        "platform": mark.platform,
        "network": {**wanted["network"], "bridge": network[0], "mac": network[1]},
        "image": wanted["image"] if born else other,
        "cloud_init": wanted["cloud_init"] if born and seeded else other,
    }


def _telling(wanted: Any, defined: Any, running: Any) -> Any:
    return running if running != wanted else defined


def _networks(wanted: Mapping[str, Any]) -> tuple[str, str]:
    return wanted["network"]["bridge"], wanted["network"]["mac"]


def _network(facts: Facts) -> tuple[str, str]:
    """The first interface's bridge and MAC; further ones make the definition another one."""
    return (facts.networks[0].bridge, facts.networks[0].mac) if facts.networks else ("", "")


def _found_disks(names: Names, defined: Facts, running: Facts | None, wanted: Mapping[str, Any]) -> Found:
    """The sizes of the root disk and of the data disks that are attached; one that is gone is left out."""
    attached = set(defined.data_disks(names.machine))
    if running is not None:
        attached &= set(running.data_disks(names.machine))
    sizes = {name: disks.gib_of(names.disk(name)) for name in sorted(attached)}
    return {
        "root_gib": disks.gib_of(names.root) or "gone",
        "disks": {name: size for name, size in sizes.items() if size is not None},
    }


def told_by_hand(mark: Mark, sealed: str, defined: Facts, running: Facts | None) -> Found:
    """A word on a definition that is not the one that was made, which nothing wanted has."""
    if mark.moving:
        return {"definition": f"on its way {mark.moving}"}
    if not mark.definition:
        return {"definition": "not finished"}
    if mark.definition != sealed:
        return {"definition": "edited by hand"}
    if running is not None and running.fixed(mark.name) != defined.fixed(mark.name):
        return {"definition": "it runs with another one"}
    return {}


def _with_settled_memory(domain: Any, running: Facts, defined: Facts) -> Facts:
    """The memory in use once it stays as it is: a guest that starts has all of it, and gives some back bit by bit.

    A guest that can't give memory back, or is not so far yet, says nothing of its memory: then it is as it is defined.
    """
    if "available" not in domain.memoryStats():
        return replace(running, memory_mib=defined.memory_mib)
    seen = [_memory_of(domain)]
    while seen[-1] != defined.memory_mib and not _is_settled(seen) and len(seen) < _LOOKS:
        time.sleep(_PAUSE)
        seen.append(_memory_of(domain))
    return replace(running, memory_mib=seen[-1])


def _memory_of(domain: Any) -> int:
    """What the guest has now, MiB; QEMU is asked: what libvirt remembers may be late."""
    return int(domain.memoryStats()["actual"]) // 1024


def _is_settled(seen: Sequence[int]) -> bool:
    return len(seen) >= _SAME and len(set(seen[-_SAME:])) == 1
