"""Why a change is planned, or why nothing changes: lines, rules, dates, and what it stands on."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cached_property

from haicap.addressing.lockfile import read_mail
from haicap.design.accounts import accounts_of
from haicap.errors import HaicapError
from haicap.inventory.loader import inventory_digest
from haicap.inventory.model import Unit
from haicap.lifecycle import dates_of, stage_of
from haicap.plan.blast import touched_by
from haicap.plan.diff import differences
from haicap.plan.model import Change, Difference, Json, Plan, Wait, change_to_json
from haicap.plan.within import find_paths, names_in, narrow
from haicap.stack.lines import Files, Line
from haicap.stack.origins import Known, Subject, origins_of, systems_of
from haicap.stack.premises import premises_of
from haicap.stack.resources import Resource, resources_of
from haicap.stack.state import Recorded, State, read_state
from haicap.stack.workspace import Workspace
from haicap.stack.world import world_of

FORMAT = "haicap.explanation/1"
_PEOPLE = 5  # whose stages are told


@dataclass(frozen=True)
class Explanation:
    """Why one resource changes, or does not. All but `change` and `lines` is in words.

    `because` are the reasons, `dates` the stages that decide, with their rule; `stands_on` and `carries` name
    resources; `touches` is the way to the people who may notice it.
    """

    change: Change
    because: tuple[str, ...]
    dates: tuple[str, ...]
    lines: tuple[Line, ...]
    stands_on: tuple[str, ...]
    carries: tuple[str, ...]
    touches: tuple[str, ...]

    def to_json(self) -> dict[str, Json]:
        """The part of the document `haicap.explanation/1` that is found here."""
        return {
            "change": change_to_json(self.change),
            "because": self.because,
            "dates": self.dates,
            "lines": [asdict(line) for line in self.lines],
            "stands_on": self.stands_on,
            "carries": self.carries,
            "touches": self.touches,
        }


def explain(workspace: Workspace, plan: Plan, name: str, path: str | None = None) -> Explanation:
    """Explain what a plan makes of a resource, or of one value in it: a file, a record's name, a staff number.

    HaicapError where there is none of that name, with those that are near.
    """
    return _Explainer(workspace, plan).explain(name, path)


class _Explainer:
    """What all parts of one explanation share."""

    def __init__(self, workspace: Workspace, plan: Plan) -> None:
        self._ws, self._plan, self._as_of = workspace, plan, date.fromisoformat(plan.as_of)
        self._changes = {change.resource: change for change in plan.changes}

    @cached_property
    def _wanted(self) -> dict[str, Resource]:
        return {resource.name: resource for resource in resources_of(self._ws.design(self._as_of))}

    @cached_property
    def _state(self) -> State:
        return read_state(self._ws)

    @cached_property
    def _supposed(self) -> dict[str, Resource]:
        """All that would stand, on that date or after the merger, if every host were enrolled."""
        premises, later = premises_of(self._ws), self._ws.inventory.province.merger_date
        days = (self._as_of, max(self._as_of, later))
        return {one.name: one for day in reversed(days) for one in resources_of(premises.design(day))}

    def explain(self, name: str, path: str | None) -> Explanation:
        found = self._wanted.get(name) or self._state.resources.get(name) or self._supposed.get(name)
        if found is None:
            raise HaicapError(self._unknown(name))
        inputs = {**(self._recorded(name) or {}), **found.inputs}
        paths = find_paths(inputs, path) if path else ()
        if path and not paths:
            raise HaicapError(f'{name} holds nothing named "{path}"; {_near(path, names_in(inputs))}')
        change = self._changes.get(name) or Change(found.unit, found.system, name, "unchanged", "")
        if path:
            change = replace(change, diff=narrow(change.diff, paths))
        asked = paths or tuple(difference.path for difference in change.diff)
        subject = Subject(name, found.kind, found.unit, found.system, found.inputs, asked)
        return Explanation(
            change=change,
            because=tuple(self._because(subject, change)),
            dates=tuple(self._dates(subject)),
            lines=self._known.files.told(origins_of(subject, self._known)),
            stands_on=self._stands_on(found),
            carries=tuple(one.name for one in self._wanted.values() if name in one.depends_on),
            touches=self._touches(change),
        )

    @cached_property
    def _known(self) -> Known:
        return Known(self._ws.inventory, self._ws.staff, self._ws.locks, Files(self._ws), self._as_of)

    def _recorded(self, name: str) -> Mapping[str, Json] | None:
        recorded = self._state.resources.get(name)
        return recorded.inputs if recorded is not None else None

    def _because(self, subject: Subject, change: Change) -> Iterator[str]:
        basis = self._plan.basis.get("inventory")
        if basis is not None and basis != inventory_digest(self._ws.inventory):
            yield "the inventory has changed since this plan was made: the lines below are today's"
        wait = self._wait(subject)
        recorded = self._state.resources.get(subject.name)
        if change.action == "unchanged" and wait is not None and subject.name not in self._wanted:
            yield f"it waits: {wait.reason}; {wait.next_step}"
        elif change.action == "unchanged":
            yield _unchanged(subject, recorded, self._as_of, wanted=subject.name in self._wanted)
        elif change.action == "create":
            yield f"nothing of it is recorded, and it is to stand on {self._as_of}"
        elif change.action == "delete":
            yield self._why_gone(subject)
        else:
            yield from _why_changed(change, recorded)

    def _wait(self, subject: Subject) -> Wait | None:
        """What a resource waits for: its own host, the server that it is on, its unit's gateway."""
        hosts = {subject.name, *(subject.inputs.get(key) for key in ("server", "hypervisor", "machine"))}
        waits = [wait for wait in self._plan.waiting if wait.host in hosts]
        waits += [wait for wait in self._plan.waiting if wait.unit is not None and wait.unit == subject.unit]
        return waits[0] if waits else None

    def _why_gone(self, subject: Subject) -> str:
        if "destroy" in self._plan.selection:
            return "this plan takes its unit away: `haicap destroy` made it"
        if subject.unit is not None and self._unit(subject) is None:
            return f"it is recorded, and unit {subject.unit} is in units.yml no more"
        return f"it is recorded, and nothing asks for it on {self._as_of}"

    def _unit(self, subject: Subject) -> Unit | None:
        return next((unit for unit in self._ws.inventory.units if unit.code == subject.unit), None)

    def _dates(self, subject: Subject) -> Iterator[str]:
        unit = self._unit(subject)
        if unit is not None:
            for system in systems_of(subject):
                stage = stage_of(self._ws.inventory.province, unit, system, self._as_of)
                days = dates_of(self._ws.inventory.province, unit, system).model_dump(exclude_none=True)
                own = unit.overrides.calendar.get(system)
                its_own = own is not None and getattr(own, stage, None) is not None
                rule = f"overrides.calendar.{system}" if its_own else f"defaults.calendar.{unit.wave}"
                told = f"since {days[stage]}, by {rule}.{stage}" if stage in days else f"by {rule}"
                coming = min(((day, name) for name, day in days.items() if day > self._as_of), default=None)
                then = f"; {coming[1]} from {coming[0]}" if coming else ""
                yield f"{system} is {stage} on {self._as_of}, {told}{then}"
        yield from self._account_dates(subject)
        yield from self._platform_dates(subject)

    def _account_dates(self, subject: Subject) -> Iterator[str]:
        asked = [path[1] for path in subject.paths if path[0] == "people" and len(path) > 1]
        if not asked:
            return
        everybody = accounts_of(self._ws.inventory, self._ws.staff, read_mail(self._ws.folder), self._as_of)
        own = [one for one in everybody if one.unit == subject.unit and one.number in asked]
        for one in own[:_PEOPLE]:
            then = f"; another stage from {one.closes}" if one.closes else ""
            last = f" to {one.until}" if one.until else ""
            yield f"{one.number} {one.name} is here from {one.since}{last}: {one.stage} on {self._as_of}{then}"

    def _platform_dates(self, subject: Subject) -> Iterator[str]:
        for platform in self._ws.inventory.platforms:
            if platform.name == subject.inputs.get("platform"):
                days = platform.dates.model_dump(exclude_none=True)
                told = ", ".join(f"{stage} from {day}" for stage, day in days.items())
                yield f"platform {platform.name}: {told}"

    def _stands_on(self, found: Resource | Recorded) -> tuple[str, ...]:
        """What a resource needs before it: its own order, and for a member of the VPN the hubs."""
        first = found.depends_on if isinstance(found, Resource) else ()
        member = found.kind == "Host" and found.system not in ("hub", "machine")
        hubs = [hub.name for hub in self._ws.inventory.province.hubs] if member else []
        return (*first, *hubs)

    def _touches(self, change: Change) -> tuple[str, ...]:
        known = self._known
        touched = touched_by(change, world_of(known.inventory, known.staff, known.locks, self._as_of))
        return touched.way if touched is not None and change.action != "unchanged" else ()

    def _unknown(self, name: str) -> str:
        names = list(dict.fromkeys([*self._wanted, *self._state.resources, *self._supposed]))
        return f'{self._ws.slug} has nothing named "{name}" on {self._as_of}; {_near(name, names)}'


def _unchanged(subject: Subject, recorded: Recorded | None, as_of: date, *, wanted: bool) -> str:
    if wanted and recorded is None:
        return "it is not part of this plan, which is limited to something else"
    if not wanted:
        return f"it does not stand on {as_of}"
    return f"nothing changes: what is recorded of {subject.name} is what is wanted on {as_of}"


def _why_changed(change: Change, recorded: Recorded | None) -> Iterator[str]:
    by_hand = differences(recorded.inputs, recorded.found) if recorded is not None else ()
    if recorded is not None and recorded.incomplete:
        yield "its last run did not end well: it is done again"
    if by_hand:
        yield f"{_values(by_hand)} changed by hand since it was last applied: it is put back"
    others = [one for one in change.diff if one.path not in {drifted.path for drifted in by_hand}]
    if others:
        yield f"{_values(others)} not what was last applied: the inventory, a lock or the date says otherwise now"
    if not change.diff and not (recorded is not None and recorded.incomplete):
        yield "nothing changes at this place; the rest of it does"


def _values(diff: tuple[Difference, ...] | list[Difference]) -> str:
    return "1 value is" if len(diff) == 1 else f"{len(diff)} values are"


def _near(text: str, names: list[str]) -> str:
    close = difflib.get_close_matches(text, names, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else f"there is {', '.join(names[:8])}, ..."
