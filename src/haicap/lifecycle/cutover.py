"""The cut-over of a platform to the one that replaces it: which steps are left, and when it is refused. Pure.

The lock entry is all that is recorded of it, and each step may be done again: so a run that was ended anywhere is gone
on with by the same command.

before      nothing is recorded: the old platform is in use
frozen      the old one is frozen, and users are not led to the new one yet
switched    the new one is in use
returning   the new one is frozen, and its data goes back
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from haicap.addressing.model import Cutover
from haicap.inventory.model import Stage
from haicap.inventory.platforms import Platform
from haicap.lifecycle.stages import is_standing

Direction = Literal["forward", "back"]
Phase = Literal["before", "frozen", "switched", "returning"]
StepName = Literal["ready", "freeze", "save", "carry", "switch", "thaw", "prove", "keep"]

_CARRYING: tuple[StepName, ...] = ("freeze", "save", "carry", "switch", "prove", "keep")
_STEPS: Mapping[tuple[Direction, Phase], tuple[StepName, ...]] = {
    ("forward", "before"): ("ready", *_CARRYING),
    ("forward", "frozen"): _CARRYING,
    ("forward", "switched"): ("switch", "prove", "keep"),
    ("forward", "returning"): ("thaw", "prove", "keep"),
    ("back", "before"): ("thaw", "keep"),
    ("back", "frozen"): ("thaw", "keep"),
    ("back", "switched"): ("ready", *_CARRYING),
    ("back", "returning"): _CARRYING,
}


@dataclass(frozen=True)
class Step:
    """What a step does, what it needs, and what users notice of it. `{source}` and `{target}` are the platforms that
    data is carried between. It takes about `seconds`, and so many more for each GiB of data."""

    does: str
    needs: str
    users: str
    seconds: int
    seconds_per_gib: int = 0


STEPS: Mapping[StepName, Step] = {
    "ready": Step(
        "look whether {source} and {target} stand as planned, pass their inspection, can move data and have room",
        "nothing pending for either; no machine of {target} fails",
        "nothing",
        60,
    ),
    "freeze": Step(
        "make {source} read-only: its proxy refuses changes, its database takes none",
        "{source} answers",
        "{source} can be read; whoever sends something is told that it was not recorded",
        30,
    ),
    "save": Step(
        "export the data of {source}, with the number of rows and a checksum of each table",
        "room for the export on {source}",
        "the same",
        5,
        40,
    ),
    "carry": Step(
        "take the export to {target}, import it there in place of all that {target} has, and compare each table",
        "room for the export and the data on {target}; not one row differs, else it ends here",
        "the same",
        15,
        150,
    ),
    "switch": Step(
        "let {target} take changes, and lead the names there",
        "{target} and the name servers answer",
        "{target} is in use; a name may lead to {source} for {ttl} s more, where nothing is recorded",
        40,
    ),
    "thaw": Step(
        "let {target} take changes again; no data is moved",
        "{target} answers",
        "{target} is in use as before",
        30,
    ),
    "prove": Step(
        "open the names from the units, and look into the machines",
        "units whose gateways answer",
        "nothing",
        60,
    ),
    "keep": Step(
        "remove the exports, and say until when there is a way back",
        "",
        "nothing",
        5,
    ),
}


def takes(step: StepName, gib: int) -> int:
    """About how many seconds a step takes, at most, with so many GiB of data disks."""
    return STEPS[step].seconds + STEPS[step].seconds_per_gib * gib


def phase_of(entry: Cutover | None) -> Phase:
    """Where a cut-over is."""
    if entry is None:
        return "before"
    if entry.switched is None:
        return "frozen"
    return "switched" if entry.back is None else "returning"


def steps_left(entry: Cutover | None, direction: Direction) -> tuple[StepName, ...]:
    """The steps that a run has before it, in order."""
    return _STEPS[direction, phase_of(entry)]


def entry_after(step: StepName, direction: Direction, entry: Cutover | None, moment: str) -> Cutover | None:
    """What the lock holds from a step on; None is no entry. A moment that it has is kept."""
    match step, direction:
        case "freeze", "forward":
            return entry or Cutover(frozen=moment)
        case "freeze", "back":
            return replace(_known(entry), back=_known(entry).back or moment)
        case "switch", "forward":
            return replace(_known(entry), switched=_known(entry).switched or moment)
        case "thaw", "forward":
            return replace(_known(entry), back=None)
        case "switch" | "thaw", "back":
            return None
        case _:
            return entry


def _known(entry: Cutover | None) -> Cutover:
    assert entry is not None  # noqa: S101 - `steps_left` has no such step without an entry
    return entry


def frozen_since(entry: Cutover | None) -> str:
    """Since when neither platform takes changes; "" when one does."""
    match entry:
        case Cutover(back=str(moment)) | Cutover(frozen=moment, switched=None):
            return moment
        case _:
            return ""


def back_until(platform: Platform, entry: Cutover) -> date:
    """The last day on which the new platform's cut-over can be taken back."""
    return date.fromisoformat((entry.switched or entry.frozen)[:10]) + timedelta(platform.rollback_days)


@dataclass(frozen=True)
class Pair:
    """The platform that takes over, the one that it replaces, and the stage of each on a day. `successor` is the name
    of the platform that has begun to take over from the new one, "" for none."""

    new: Platform
    old: Platform
    new_stage: Stage
    old_stage: Stage
    old_writes: bool
    successor: str = ""


def refusal(pair: Pair, entry: Cutover | None, direction: Direction, today: date, *, now: bool) -> str:
    """Why a cut-over or the way back is not begun on a day, with the way out; empty when it may be.

    `now`: the planned day does not matter. What has begun is never refused: both platforms are read-only meanwhile.
    """
    match direction, phase_of(entry):
        case "forward", "before":
            return next(_against_forward(pair, today, now=now), "")
        case "back", "switched":
            assert entry is not None  # noqa: S101 - a phase without an entry is "before"
            return next(_against_back(pair, entry, today), "")
        case _:
            return ""


def _against_forward(pair: Pair, today: date, *, now: bool) -> Iterator[str]:
    new, old = pair.new, pair.old
    planned = old.dates.frozen
    if planned is not None and today < planned and not now:
        yield (f"{old.name} is to be frozen on {planned}, and today is {today}. Run this on that day, or say --now.")
    if not is_standing(pair.old_stage) or not pair.old_writes:
        yield f"{old.name} takes no changes on {today} (it is {pair.old_stage}): there is nothing to take over."
    if pair.new_stage not in ("trial", "live"):
        began = ", ".join(f"{stage} {day}" for stage, day in new.dates.model_dump().items() if day) or "none"
        yield (
            f"{new.name} is {pair.new_stage} on {today}, and would take no changes after the switch. "
            f"Its dates are in platforms.yml ({began})."
        )


def _against_back(pair: Pair, entry: Cutover, today: date) -> Iterator[str]:
    new, old, last = pair.new, pair.old, back_until(pair.new, entry)
    if not is_standing(pair.old_stage):
        yield f"{old.name} is retired since {old.dates.retired}: there is nothing to go back to."
    if pair.successor:
        way_out = f"`haicap cutover {pair.successor} --back`"
        yield f"{pair.successor} has begun to take over from {new.name}. Take that back first: {way_out}."
    if today > last:
        yield (
            f"{new.name} could be taken back until {last}, {new.rollback_days} days after the switch, and today is "
            f"{today}. Who must, raises rollback_days in platforms.yml; it is reviewed there."
        )


@dataclass(frozen=True)
class Table:
    """A table's number of rows, and the SHA-256 of all of them in order."""

    rows: int
    sha256: str


Counts = Mapping[str, Table]


def differences(source: str, target: str, had: Counts, has: Counts) -> tuple[str, ...]:
    """What is not the same on two machines, a line a table; empty when every row is."""
    return tuple(
        _difference(source, target, name, had.get(name), has.get(name))
        for name in sorted({*had, *has})
        if had.get(name) != has.get(name)
    )


def _difference(source: str, target: str, name: str, had: Table | None, has: Table | None) -> str:
    if had is None or has is None:
        return f"{name}: only in {source if has is None else target}"
    if had.rows != has.rows:
        return f"{name}: {had.rows} rows in {source}, {has.rows} in {target}"
    return f"{name}: {had.rows} rows in both, and not the same"
