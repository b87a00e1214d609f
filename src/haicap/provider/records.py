"""Record sets of a unit, or of the province: written with one PATCH for each zone, all units due at once together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from haicap.converge import Batcher
from haicap.errors import HaicapError
from haicap.plan.model import Json
from haicap.provider.context import RunContext
from haicap.provider.kind import Inputs
from haicap.provider.powerdns import ACCOUNT, Api, open_api
from haicap.provider.zones import Live, Writing, found_sets, live_sets, plan_zone

Mode = Literal["write", "delete", "read"]
_FOREIGN = "Remove it, or leave its name to its owner; then run `haicap apply` again."


@dataclass
class _Job:
    """One resource's part of a batch; `errors` collects why it is not done."""

    mode: Mode
    name: str
    inputs: Inputs
    previous: Inputs
    errors: list[str] = field(default_factory=list)
    found: dict[str, Json] = field(default_factory=dict)

    @property
    def zones(self) -> list[str]:
        """Every zone that it may hold something in, now or before."""
        return list(dict.fromkeys((*self.inputs["zones"], *self.previous.get("zones", ()))))

    def wanted(self, zone: str) -> dict[str, Json]:
        """What it wants of one zone: nothing when it is being deleted."""
        return {} if self.mode == "delete" else dict(self.inputs["zones"].get(zone, {}))


class Records:
    """The resource kind `Records`."""

    def __init__(self, context: Callable[[], RunContext]) -> None:
        self._context = context
        self._jobs: dict[tuple[Mode, str], _Job] = {}
        self._batcher: Batcher[tuple[Mode, str], _Job] = Batcher(self._run, quiet=0.2)

    def write(self, name: str, inputs: Inputs, previous: Inputs | None) -> None:
        """Create the zones it owns, and bring its record sets to the inputs."""
        self._ask(_Job("write", name, inputs, previous or {}))

    def delete(self, name: str, inputs: Inputs) -> None:
        """Delete its record sets, and the zones it owns once nothing else is in them."""
        self._ask(_Job("delete", name, inputs, {}))

    def read(self, name: str, inputs: Inputs) -> Inputs:
        """Its record sets as the primary server holds them."""
        return {**inputs, "zones": self._ask(_Job("read", name, inputs, {})).found}

    def _ask(self, job: _Job) -> _Job:
        key = (job.mode, job.name)
        self._jobs[key] = job
        done = self._batcher.call(key)
        if done.errors:
            raise HaicapError("\n".join(done.errors))
        return done

    def _run(
        self, keys: Sequence[tuple[Mode, str]], answer: Callable[[tuple[Mode, str], _Job | Exception], None]
    ) -> None:
        jobs = [self._jobs[key] for key in keys]
        servers = {(job.inputs["server"], job.inputs["address"]) for job in jobs}
        connection = self._context().connection
        for server, address in sorted(servers):
            with open_api(server, address, connection) as api:
                _Batch(api, [job for job in jobs if job.inputs["server"] == server]).run()
            for job in jobs:
                for other, place in job.inputs.get("transfer", {}).get("secondaries", {}).items():
                    if job.mode == "write" and not job.errors:
                        with open_api(other, place, connection) as secondary:
                            _follow(secondary, job.inputs["transfer"])
        for key, job in zip(keys, jobs, strict=True):
            answer(key, job)


def _follow(secondary: Api, transfer: Mapping[str, Json]) -> None:
    """Have a secondary follow the primary's catalog (RFC 9432): it takes up every zone that is listed there."""
    if secondary.zone(transfer["catalog"]) is None:
        secondary.create_zone(transfer["catalog"], "Consumer", masters=transfer["primary"])


class _Batch:
    """Works through the jobs of one server, zone by zone."""

    def __init__(self, api: Api, jobs: Sequence[_Job]) -> None:
        self._api, self._jobs = api, jobs

    def run(self) -> None:
        for job in self._jobs:
            if job.mode == "write":
                self._create_zones(job)
        for zone in dict.fromkeys(zone for job in self._jobs for zone in job.zones):
            self._settle(zone, [job for job in self._jobs if zone in job.zones])
        for job in self._jobs:
            if job.mode == "delete":
                self._delete_zones(job)

    def _create_zones(self, job: _Job) -> None:
        transfer = job.inputs.get("transfer")
        if transfer and self._api.zone(transfer["catalog"]) is None:
            self._api.create_zone(transfer["catalog"], "Producer")
        for name in job.inputs["owned"]:
            zone = self._api.zone(name)
            if zone is None:
                self._api.create_zone(name, "Master", soa_edit_api="INCREASE", catalog=job.inputs["catalog"])
            elif zone.get("account") != ACCOUNT:
                job.errors.append(
                    f"zone {name} is there and bears no mark of haicap's (its account is not `{ACCOUNT}`). {_FOREIGN}"
                )

    def _settle(self, zone: str, jobs: Iterable[_Job]) -> None:
        document = self._api.zone(zone)
        live = live_sets(document) if document is not None else {}
        ready: list[tuple[_Job, Writing]] = []
        for job in jobs:
            if job.mode == "read":
                sets = found_sets(job.name, job.inputs["zones"].get(zone, {}), live)
                job.found |= {zone: sets} if sets else {}
            elif document is None:
                job.errors += [f"zone {zone} is not on the server"] if job.wanted(zone) else []
            elif not (zone in job.inputs["owned"] and document.get("account") != ACCOUNT):
                ready.append((job, self._plan(job, zone, live)))
        self._patch(zone, ready)

    def _plan(self, job: _Job, zone: str, live: Mapping[str, Live]) -> Writing:
        writing = plan_zone(job.name, job.wanted(zone), live)
        job.errors += [f"zone {zone}: {conflict}. {_FOREIGN}" for conflict in writing.conflicts]
        return writing

    def _patch(self, zone: str, ready: Sequence[tuple[_Job, Writing]]) -> None:
        """One PATCH for all; where the server refuses it, one for each, so that one unit's fault stays its own."""
        sets = [rrset for _, writing in ready for rrset in writing.sets]
        if not sets:
            return
        try:
            self._api.patch(zone, sets)
        except HaicapError as error:
            for job, writing in ready:
                self._patch_one(zone, job, writing, error)
        self._api.notify(zone)

    def _patch_one(self, zone: str, job: _Job, writing: Writing, first: HaicapError) -> None:
        try:
            if writing.sets:
                self._api.patch(zone, list(writing.sets))
        except HaicapError as error:
            job.errors.append(f"zone {zone}: {error or first}")

    def _delete_zones(self, job: _Job) -> None:
        for name in job.inputs["owned"]:
            zone = self._api.zone(name)
            if zone is None:
                continue
            others = [key for key, found in live_sets(zone).items() if found.owner is None]
            if others or zone.get("account") != ACCOUNT:
                job.errors.append(f"zone {name} holds what is not haicap's ({', '.join(others[:3])}). {_FOREIGN}")
            else:
                self._api.delete_zone(name)
