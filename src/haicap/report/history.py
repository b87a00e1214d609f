"""The life of a unit: what it came from, when its systems changed stage, what was done to it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from haicap.audit.event import Event
from haicap.audit.reading import of_unit, unended
from haicap.inventory.model import SYSTEMS, Inventory, Unit
from haicap.inventory.national import old_communes, predecessors
from haicap.lifecycle.stages import dates_of
from haicap.report.events import told, told_of, when

_STAGES = ("prepare", "trial", "live", "frozen", "retired")


@dataclass(frozen=True)
class Ancestor:
    """A commune that went into the unit: wholly, or in part. `place` is its district and province of then."""

    code: str
    name: str
    place: str
    share: str


@dataclass(frozen=True)
class Moment:
    """Something that happened. `at` is a day, or a time in UTC; `no` its line in the log, `digest` of what it was about
    (a plan, an inspection), `file` where that was written."""

    at: str
    what: str
    text: str
    who: str = ""
    result: str = ""
    digest: str = ""
    file: str = ""
    no: int | None = None


@dataclass(frozen=True)
class Life:
    """All that is known of a unit."""

    code: str
    name: str
    valid_from: str
    ancestors: tuple[Ancestor, ...]
    moments: tuple[Moment, ...]


def life_of(inventory: Inventory, unit: Unit, events: Sequence[Event]) -> Life:
    """Of a unit of the inventory."""
    born = Moment(unit.valid_from.isoformat(), "begins", f"{unit.name} is a unit of its province")
    moments = [born, *_stages(inventory, unit), *_events(unit.code, events)]
    ancestors = tuple(_ancestor(one.code, one.share) for one in unit.predecessors)
    return Life(unit.code, unit.name, unit.valid_from.isoformat(), ancestors, _sorted(moments))


def life_of_gone(code: str, name: str, events: Sequence[Event]) -> Life:
    """Of a unit that the inventory has no more: what the national data and the log know."""
    ancestors = tuple(_ancestor(one.commune.code, one.share) for one in predecessors(code))
    return Life(code, name, "", ancestors, _sorted([*_events(code, events)]))


def _ancestor(code: str, share: str) -> Ancestor:
    commune = old_communes().get(code)
    if commune is None:
        return Ancestor(code, "", "", share)
    return Ancestor(code, commune.name, f"{commune.district}, {commune.province}", share)


def _stages(inventory: Inventory, unit: Unit) -> Iterator[Moment]:
    """Each stage on its day, with the systems that enter it."""
    entered: dict[tuple[str, str], list[str]] = {}
    for system in SYSTEMS:
        dates = dates_of(inventory.province, unit, system)
        for stage in _STAGES:
            if (day := getattr(dates, stage)) is not None:
                entered.setdefault((day.isoformat(), stage), []).append(system)
    for (day, stage), systems in entered.items():
        yield Moment(day, "stage", f"{', '.join(systems)}: {stage}")


def _events(code: str, events: Sequence[Event]) -> Iterator[Moment]:
    open_ends = {event.seq for event in unended(events)}
    for event in of_unit(events, code):
        own = event.fields
        digest = str((own.get("digest") if event.kind == "inspection" else own.get("plan")) or "")
        who = str(own["principal"] if event.kind == "approval" and "principal" in own else event.who["principal"])
        yield Moment(
            when(event).replace(" ", "T") + "Z",
            event.kind,
            told(event, open_ends),
            who,
            told_of(event, code),
            digest,
            str(own.get("file", "")),
            event.seq,
        )


def _sorted(moments: list[Moment]) -> tuple[Moment, ...]:
    """By day and time; of one day what has no time comes first. What the log holds keeps its order by its numbers."""
    return tuple(sorted(moments, key=lambda one: (one.at, one.no or 0)))
