"""The certificate: one statement that ties a plan, its approvals, what its apply did and what was probed after it.

It is an in-toto Statement (v1) whose subject is the plan, by its digest. The predicate says what SLSA's provenance says
of a build: what was to be done (`definition`), who allowed it (`approvals`), how it went (`run`), and, beyond that, the
proof (`inspection`: every probe). docs/certificate.md describes each field. Everything in it is taken over as it was
written, so that who reads it can check it without the plan, the inventory and the log.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

from haicap.inspection.inspected import Inspected
from haicap.plan.applied import AppliedResult
from haicap.plan.approval import Approval, parse
from haicap.plan.model import PENDING, Json, Plan, canonical

PREDICATE = "urn:haicap:deployment:v1"
STATEMENT = "https://in-toto.io/Statement/v1"
NAMESPACE = "haicap-certificate"


@dataclass(frozen=True)
class Definition:
    """What of a plan a stranger must know: its digest (`plan`), what it is for, what it was made from, how it came
    about, and how much it does. `units` has name, kind, wave and the number of changes by action of each unit that it
    touches, by code; `shared` those of what the whole province uses."""

    plan: str
    province: str
    target: str
    as_of: str
    selection: Mapping[str, Sequence[str]]
    made: Mapping[str, Json]
    basis: Mapping[str, str]
    overrides: Sequence[Mapping[str, str]]
    breaches: Sequence[Mapping[str, str]]
    summary: Mapping[str, int]
    units: Mapping[str, Mapping[str, Json]]
    shared: Mapping[str, int]

    @classmethod
    def of(cls, plan: Plan) -> Definition:
        """That of a plan."""
        codes = sorted({change.unit for change in plan.changes if change.unit})
        return cls(
            plan=plan.digest,
            province=plan.province,
            target=plan.target,
            as_of=plan.as_of,
            selection={key: list(values) for key, values in plan.selection.items()},
            made={**asdict(plan.made), "authors": list(plan.made.authors)},
            basis=dict(plan.basis),
            overrides=[asdict(one) for one in plan.overrides],
            breaches=[asdict(one) for one in plan.breaches],
            summary=plan.summary,
            units={code: _unit(plan, code) for code in codes},
            shared=_counts(plan, None),
        )

    @property
    def wanted(self) -> int:
        """How many changes the plan holds."""
        return sum(self.summary[action] for action in PENDING)

    @property
    def standing(self) -> tuple[str, ...]:
        """The units of which the plan leaves something to probe."""
        return tuple(code for code, its in self.units.items() if its["create"] + its["update"] + its["replace"])


@dataclass(frozen=True)
class Certified:
    """Who says so: a principal, at a moment (a claim, as every clock's), with these tools."""

    by: str
    at: str
    tools: Mapping[str, str]


@dataclass(frozen=True)
class Certificate:
    """What is signed. `approvals` are whole, each with its own signature; `approval_required` tells whether the target
    was in approval mode when it was certified."""

    definition: Definition
    approval_required: bool
    approvals: tuple[Approval, ...]
    run: AppliedResult
    inspection: Inspected
    certified: Certified

    @cached_property
    def faults(self) -> tuple[str, ...]:
        """Why it can't say that the plan was done and everything works; empty when it can."""
        return (*_not_done(self.definition, self.run), *_not_proved(self.definition, self.inspection))

    @property
    def subject(self) -> list[dict[str, Json]]:
        """What it is about, as in-toto has it: the plan, by its digest."""
        return [{"name": self.definition.province, "digest": {"sha256": self.definition.plan.partition(":")[2]}}]

    @property
    def verdict(self) -> dict[str, Json]:
        """What the results come to."""
        return {"passed": not self.faults, "reasons": list(self.faults)}

    def to_json(self) -> dict[str, Json]:
        """The statement: what the envelope holds, as canonical JSON."""
        return {
            "_type": STATEMENT,
            "subject": self.subject,
            "predicateType": PREDICATE,
            "predicate": {
                "definition": asdict(self.definition),
                "approval_required": self.approval_required,
                "approvals": [json.loads(one.line) for one in self.approvals],
                "run": self.run.to_json(),
                "inspection": self.inspection.to_json(),
                "certified": asdict(self.certified),
                "verdict": self.verdict,
            },
        }

    @classmethod
    def of(cls, statement: Mapping[str, Json]) -> Certificate:
        """What `to_json` gave, its verdict worked out anew. KeyError, TypeError or ValueError when it is none."""
        predicate = statement["predicate"]
        return cls(
            definition=Definition(**predicate["definition"]),
            approval_required=predicate["approval_required"],
            approvals=_approvals(predicate["approvals"]),
            run=AppliedResult.of(predicate["run"]),
            inspection=Inspected.of(predicate["inspection"]),
            certified=Certified(**predicate["certified"]),
        )


def _approvals(values: Sequence[Json]) -> tuple[Approval, ...]:
    approvals, faults = parse("".join(f"{canonical(value)}\n" for value in values).encode())
    if faults:
        raise ValueError("; ".join(faults))
    return approvals


def _unit(plan: Plan, code: str) -> dict[str, Json]:
    facts = plan.units.get(code, {})
    return {**{key: facts.get(key, "") for key in ("name", "kind", "wave")}, **_counts(plan, code)}


def _counts(plan: Plan, code: str | None) -> dict[str, int]:
    counts = Counter(change.action for change in plan.changes if change.unit == code)
    return {action: counts[action] for action in PENDING}


def _not_done(definition: Definition, run: AppliedResult) -> Iterator[str]:
    wanted = definition.wanted
    if run.stopped:
        yield "the apply was stopped"
    if run.failed:
        yield f"{run.failed} of the plan's {wanted} changes failed"
    elif run.done != wanted:
        yield f"the plan holds {wanted} changes, and {run.done} were done"


def _not_proved(definition: Definition, inspection: Inspected) -> Iterator[str]:
    summary, probes = inspection.found.summary, len(inspection.found.probes)
    if not probes:
        yield "nothing was probed"
    if summary["failed"]:
        yield f"{summary['failed']} of {probes} probes failed"
    if summary["unreachable"]:
        yield f"{summary['unreachable']} of {probes} probes could not be made"
    if systems := inspection.selection.get("systems"):
        yield f"only {', '.join(systems)} was probed"
    if unseen := [code for code in definition.standing if code not in inspection.results]:
        yield f"what was changed was not probed: {', '.join(unseen)}"
