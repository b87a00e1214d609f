"""What the log says of units: how each one's last inspection came out, and when something was last done to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from haicap.audit import Event, Log
from haicap.audit.reading import last_applies, last_inspections, unended
from haicap.plan.waves import History, Inspected
from haicap.stack.workspace import Workspace


def with_proofs(workspace: Workspace, history: History) -> History:
    """The history with what is in the log. Refused when the log is damaged: then it proves nothing."""
    return proven_by(Log.open(workspace.audit).events(), history)


def proven_by(events: Sequence[Event], history: History) -> History:
    """The same, of these events. An apply that began and has no end did something to all its units, so far as anybody
    knows."""
    applied = last_applies(events)
    for begun in unended(events):
        for unit in begun.fields["units"]:
            applied[unit] = max(begun.at, applied.get(unit, ""))
    return replace(
        history,
        applied={unit: datetime.fromisoformat(at) for unit, at in applied.items()},
        inspected={
            unit: Inspected(result, datetime.fromisoformat(at))
            for unit, (result, at) in last_inspections(events).items()
        },
    )
