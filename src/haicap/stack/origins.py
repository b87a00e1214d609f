"""Which lines a resource's values come from: what was written of them, and what was locked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from haicap.addressing.lockfile import ADDRESSES, CUTOVERS, KEYS, MACHINES, MAIL, NAMES
from haicap.addressing.model import Locks
from haicap.inventory.model import Inventory, System, Unit
from haicap.inventory.platforms import Platform
from haicap.inventory.staff import Staff
from haicap.lifecycle import dates_of
from haicap.plan.model import Json
from haicap.stack.lines import Files, Line

Path = tuple[str, ...]
# A host's file, by the beginning of its path, and the values of province.yml that it is made from.
_FROM_PROVINCE: Mapping[str, Sequence[Path]] = {
    "/etc/nftables.conf": (("defaults", "policy"), ("defaults", "ports"), ("hubs",)),
    "/etc/frr/": (("defaults", "vpn"), ("pools", "as_numbers"), ("hubs",)),
    "/etc/wireguard/": (("hubs",), ("defaults", "vpn")),
    "/etc/kea/": (("defaults", "segments"), ("name_servers",)),
    "/etc/radvd.conf": (("defaults", "segments"),),
    "/etc/systemd/network/": (("defaults", "segments"), ("defaults", "ports")),
    "/etc/unbound/": (("name_servers",), ("defaults", "dns")),
    "/etc/chrony/": (("defaults", "time_servers"), ("hubs",)),
    "/etc/ssh/": (("ssh",),),
    "/etc/powerdns/": (("name_servers",), ("domain",)),
    "/etc/nginx/": (("ssh",),),
}
_OF_SEGMENTS = ("/etc/kea/", "/etc/radvd.conf", "/etc/systemd/network/", "/etc/unbound/")
_OF_ROLES: Mapping[str, Path] = {
    "hub": ("hubs",),
    "dns": ("name_servers",),
    "mail": ("mail",),
    "hypervisor": ("hypervisors",),
}
_SYSTEMS: Mapping[str, tuple[System, ...]] = {"gateway": ("lan", "vpn"), "dns": ("dns",), "mail": ("mail",)}


@dataclass(frozen=True)
class Subject:
    """What is explained: a resource, and the values of it that are asked about (all that change, or none)."""

    name: str
    kind: str
    unit: str | None
    system: str
    inputs: Mapping[str, Json]
    paths: tuple[Path, ...]

    def files(self) -> list[str]:
        """The files of a host that are asked about."""
        named = [path[1] for path in self.paths if path[0] == "files" and len(path) > 1]
        return named or (list(self.inputs.get("files", ())) if ("files",) in self.paths else [])


@dataclass(frozen=True)
class Known:
    """A province, and the lines of its files."""

    inventory: Inventory
    staff: Staff
    locks: Locks
    files: Files
    as_of: date


def systems_of(subject: Subject) -> tuple[System, ...]:
    """The systems of a unit whose stage decides about a resource."""
    return _SYSTEMS.get(subject.system, ()) if subject.unit else ()


def origins_of(subject: Subject, known: Known) -> Iterator[Line]:
    """The lines that a resource's values come from, the nearest first."""
    unit = next((unit for unit in known.inventory.units if unit.code == subject.unit), None)
    if unit is not None:
        yield known.files.unit(unit.code, f'unit {unit.code} "{unit.name}"')
        yield from calendar_lines(subject, unit, known)
    yield from _BY_KIND[subject.kind](subject, unit, known)


def calendar_lines(subject: Subject, unit: Unit, known: Known) -> Iterator[Line]:
    """The wave of a unit and its dates, those that were reached last first; its own, where it has some."""
    yield known.files.unit(unit.code, f"wave {unit.wave}", "wave")
    for system in systems_of(subject):
        own = unit.overrides.calendar.get(system)
        days = dates_of(known.inventory.province, unit, system).model_dump(exclude_none=True)
        for stage, day in sorted(days.items(), key=lambda one: (one[1] > known.as_of, -one[1].toordinal())):
            if own is not None and getattr(own, stage) is not None:
                yield known.files.unit(unit.code, f"{system} {stage} on {day}", "overrides", "calendar", system, stage)
            else:
                path = ("defaults", "calendar", unit.wave, stage)
                yield known.files.province(f"wave {unit.wave}: {stage} on {day}", *path)


def _host(subject: Subject, unit: Unit | None, known: Known) -> Iterator[Line]:
    platform = next((one for one in known.inventory.platforms if one.name == subject.inputs.get("platform")), None)
    if platform is not None:
        yield from _platform(platform, subject.name, known.files)
        return
    if (place := _OF_ROLES.get(subject.system)) is not None:
        yield known.files.province(f"{subject.system} {subject.name}", *place, *_index(subject, known, place))
    yield from _host_files(subject, unit, known.files)
    identity = unit.identity if unit is not None else subject.name
    yield from known.files.lock(ADDRESSES, f"addresses of {identity}", identity)
    yield from known.files.lock(KEYS, f"public keys of {subject.name}", subject.name)
    if subject.system == "hypervisor":
        yield from _guests(subject, known)


def _index(subject: Subject, known: Known, place: Path) -> Iterator[int]:
    """Where a server stands in its list; nothing for the mail server, which is alone."""
    listed = getattr(known.inventory.province, place[0])
    names = [one.name for one in listed] if isinstance(listed, tuple) else []
    yield from (number for number, name in enumerate(names) if name == subject.name)


def _host_files(subject: Subject, unit: Unit | None, files: Files) -> Iterator[Line]:
    asked = subject.files()
    for start, places in _FROM_PROVINCE.items():
        if any(path.startswith(start) for path in asked):
            yield from (files.province(".".join(place), *place) for place in places)
    if unit is not None and any(path.startswith(_OF_SEGMENTS) for path in asked):
        yield files.unit(unit.code, f"{unit.staff} staff: the size of its segments", "staff")
        yield from (files.unit(unit.code, f"device {host.name}", "hosts", n) for n, host in enumerate(unit.hosts))
        yield from (files.unit(unit.code, "its own sizes", "overrides", "segments") for _ in unit.overrides.segments)
    if unit is not None and unit.overrides.ports is not None:
        yield files.unit(unit.code, "its own ports", "overrides", "ports")


def _guests(subject: Subject, known: Known) -> Iterator[Line]:
    for machine, placed in known.locks.machines.items():
        if placed.hypervisor == subject.name:
            yield from known.files.lock(MACHINES, f"place of {machine}", machine, "hypervisor")


def _records(subject: Subject, unit: Unit | None, known: Known) -> Iterator[Line]:
    asked = [path[2] for path in subject.paths if path[0] == "zones" and len(path) > 2]
    if unit is None:
        yield known.files.province("the province's domain", "domain")
        yield known.files.province("name servers", "name_servers")
        for platform in known.inventory.platforms:
            if not asked or any(name in text for name in platform.names for text in asked):
                yield known.files.platform(platform.name, f"names of platform {platform.name}", "names")
                yield from known.files.lock(CUTOVERS, f"cut-over to {platform.name}", platform.name)
        return
    ttl = [path for path in subject.paths if path[-1] == "ttl"]
    if ttl or not asked:
        yield known.files.province("time to live, live", "defaults", "dns", "ttl")
        yield known.files.province("time to live, before", "defaults", "dns", "trial_ttl")
    for number, one in enumerate(unit.predecessors):
        if not asked or any(name in text for name in one.names for text in asked):
            yield known.files.unit(unit.code, f"names of predecessor {one.code}", "predecessors", number)
    for number, host in enumerate(unit.hosts):
        if any(text.startswith(f"{host.name}.") for text in asked):
            yield known.files.unit(unit.code, f"device {host.name}", "hosts", number)
    yield from known.files.lock(NAMES, f"DNS label of {unit.identity}", unit.identity)
    yield from known.files.lock(ADDRESSES, f"addresses of {unit.identity}", unit.identity)


def _directory(subject: Subject, unit: Unit | None, known: Known) -> Iterator[Line]:
    yield known.files.province("the directory's name", "name")
    yield known.files.province("rules of passwords", "mail", "passwords")
    yield known.files.province("whom passwords are sealed to", "mail", "officers")


def _accounts(subject: Subject, unit: Unit | None, known: Known) -> Iterator[Line]:
    if unit is None:
        return
    staff = known.staff.units.get(unit.code)
    people = _asked(subject, "people")
    for number, person in enumerate(staff.people if staff else ()):
        if person.id in people:
            yield from known.files.staff(unit.code, f"person {person.id}", "people", number)
            yield from known.files.lock(MAIL, f"addresses of {person.id}", person.id)
    groups = _asked(subject, "groups")
    for number, mailbox in enumerate(staff.mailboxes if staff else ()):
        if mailbox.role in groups:
            yield from known.files.staff(unit.code, f"role mailbox {mailbox.role}", "mailboxes", number)
            yield from known.files.lock(MAIL, f"address of {mailbox.role}", f"{unit.identity}/{mailbox.role}")
    if not (people or groups):
        yield from known.files.staff(unit.code, f"staff of {unit.code}", "people")
    yield known.files.province("mail", "mail")


def _machine(subject: Subject, unit: Unit | None, known: Known) -> Iterator[Line]:
    machine = str(subject.inputs["machine"])
    platform = next((one for one in known.inventory.platforms if one.name == subject.inputs["platform"]), None)
    if platform is None:
        return
    yield from _platform(platform, machine, known.files)
    yield known.files.province(f"size {platform.machines.profile}", "profiles", platform.machines.profile)
    yield known.files.province("images", "images")
    yield known.files.province("hypervisors", "hypervisors")


def _platform(platform: Platform, machine: str, files: Files) -> Iterator[Line]:
    yield files.platform(platform.name, f'platform {platform.name} "{platform.title}"')
    yield files.platform(platform.name, "its dates", "dates")
    yield files.platform(platform.name, "its machines", "machines")
    yield from files.lock(MACHINES, f"place of {machine}", machine)
    yield from files.lock(KEYS, f"host key of {machine}", machine)
    yield from files.lock(CUTOVERS, f"cut-over to {platform.name}", platform.name)


def _asked(subject: Subject, place: str) -> list[str]:
    """The people or role mailboxes that are asked about."""
    named = [path[1] for path in subject.paths if path[0] == place and len(path) > 1]
    return named or (list(subject.inputs.get(place, ())) if (place,) in subject.paths else [])


Rule = Callable[[Subject, Unit | None, Known], Iterator[Line]]
_BY_KIND: Mapping[str, Rule] = {
    "Host": _host,
    "Records": _records,
    "Directory": _directory,
    "Accounts": _accounts,
    "Machine": _machine,
}
