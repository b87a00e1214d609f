"""People among the inputs of a unit's accounts."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from haicap.plan.model import Json


def mailboxes_in(inputs: Mapping[str, Json]) -> dict[str, Json]:
    """Those whose mailbox is in this unit, and not deleted, by staff number."""
    people: Mapping[str, Json] = inputs.get("people", {})
    return {number: one for number, one in people.items() if "home" not in one and one["stage"] != "retired"}


def mailboxes_gone(
    before: Mapping[str, Json], after: Mapping[str, Json], elsewhere: Collection[str] = ()
) -> tuple[str, ...]:
    """The mailboxes that a change of a unit's accounts deletes: of who is retired, or in no staff file any more.

    `elsewhere` are staff numbers whose mailbox is known to go on in another unit.
    """
    kept = after.get("people", {})
    return tuple(
        f"mailbox of {number} {one['name']} ({one['address']})"
        for number, one in mailboxes_in(before).items()
        if number not in elsewhere
        and (number not in kept or (kept[number]["stage"] == "retired" and "home" not in kept[number]))
    )
