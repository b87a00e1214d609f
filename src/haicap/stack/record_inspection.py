"""An inspection goes into the province's log, with its result by unit and by wave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from haicap.audit import Event
from haicap.audit.reading import last_plan
from haicap.canonical import digest_of_bytes
from haicap.inspection.model import Inspection, Probe, Status
from haicap.stack.record import log_of
from haicap.stack.workspace import Workspace

_WORST: tuple[Status, ...] = ("failed", "unreachable", "passed")


def record_inspection(workspace: Workspace, found: Inspection, as_of: date, systems: Iterable[str] = ()) -> Event:
    """Write how it came out. `systems` are those that it was limited to; none is all.

    `waves` holds the worst result of each wave's units that were inspected. `digest` is that of what `haicap inspect
    --json` prints, as sha256sum has it; `plan` is what was applied last.
    """
    log = log_of(workspace)
    wave = {unit.code: unit.wave for unit in workspace.inventory.units}
    own = [(probe.unit, probe) for probe in found.probes if probe.unit is not None]
    return log.append(
        "inspection",
        target=workspace.target,
        as_of=as_of.isoformat(),
        summary=dict(found.summary),
        systems=list(systems),
        units=_worst(own),
        waves=_worst((wave[unit], probe) for unit, probe in own if unit in wave),
        shared=_worst((probe.host, probe) for probe in found.probes if probe.unit is None),
        digest=digest_of_bytes(found.to_json().encode()),
        plan=last_plan(log.events()),
    )


def _worst(probes: Iterable[tuple[str, Probe]]) -> Mapping[str, Status]:
    """By key: failed where one probe failed, else unreachable where one could not be made, else passed."""
    found: dict[str, Status] = {}
    for key, probe in probes:
        found[key] = min(found.get(key, "passed"), probe.status, key=_WORST.index)
    return found
