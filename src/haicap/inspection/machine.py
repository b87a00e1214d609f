"""What platforms promise: who may work with them reaches them by name, over the VPN, with a certificate to trust; who
may not, does not; and each machine is as it was designed."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial

from haicap.design.lan import VPN, SegmentDesign
from haicap.design.machines import MachineDesign, PlatformDesign, PlatformHost
from haicap.design.province import ProvinceDesign, UnitDesign
from haicap.inspection.check import Ask, Check, Fetch, Lease, Output, Result, Shell, UnreadableError, document, verdict
from haicap.inspection.lan import client_of
from haicap.inspection.model import System
from haicap.inspection.services import read_services
from haicap.inspection.walls import is_allowed
from haicap.inspection.wire import TYPES, read_answer
from haicap.render import render_platform

DAYS = 14  # that a certificate must still be valid
CLOCK_SECONDS = 1.0  # that a machine's clock may be off
_SYSTEM: System = "machine"
_MEMORY = 0.8  # of the designed memory, that a guest counts as its own at least: its kernel takes the rest
_SIZES = (
    "nproc; awk '/^MemTotal/ {print $2}' /proc/meminfo; lsblk -bdnro SERIAL,SIZE,NAME | sed -n 's/ vd[a-z]*$//p'; "
    "findmnt -nro TARGET,SIZE -t ext4 -b"
)


def users(design: ProvinceDesign, unit: UnitDesign, platforms: Collection[str] | None) -> Iterator[Check]:
    """What a unit's users find at each platform's names, and that they find nothing where it does not serve them."""
    gateway = unit.gateway
    if gateway is None or gateway.lan is None or not gateway.vpn.neighbors:
        return
    segment = next(
        (s for s in gateway.lan.segments if s.dhcp and is_allowed(gateway.lan.flows, s.name, VPN, "tcp", 443)), None
    )
    if segment is None:
        return
    hosts = {host.name: host for host in design.platform_hosts}
    known = {platform.name: platform for platform in design.platforms}
    for platform in design.platforms:
        if platforms is not None and platform.name not in platforms:
            continue
        active = [hosts[name] for name in platform.active if name in hosts]
        for name in platform.names if active else ():
            answers = known[active[0].platform]
            yield _by_name(unit.code, gateway.name, segment, name, active, served=_serves(answers, unit))
        for machine in platform.machines:
            if machine.name in hosts:
                yield _itself(unit.code, gateway.name, segment, hosts[machine.name], served=_serves(platform, unit))


def _serves(platform: PlatformDesign, unit: UnitDesign) -> bool:
    return not platform.serves or unit.code in platform.serves


def _by_name(
    unit: str, gateway: str, segment: SegmentDesign, name: str, active: Sequence[PlatformHost], *, served: bool
) -> Check:
    """The name at the segment's own resolver, and the page at the first of its addresses."""
    ask = Ask(segment.gateway, ((name, TYPES["A"]),), netns=client_of(segment), recurse=True)
    fetch = _fetch(segment, name, active[0])
    platform = active[0].platform
    expected = f"https://{name}: platform {platform}" if served else f"{name}: no way to it, this unit is not served"
    read = partial(read_name, name, [host.address for host in active], platform, served)
    return Check(unit, gateway, _SYSTEM, f"{name}", expected, (ask, fetch, Lease(fetch.netns)), read, settles=True)


def _itself(unit: str, gateway: str, segment: SegmentDesign, host: PlatformHost, *, served: bool) -> Check:
    """A machine by its own name: old and new of a platform answer each for itself."""
    told = f"platform {host.platform}, {'read-only' if host.stage == 'frozen' else 'in use'}"
    expected = f"https://{host.fqdn}: {told}" if served else f"{host.fqdn}: no way to it, this unit is not served"
    read = partial(read_machine, host.name, host.platform, host.stage, served)
    fetch = _fetch(segment, host.fqdn, host)
    return Check(unit, gateway, _SYSTEM, host.name, expected, (fetch, Lease(fetch.netns)), read, settles=True)


def _fetch(segment: SegmentDesign, name: str, host: PlatformHost) -> Fetch:
    return Fetch(client_of(segment), host.address, name, host.health, host.authority)


def read_name(name: str, addresses: Sequence[str], platform: str, served: bool, outputs: Sequence[Output]) -> Result:
    """The name's addresses are those of the active machines, and the page is the platform's."""
    answers = document(outputs[0].text)
    answer = read_answer(answers[0]) if answers and answers[0] else None
    found = answer.record_set(f"{name}.", "A") if answer else None
    if found is None or set(found.records) != set(addresses):
        told = ", ".join(found.records) if found else "no address"
        return Result(False, f"{name} leads to {told}, should be {', '.join(addresses)}")
    return _page(outputs[1], served, {"platform": platform})


def read_machine(machine: str, platform: str, stage: str, served: bool, outputs: Sequence[Output]) -> Result:
    """The page is this machine's own."""
    return _page(outputs[0], served, {"platform": platform, "machine": machine, "stage": stage})


def _page(output: Output, served: bool, identity: dict[str, str]) -> Result:
    page = document(output.text)
    if not served:
        held = page.get("error") == "silence"
        return Result(held, "silence, as designed" if held else f"it answers: {page.get('error') or page['status']}")
    if "error" in page:
        return Result(False, page["error"])
    try:
        said = json.loads(page["body"])
    except ValueError:
        said = {}
    wrong = [] if page["status"] == 200 else [f"status {page['status']}"]
    # A vendor's own health page need not say who it is; one that does must say the right thing.
    wrong += [
        f"{key} {said[key]}, should be {value}" for key, value in identity.items() if said.get(key, value) != value
    ]
    days = _days_left(page["until"])
    wrong += [f"its certificate ends in {days} days"] if days < DAYS else []
    records = f", {said['records']} records" if "records" in said else ""
    told = " ".join(f"{key} {said[key]}" for key in ("platform", "machine", "stage") if key in said)
    return verdict(wrong, f"{told or 'healthy'}{records}, certificate for {days} days more")


def _days_left(until: str) -> int:
    try:
        end = datetime.fromtimestamp(ssl.cert_time_to_seconds(until), UTC)
    except ValueError:
        raise UnreadableError(f"not a certificate's day: {until}") from None
    return (end - datetime.now(UTC)).days


def machines(design: ProvinceDesign, platforms: Collection[str] | None) -> Iterator[Check]:
    """Each machine from inside: its services, its size, its clock."""
    hosts = {host.name: host for host in design.platform_hosts}
    for platform in design.platforms:
        if platforms is None or platform.name in platforms:
            for machine in platform.machines:
                if machine.name in hosts:
                    yield from _inside(platform, machine, hosts[machine.name])


def _inside(platform: PlatformDesign, machine: MachineDesign, host: PlatformHost) -> Iterator[Check]:
    units = tuple(render_platform(host).services)
    active = Shell(" ".join(["systemctl is-active --", *units]), seconds=20)
    yield Check(None, host.name, _SYSTEM, "services", ", ".join(units), (active,), partial(read_services, units), True)
    disks = ", ".join(f"{name} {gib} GiB" for name, gib in machine.disks.items())
    size = f"{machine.vcpus} vCPU, {machine.memory_mib} MiB" + (f", {disks}" if disks else "")
    yield Check(None, host.name, _SYSTEM, "size", size, (Shell(_SIZES, seconds=20),), partial(read_size, machine))
    clock = Shell("chronyc -c tracking", seconds=20)
    yield Check(None, host.name, _SYSTEM, "clock", f"within {CLOCK_SECONDS:g} s", (clock,), read_clock, True)


def read_size(machine: MachineDesign, outputs: Sequence[Output]) -> Result:
    """Processors, memory in KiB, then data disks as `serial bytes`, then file systems as `place bytes`."""
    lines = outputs[0].text.split("\n")
    if len(lines) < 2 or not (lines[0].isdigit() and lines[1].isdigit()):
        raise UnreadableError(outputs[0].text.strip()[:200] or "it said nothing")
    vcpus, memory = int(lines[0]), int(lines[1]) / 1024
    sizes = dict(re.findall(r"^(\S+) (\d+)$", outputs[0].text, re.M))
    wrong = [] if vcpus == machine.vcpus else [f"{vcpus} vCPU"]
    wrong += (
        []
        if _MEMORY <= memory / machine.memory_mib <= machine.max_memory_mib / machine.memory_mib
        else [f"{memory:.0f} MiB of memory"]
    )
    for name, gib in machine.disks.items():
        had = int(sizes.get(name, 0)) / 2**30
        wrong += [] if had == gib else [f"data disk {name} has {had:g} GiB"]
        wrong += [] if f"/srv/{name}" in sizes else [f"data disk {name} is not mounted"]
    return verdict(wrong, f"{vcpus} vCPU, {memory:.0f} MiB to the guest, {len(machine.disks)} data disks mounted")


def read_clock(outputs: Sequence[Output]) -> Result:
    """chronyc's tracking as comma-separated values: the fifth is the clock's offset in seconds (chronyc(1))."""
    fields = outputs[0].text.strip().split(",")
    if len(fields) < 5:
        raise UnreadableError(outputs[0].text.strip()[:200] or "chronyc said nothing")
    if fields[2] == "0":
        return Result(False, "its clock follows no server")
    offset = abs(float(fields[4]))
    return Result(offset <= CLOCK_SECONDS, f"off by {offset:.3f} s, follows {fields[1]}")
