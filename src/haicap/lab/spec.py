"""What a lab is made of: its hosts and their lines. Pure data, its checks, and its form in lab.json."""

import json
import re
from dataclasses import asdict, dataclass
from ipaddress import IPv4Interface, ip_address, ip_interface
from itertools import combinations
from typing import Any, Literal

from haicap.errors import HaicapError

RESERVED = ("backbone", "controller")
ROLES = ("gateway", "hub", "dns", "mail", "hypervisor")

State = Literal["running", "starting", "stopped"]


@dataclass(frozen=True)
class LabHost:
    """One host. `address` has a prefix ("100.64.0.2/30"); `router` is the far end of its line, held by the backbone."""

    name: str
    role: str
    unit: str | None
    address: str
    router: str


@dataclass(frozen=True)
class LabSpec:
    """A province's lab: its hosts, and the address from which Ansible, ssh and the probes work."""

    province: str
    hosts: tuple[LabHost, ...]
    controller: str
    controller_router: str


@dataclass(frozen=True)
class HostStatus:
    """A host as it is now. `pid` is its init as this machine sees it; `memory_mib` counts no file cache."""

    name: str
    role: str
    unit: str | None
    address: str
    state: State
    pid: int | None
    memory_mib: float
    cut: bool


def check(spec: LabSpec) -> None:
    """Raise one HaicapError with every reason why this lab cannot be built."""
    names = [host.name for host in spec.hosts]
    reasons = [f'host "{n}" is named twice' for n in sorted({n for n in names if names.count(n) > 1})]
    for host in spec.hosts:
        reasons += _name_reasons(host)
        reasons += _line_reasons(f'host "{host.name}"', host.address, host.router)
    reasons += _line_reasons("the controller", spec.controller, spec.controller_router)
    if not reasons:
        reasons += _overlaps(spec)
    _refuse(
        f'the lab of "{spec.province}" cannot be built', reasons, "Correct the addresses or names and run it again."
    )


def merge(old: LabSpec | None, new: LabSpec) -> LabSpec:
    """The lab after `new` is added to `old`: a host may be added, never changed. HaicapError with every conflict."""
    if old is None:
        return new
    reasons = [
        f'the {what} is "{a}" in this lab, "{b}" is asked for'
        for what, a, b in (
            ("province", old.province, new.province),
            ("controller", old.controller, new.controller),
            ("controller's router", old.controller_router, new.controller_router),
        )
        if a != b
    ]
    known = {host.name: host for host in old.hosts}
    for host in new.hosts:
        before = known.setdefault(host.name, host)
        if before != host:
            reasons.append(f'host "{host.name}" is {_line(before)} in this lab, {_line(host)} is asked for')
    _refuse("the lab that is there differs", reasons, "Take it away with `haicap lab down` first.")
    merged = LabSpec(new.province, tuple(known.values()), new.controller, new.controller_router)
    check(merged)
    return merged


def to_json(spec: LabSpec, image: str) -> str:
    """The text of lab.json: the spec, and the path of the base image its hosts stand on."""
    return json.dumps({"image": image, **asdict(spec)}, indent=2) + "\n"


def from_json(text: str) -> tuple[LabSpec, str]:
    """The spec and the base image's path out of the text of lab.json. HaicapError when it is not one."""
    try:
        raw: dict[str, Any] = json.loads(text)
        image = str(raw.pop("image"))
        hosts = tuple(LabHost(**host) for host in raw.pop("hosts"))
        return LabSpec(hosts=hosts, **raw), image
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise HaicapError(f"lab.json is damaged ({error}): run `haicap lab down`, then `haicap lab up`") from error


def _name_reasons(host: LabHost) -> list[str]:
    reasons = []
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", host.name):
        reasons.append(f'host "{host.name}": a name has 1 to 12 of a-z, 0-9 and "-", and no "-" at an end')
    if host.name in RESERVED:
        reasons.append(f'host "{host.name}": the lab uses this name itself')
    if host.role not in ROLES:
        reasons.append(f'host "{host.name}": role "{host.role}" is none of {", ".join(ROLES)}')
    return reasons


def _line_reasons(who: str, address: str, router: str) -> list[str]:
    try:
        uplink, far_end = ip_interface(address), ip_address(router)
    except ValueError as error:
        return [f"{who}: {error}"]
    if not isinstance(uplink, IPv4Interface) or "/" not in address:
        return [f"{who}: {address} is not an IPv4 address with its prefix"]
    if far_end not in uplink.network or far_end == uplink.ip:
        return [f"{who}: router {router} is not another address of {uplink.network}"]
    return []


def _overlaps(spec: LabSpec) -> list[str]:
    """Lines that share addresses: the backbone could not tell which of them to send a packet to."""
    lines = sorted((ip_interface(a).network, who) for who, a in _addresses(spec))
    return [f"{b} and {d} share addresses: {a} and {c}" for (a, b), (c, d) in combinations(lines, 2) if a.overlaps(c)]


def _addresses(spec: LabSpec) -> list[tuple[str, str]]:
    return [("controller", spec.controller), *((host.name, host.address) for host in spec.hosts)]


def _line(host: LabHost) -> str:
    return f"{host.role} {host.unit or '-'} at {host.address} by {host.router}"


def _refuse(subject: str, reasons: list[str], way_out: str) -> None:
    if reasons:
        raise HaicapError("\n".join([subject, *(f"  {reason}" for reason in reasons), way_out]))
