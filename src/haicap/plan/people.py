"""People among the inputs of a unit's accounts."""

from __future__ import annotations

from collections.abc import Mapping

from haicap.plan.model import Json


def mailboxes_in(inputs: Mapping[str, Json]) -> dict[str, Json]:
    """Those whose mailbox is in this unit, and not deleted, by staff number."""
    people: Mapping[str, Json] = inputs.get("people", {})
    return {number: one for number, one in people.items() if "home" not in one and one["stage"] != "retired"}
