"""What an inspection finds: a probe each for a unit's, a hub's or a name server's promises, and how each came out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from haicap.inspection.junit import junit

System = Literal["lan", "vpn", "dns", "mail", "machine", "gateway", "hub", "hypervisor"]
SYSTEMS: tuple[System, ...] = ("lan", "vpn", "dns", "mail", "machine", "gateway", "hub", "hypervisor")
Status = Literal["passed", "failed", "unreachable"]
STATUSES: tuple[Status, ...] = ("passed", "failed", "unreachable")
_SURROGATES = re.compile("[\ud800-\udfff]")  # UTF-8 has no form for them


@dataclass(frozen=True)
class Probe:
    """One promise, checked. `unit` is a unit's code, None for what the province shares; `host` is where it was checked
    from. `failed`: it was looked at, and is not as designed. `unreachable`: nothing can be said, `observed` says why.
    `seconds` is the time that its slowest command took on the host."""

    unit: str | None
    host: str
    system: System
    probe: str
    status: Status
    expected: str
    observed: str
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """A row of a document; what a host said is made text that every program can read."""
        seconds = round(self.seconds, 3)
        return {
            "unit": self.unit,
            "host": self.host,
            "system": self.system,
            "probe": self.probe,
            "status": self.status,
            "expected": _SURROGATES.sub("\ufffd", self.expected),
            "observed": _SURROGATES.sub("\ufffd", self.observed),
            "seconds": int(seconds) if seconds == int(seconds) else seconds,  # as RFC 8785 writes a number
        }


@dataclass(frozen=True)
class Inspection:
    """All probes of one inspection, in the order of hubs, name servers, units."""

    probes: tuple[Probe, ...]

    @property
    def summary(self) -> Mapping[str, int]:
        """How many passed, failed, and could not be looked at."""
        return {status: sum(probe.status == status for probe in self.probes) for status in STATUSES}

    @property
    def ok(self) -> bool:
        """Whether everything was looked at and is as designed."""
        return all(probe.status == "passed" for probe in self.probes)

    def to_junit(self) -> str:
        """The whole as JUnit XML: a suite a unit or server; `failed` is a failure, `unreachable` an error."""
        return junit([probe.to_json() for probe in self.probes])
