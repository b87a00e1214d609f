"""Every systemd unit that stands on a host is active."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from functools import partial

from haicap.design.province import HostDesign
from haicap.inspection.check import Check, Output, Result, Shell, UnreadableError, verdict
from haicap.inspection.model import System
from haicap.render import services_of

_SYSTEMS: dict[str, System] = {
    "gateway": "gateway",
    "hub": "hub",
    "dns": "dns",
    "mail": "mail",
    "hypervisor": "hypervisor",
}


def services(host: HostDesign) -> Check:
    """The units of a host's design, by one call of systemctl."""
    units = tuple(services_of(host))
    text = shlex.join(["systemctl", "is-active", "--", *units])
    read = partial(read_services, units)
    return Check(host.unit, host.name, _SYSTEMS[host.role], "services", ", ".join(units), (Shell(text),), read, True)


def read_services(units: Sequence[str], outputs: Sequence[Output]) -> Result:
    """A state for each unit, a line each, in order (systemctl(1), is-active)."""
    states = outputs[0].text.split()
    if len(states) != len(units):
        raise UnreadableError(outputs[0].text.strip()[:200] or "systemctl said nothing")
    wrong = [f"{unit} is {state}" for unit, state in zip(units, states, strict=True) if state != "active"]
    return verdict(wrong, f"{len(units)} active")
