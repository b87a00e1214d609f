"""An inspection goes into the province's log, with its result by unit and by wave."""

from __future__ import annotations

from haicap.audit import Event
from haicap.audit.reading import last_plan
from haicap.inspection.inspected import Inspected, worst
from haicap.stack.record import log_of
from haicap.stack.workspace import Workspace


def record_inspection(workspace: Workspace, inspected: Inspected) -> Event:
    """Write how it came out. `waves` holds the worst result of each wave's units that were inspected.

    `digest` is the inspection's own; `plan` is the one that it names, else what was applied last.
    """
    log, probes = log_of(workspace), inspected.found.probes
    wave = {unit.code: unit.wave for unit in workspace.inventory.units}
    own = [(probe.unit, probe) for probe in probes if probe.unit is not None]
    return log.append(
        "inspection",
        target=inspected.target,
        as_of=inspected.as_of,
        summary=dict(inspected.found.summary),
        systems=list(inspected.selection.get("systems", ())),
        units=inspected.results,
        waves=worst((wave[unit], probe) for unit, probe in own if unit in wave),
        shared=worst((probe.host, probe) for probe in probes if probe.unit is None),
        digest=inspected.digest,
        plan=inspected.plan or last_plan(log.events()),
    )
