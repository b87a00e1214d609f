"""Rules on what platforms stand on: images, profiles, hypervisors, pools, and names in the province's domains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from haicap.inventory.capacity import capacity_of, nearest, size_of
from haicap.inventory.marks import Marks
from haicap.inventory.model import Inventory, Province
from haicap.inventory.naming import dns_label
from haicap.inventory.roles import OWN_ROLES
from haicap.inventory.rules.base import (
    Remark,
    did_you_mean,
    on_platform,
    on_province,
    platform_title,
    repeats,
    title,
)


def image_name(province: Province, marks: Marks) -> Iterator[Remark]:
    """An image's name is its own."""
    for name, later, first in repeats((i, image.name) for i, image in enumerate(province.images)):
        other = f"line {marks.province('images', first, 'name')[1]}"
        yield on_province(marks, ("images", later, "name"), f'the image "{name}" is also in {other}; rename one')


def image_sum(province: Province, marks: Marks) -> Iterator[Remark]:
    """One source has one sum."""
    for source, later, first in repeats((i, image.source) for i, image in enumerate(province.images)):
        one, other = province.images[later], province.images[first]
        if one.sha256 != other.sha256:
            reason = f'image "{one.name}": {source} has another sum in "{other.name}"; one of the sums is wrong'
            yield on_province(marks, ("images", later, "sha256"), reason)


def profile_max(province: Province, marks: Marks) -> Iterator[Remark]:
    """What a machine may grow to is not below what it begins with."""
    for name, profile in province.profiles.items():
        for key, most, size in (
            ("vcpus", profile.max_vcpus, profile.vcpus),
            ("memory_mib", profile.max_memory_mib, profile.memory_mib),
        ):
            if most is not None and most < size:
                reason = f'profile "{name}": max_{key} {most} is below {key} {size}; raise it, or leave it out'
                yield on_province(marks, ("profiles", name, f"max_{key}"), reason)


def profile_unknown(inventory: Inventory, marks: Marks) -> Iterator[Remark]:
    """A platform's profile is in province.yml."""
    known = inventory.province.profiles
    for i, platform in enumerate(inventory.platforms):
        if (name := platform.machines.profile) not in known:
            reason = f'there is no profile "{name}"{did_you_mean(name, known)}'
            yield on_platform(marks, i, platform, ("machines", "profile"), reason)


def role_unknown(inventory: Inventory, marks: Marks) -> Iterator[Remark]:
    """A platform's role is one of haicap's, or the province's own."""
    known = (*OWN_ROLES, *inventory.products)
    for i, platform in enumerate(inventory.platforms):
        if platform.role not in known:
            near = did_you_mean(platform.role, known)
            reason = f'there is no role "{platform.role}"{near} (roles/{platform.role}/role.yml makes one)'
            yield on_platform(marks, i, platform, ("role",), reason)


def image_unknown(inventory: Inventory, marks: Marks) -> Iterator[Remark]:
    """A platform's image is in province.yml."""
    known = {image.name for image in inventory.province.images}
    for i, platform in enumerate(inventory.platforms):
        if (name := platform.machines.image) not in known:
            reason = f'there is no image "{name}"{did_you_mean(name, known)}'
            yield on_platform(marks, i, platform, ("machines", "image"), reason)


def serves(inventory: Inventory, marks: Marks) -> Iterator[Remark]:
    """The units that a platform serves exist, each named once."""
    known = marks.codes | {unit.code for unit in inventory.units}
    for i, platform in enumerate(inventory.platforms):
        for code, later, _ in repeats(enumerate(platform.serves)):
            yield on_platform(marks, i, platform, ("serves", later), f"serves: {code} is there twice; remove one")
        for k, code in enumerate(platform.serves):
            if code not in known:
                reason = f"serves: {code} is not in units.yml{_near_code(code, known)}"
                yield on_platform(marks, i, platform, ("serves", k), reason)


def _near_code(code: str, known: frozenset[str]) -> str:
    near = did_you_mean(code, known)
    return near if near.endswith("?") else "; correct the code"


def machine_name(inventory: Inventory, marks: Marks) -> Iterator[Remark]:
    """Machines and servers are hosts of one network, so none has the name of another."""
    servers = inventory.province.servers
    for i, platform in enumerate(inventory.platforms):
        for name in platform.machine_names:
            if name in servers:
                reason = f'its machine "{name}" would have a server\'s name; rename the platform or the server'
                yield on_platform(marks, i, platform, ("name",), reason)


def machine_ground(inventory: Inventory, marks: Marks) -> Iterator[Remark]:
    """Where there are platforms, there are hypervisors for their machines, and pools for the machines' addresses."""
    if not inventory.platforms:
        return
    province, count = inventory.province, sum(one.machines.count for one in inventory.platforms)
    if not province.hypervisors:
        reason = f"hypervisors: there is none, and platforms.yml asks for {count} machines; add one"
        yield on_province(marks, ("hypervisors",), reason)
    for name in ("machines", "machines6"):
        if getattr(province.pools, name) is None:
            reason = f"pools.{name} is missing, and platforms.yml asks for {count} machines; add it"
            yield on_province(marks, ("pools",), reason)


def machine_size(inventory: Inventory, marks: Marks) -> Iterator[Remark]:
    """Each machine fits a hypervisor that is empty."""
    province = inventory.province
    empty = {one.name: (capacity_of(one), capacity_of(one)) for one in province.hypervisors}
    for i, platform in enumerate(inventory.platforms):
        profile_name = platform.machines.profile
        profile = province.profiles.get(profile_name)
        if profile is None:
            continue
        size = size_of(profile, profile.root_gib, platform.machines.disks)
        found = nearest(size, empty)
        if found and any(found[1]):
            reason = (
                f'a machine of profile "{profile_name}" with its disks takes {size.words}, and no hypervisor is as '
                f"large: {found[0]} comes nearest, {found[1].words} short; take less, or a larger hypervisor"
            )
            yield on_platform(marks, i, platform, ("machines",), reason)


def service_domain(inventory: Inventory, marks: Marks) -> Iterator[Remark]:
    """A platform's names lie in the province's domain or in a legacy one: no other is served here."""
    domains = (inventory.province.domain, *inventory.province.legacy_domains)
    for i, platform in enumerate(inventory.platforms):
        for k, name in enumerate(platform.names):
            if name in domains:
                reason = f"names: {name} is a whole domain; write a name inside it, such as motcua.{name}"
                yield on_platform(marks, i, platform, ("names", k), reason)
            elif not any(name.endswith(f".{domain}") for domain in domains):
                reason = f"names: {name} is not inside {' or '.join(domains)}; correct it, or add its domain to "
                yield on_platform(marks, i, platform, ("names", k), f"{reason}legacy_domains")


def service_taken(inventory: Inventory, marks: Marks) -> Iterator[Remark]:
    """A platform's name is no unit's, no host's and no predecessor's, and lies in no unit's zone."""
    domain = inventory.province.domain
    zones = {f"{unit.overrides.label or dns_label(unit.name)}.{domain}": title(unit) for unit in inventory.units}
    owners = _owners(inventory)
    for i, platform in enumerate(inventory.platforms):
        for k, name in enumerate(platform.names):
            if reason := _taken(name, zones, owners):
                yield on_platform(marks, i, platform, ("names", k), f"names: {reason}; choose another")


def _owners(inventory: Inventory) -> dict[str, str]:
    """Whose each name of a host or predecessor is, in words."""
    domain = inventory.province.domain
    owners = {
        old: f"predecessor {one.code} of {title(unit)}"
        for unit in inventory.units
        for one in unit.predecessors
        for old in one.names
    }
    owners |= {
        f"{machine}.{domain}": f"a machine of {platform_title(one)}"
        for one in inventory.platforms
        for machine in one.machine_names
    }
    return owners | {f"{server}.{domain}": f'server "{server}"' for server in inventory.province.servers}


def _taken(name: str, zones: Mapping[str, str], owners: Mapping[str, str]) -> str | None:
    if name in zones:
        return f"{name} is the name of {zones[name]}"
    if name in owners:
        return f"{name} is the name of {owners[name]}"
    labels = name.split(".")
    above = (".".join(labels[start:]) for start in range(1, len(labels)))
    return next((f"{name} lies in the zone of {zones[zone]}" for zone in above if zone in zones), None)


HARDWARE_RULES = (image_name, image_sum, profile_max)
MACHINE_RULES = (
    profile_unknown,
    image_unknown,
    role_unknown,
    serves,
    machine_name,
    machine_ground,
    machine_size,
    service_domain,
    service_taken,
)
