"""The directory's base, and each unit's accounts: all units that are due at once go to the mail server together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from haicap.converge import Batcher
from haicap.directory.call import MailHost, call
from haicap.directory.sealed import keep_sealed
from haicap.errors import HaicapError
from haicap.plan.model import Json
from haicap.plan.people import mailboxes_in
from haicap.provider.context import RunContext
from haicap.provider.kind import Inputs
from haicap.reach.jobs import Answers

_AT_ONCE = 16  # units of one call: a line of progress for each, and no long wait for the first


@dataclass(frozen=True)
class _Job:
    """A job, and where it is done."""

    host: MailHost
    job: Mapping[str, Json]


class Directory:
    """The resource kind `Directory`: what all accounts stand on."""

    def __init__(self, context: Callable[[], RunContext]) -> None:
        self._context = context

    def write(self, name: str, inputs: Inputs, previous: Inputs | None) -> None:
        """Make the tree's branches, set what is asked of passwords, and fetch the sealed key of the backups."""
        sealed = self._do(inputs, {"op": "write-base", "wanted": inputs})
        if sealed:
            keep_sealed(self._context().sealed, sealed)
            self._do(inputs, {"op": "collected", "names": sorted(sealed)})

    def delete(self, name: str, inputs: Inputs) -> None:
        """Take the branches away; an error while there are accounts."""
        self._do(inputs, {"op": "delete-base"})

    def read(self, name: str, inputs: Inputs) -> Inputs:
        """The same as the directory has it."""
        found = self._do(inputs, {"op": "read-base"})
        return {**inputs, **{key: found.get(key) for key in ("organization", "passwords")}}

    def _do(self, inputs: Inputs, job: Mapping[str, Json]) -> Json:
        return call(_host(inputs), self._context().connection, [{"key": "base", **job}]).result("base")


class Accounts:
    """The resource kind `Accounts`: a unit's people, role mailboxes and probes."""

    def __init__(self, context: Callable[[], RunContext]) -> None:
        self._context = context
        self._jobs: dict[str, _Job] = {}
        self._batcher: Batcher[str, Json] = Batcher(self._run, quiet=0.3)

    def write(self, name: str, inputs: Inputs, previous: Inputs | None) -> None:
        """Bring the unit's entries to the inputs, and fetch the sealed passwords of who is new."""
        before = previous or {}
        self._write(
            name,
            inputs,
            {
                **_unit(inputs),
                "former_people": sorted(set(mailboxes_in(before)) - set(inputs["people"])),
                "former_groups": sorted(set(before.get("groups", {})) - set(inputs["groups"])),
            },
        )

    def delete(self, name: str, inputs: Inputs) -> None:
        """Delete the unit's entries, and its mailboxes if the plan was to."""
        gone = {"former_people": sorted(mailboxes_in(inputs)), "former_groups": sorted(inputs["groups"])}
        self._write(name, inputs, {**_unit(inputs), "people": {}, "groups": {}, "probes": {}, **gone})

    def read(self, name: str, inputs: Inputs) -> Inputs:
        """The unit's entries as the directory has them."""
        found = self._ask(name, inputs, {"op": "read", "unit": _unit(inputs)})
        return {
            **inputs,
            **{part: _as_found(inputs[part], found[part], inputs["unit"]) for part in ("people", "groups", "probes")},
        }

    def _write(self, name: str, inputs: Inputs, unit: Mapping[str, Json]) -> None:
        job = {"op": "write", "destroy": self._context().destroys(name), "unit": unit}
        sealed = self._ask(name, inputs, job)
        if sealed:
            keep_sealed(self._context().sealed, sealed)
            self._ask(f"{name} collected", inputs, {"op": "collected", "names": sorted(sealed)})

    def _ask(self, key: str, inputs: Inputs, job: Mapping[str, Json]) -> Json:
        self._jobs[key] = _Job(_host(inputs), {"key": key, **job})
        return self._batcher.call(key)

    def _run(self, keys: Sequence[str], answer: Callable[[str, Json | Exception], None]) -> None:
        for at in range(0, len(keys), _AT_ONCE):
            some = keys[at : at + _AT_ONCE]
            for host in dict.fromkeys(self._jobs[key].host for key in some):
                mine = [key for key in some if self._jobs[key].host == host]
                answers = call(host, self._context().connection, [self._jobs[key].job for key in mine])
                for key in mine:
                    answer(key, _outcome(answers, key))


def _outcome(answers: Answers, key: str) -> Json | Exception:
    try:
        return answers.result(key)
    except HaicapError as error:
        return error


def _host(inputs: Inputs) -> MailHost:
    return MailHost(inputs["server"], inputs["address"], inputs["suffix"])


def _unit(inputs: Inputs) -> dict[str, Json]:
    return {
        "code": inputs["unit"],
        "name": inputs["name"],
        "officers": inputs["officers"],
        "people": {number: one for number, one in inputs["people"].items() if "home" not in one},
        "groups": inputs["groups"],
        "probes": inputs["probes"],
    }


def _as_found(
    wanted: Mapping[str, Mapping[str, Json]], found: Mapping[str, Mapping[str, Json]], unit: str
) -> dict[str, Json]:
    """What is wanted, with the values that were found; who is not there is absent, who has no entry stays."""
    seen: dict[str, Json] = {}
    for key, record in wanted.items():
        if "home" in record or record.get("stage") == "retired":
            seen[key] = dict(record)
        elif key in found:
            seen[key] = _found_record(record, found[key], unit)
    return seen


def _found_record(record: Mapping[str, Json], found: Mapping[str, Json], unit: str) -> dict[str, Json]:
    values = {key: found.get(key, value) for key, value in record.items()}
    values["aliases"] = {address: record["aliases"].get(address, "") for address in found["aliases"]}
    if "quota_mib" in record:
        quota = str(found["quota_mib"])
        values["quota_mib"] = int(quota) if quota.isdigit() else quota
    if "members" in record:
        values["members"] = sorted(found["members"])
    if found.get("unit", unit) != unit:
        values["unit"] = found["unit"]
    return values
