"""Plan: the wanted resources against the recorded ones, by the provider's own diff. No engine, no network."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from haicap.addressing.lockfile import locks_digest, mail_digest
from haicap.design import ProvinceDesign, Waiting
from haicap.errors import HaicapError
from haicap.inventory.approvers_loader import approvers_digest
from haicap.inventory.loader import inventory_digest
from haicap.inventory.staff_loader import staff_digest
from haicap.plan.diff import differences, replaces
from haicap.plan.machine import cost_of, disks_left
from haicap.plan.model import Action, Change, Override, Plan, Wait, digest_of
from haicap.plan.people import mailboxes_gone
from haicap.plan.selection import EVERYTHING, Selection
from haicap.stack.facts import facts_of
from haicap.stack.limits import with_limits
from haicap.stack.policies import policies_digest
from haicap.stack.resources import Resource, resources_of
from haicap.stack.state import Recorded, State, read_state
from haicap.stack.workspace import Workspace


def make_plan(
    workspace: Workspace,
    as_of: date,
    selection: Selection = EVERYTHING,
    *,
    overrides: tuple[Override, ...] = (),
    at_once: bool = False,
) -> Plan:
    """What an apply would do on a date to what is selected, and to everything shared that it stands on; and which
    limits it does not keep (`haicap.stack.limits`). `at_once`: it is done today, whatever day it is made for."""
    design, state = workspace.design(as_of), read_state(workspace)
    plan = _planned(workspace, as_of, selection, design, state)
    return with_limits(workspace, plan, state.resources, lambda: design, overrides, at_once=at_once)


def plan_unlimited(workspace: Workspace, as_of: date, selection: Selection = EVERYTHING) -> Plan:
    """The same, held against no limit: a step of what was held against them as a whole, before it began."""
    return _planned(workspace, as_of, selection, workspace.design(as_of), read_state(workspace))


def _planned(workspace: Workspace, as_of: date, selection: Selection, design: ProvinceDesign, state: State) -> Plan:
    wanted = {resource.name: resource for resource in resources_of(design)}
    gone = [name for name in reversed(state.resources) if name not in wanted]
    names = [*wanted, *(name for name in gone if not _is_held(state.resources[name], design.waiting))]
    chosen = [name for name in names if _is_chosen(selection, wanted.get(name), state.resources.get(name))]
    found = [
        _change(wanted.get(name), state.resources.get(name), delete_disks=selection.delete_disks) for name in chosen
    ]
    changes = tuple(change for change in found if change.action != "unchanged")
    return Plan(
        province=workspace.slug,
        target=workspace.target,
        as_of=as_of.isoformat(),
        selection=selection.to_json(),
        basis={**_basis(workspace, state), "design": _design_digest(wanted.values())},
        changes=changes,
        unchanged=len(found) - len(changes),
        waiting=_waiting(workspace, design, selection),
        units=facts_of(workspace.inventory, workspace.locks, {change.unit for change in changes if change.unit}),
    )


def plan_destroy(
    workspace: Workspace,
    as_of: date,
    units: frozenset[str],
    *,
    overrides: tuple[Override, ...] = (),
    at_once: bool = False,
) -> Plan:
    """Take units away: delete everything that is recorded of them, and nothing else.

    HaicapError when there is nothing. What an earlier run has taken away already is not missed.
    """
    state = read_state(workspace)
    gone = [resource for resource in reversed(state.resources.values()) if resource.unit in units]
    if not gone:
        raise HaicapError(
            f"Nothing is recorded of {', '.join(sorted(units))}: there is nothing to take away.\n"
            f"See what stands with `haicap plan {workspace.slug}`."
        )
    plan = Plan(
        province=workspace.slug,
        target=workspace.target,
        as_of=as_of.isoformat(),
        selection={"destroy": sorted(units)},
        basis=_basis(workspace, state),
        changes=tuple(_change(None, resource) for resource in gone),
        units=facts_of(workspace.inventory, workspace.locks, units),
    )
    return with_limits(workspace, plan, state.resources, lambda: workspace.design(as_of), overrides, at_once=at_once)


def _is_held(recorded: Recorded, waiting: Iterable[Waiting]) -> bool:
    """Whether something is not wanted only because its host, its server or its unit waits for what people must do.

    A certificate that was moved, or a key that is not enrolled yet, takes nothing away: it stands as it is.
    """
    stands_on = {recorded.name, *(recorded.inputs.get(key) for key in ("server", "hypervisor"))}
    return any(w.host in stands_on or w.unit in (recorded.unit or "",) for w in waiting)


def _is_chosen(selection: Selection, wanted: Resource | None, recorded: Recorded | None) -> bool:
    one = wanted or recorded
    return one is not None and selection.holds(one.unit, one.inputs)


def _design_digest(wanted: Iterable[Resource]) -> str:
    """SHA-256 of all that shall stand, of what is not selected too."""
    return digest_of({resource.name: resource.inputs for resource in wanted})


def _basis(workspace: Workspace, state: State) -> dict[str, str]:
    return {
        "inventory": inventory_digest(workspace.inventory),
        "staff": staff_digest(workspace.directory, workspace.slug),
        "locks": locks_digest(workspace.locks),
        "mail": mail_digest(workspace.folder),
        "approvers": approvers_digest(workspace.inventory.approvers),
        "state": state.digest,
        "policies": policies_digest(workspace.folder),
    }


def _change(wanted: Resource | None, recorded: Recorded | None, *, delete_disks: bool = False) -> Change:
    before = recorded.inputs if recorded is not None else {}
    disks = disks_left(before, wanted.inputs if wanted is not None else {}) if "machine" in before else ()
    gone, kept = (disks, ()) if delete_disks else ((), disks)
    if wanted is None:
        assert recorded is not None  # noqa: S101 - a name comes from one of the two
        return Change(
            recorded.unit,
            recorded.system,
            recorded.name,
            "delete",
            digest_of(recorded.inputs),
            differences(recorded.found, {}),
            destroys=(*mailboxes_gone(before, {}), *gone),
            keeps=kept,
        )
    diff = differences(recorded.found if recorded is not None else {}, wanted.inputs)
    action = _action(recorded, replaces(diff), bool(diff))
    return Change(
        wanted.unit,
        wanted.system,
        wanted.name,
        action,
        "" if action == "unchanged" else digest_of(wanted.inputs),
        diff,
        destroys=(*mailboxes_gone(before, wanted.inputs), *gone),
        keeps=kept,
        cost=cost_of(before, wanted.inputs) if wanted.kind == "Machine" else "",
    )


def _action(recorded: Recorded | None, replacing: bool, differing: bool) -> Action:
    if recorded is None:
        return "create"
    if replacing:
        return "replace"
    return "update" if differing or recorded.incomplete else "unchanged"


def _waiting(workspace: Workspace, design: ProvinceDesign, selection: Selection) -> tuple[Wait, ...]:
    roles = workspace.inventory.province.servers
    platforms = {machine.name: machine.platform for platform in design.platforms for machine in platform.machines}
    return tuple(
        Wait(w.host, w.unit, w.reason, w.next_step)
        for w in design.waiting
        if selection.holds(w.unit, {"role": roles.get(w.host), "platform": platforms.get(w.host)})
    )
