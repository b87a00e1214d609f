"""Machines' places in the lock: hypervisor, addresses, disks. What is locked stays; newcomers are placed beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from haicap.addressing.draft import Draft, machine_subject
from haicap.addressing.model import Member, Placed
from haicap.addressing.networks import address, span
from haicap.addressing.placement import Floor, Machine, place
from haicap.addressing.pools import open_machine_pools, report_exhausted
from haicap.addressing.rest import settle
from haicap.inventory.capacity import listed, size_of
from haicap.inventory.model import Inventory
from haicap.inventory.platforms import Platform

_Disks = tuple[int, dict[str, int]]  # root and data disks, GiB


def plan_machines(
    inventory: Inventory, locked: Mapping[str, Placed], members: Iterable[Member], today: date, draft: Draft
) -> dict[str, Placed]:
    """Every machine's place, by name: locked ones where they are, newcomers placed, who left resting.

    A newcomer for which there is no room or no address is not in the answer, and a finding. Findings, too, are a
    hypervisor that has too little for what is locked on it, or that is gone, and a disk that shall be smaller than it
    is: what is locked is kept.
    """
    platforms = machines_of(inventory)
    settled = settle(locked, platforms.keys(), today, inventory.province.pools.rest_days)
    _note_left(platforms, locked, draft)
    disks = {name: _plan_disks(inventory, one, name, locked.get(name), draft) for name, one in platforms.items()}
    sized = {name: _machine(inventory, one, name, disks[name]) for name, one in platforms.items()}
    stay = {name for name in platforms if name in locked and locked[name].removed is None}
    floor = Floor(inventory.province.hypervisors, [(sized[name], locked[name].hypervisor) for name in sorted(stay)])
    find_overfull(inventory, floor, draft)
    before = {name: placed.hypervisor for name, placed in settled.items() if name not in stay}
    for machine in place(floor, [sized[name] for name in platforms if name not in stay], before):
        draft.find(machine_subject(machine.name), no_room(floor, machine), "no-room")
    places = _settle_places(inventory, locked, settled, members, floor, disks, draft)
    _find_outside(inventory, places, draft)
    resting = {name: locked[name] if name in platforms else placed for name, placed in settled.items()}
    return dict(sorted({**resting, **places}.items()))


def machines_of(inventory: Inventory) -> dict[str, Platform]:
    """Every machine's platform, by the machine's name; platforms by name, a platform's machines by number."""
    return {name: one for one in sorted(inventory.platforms, key=lambda one: one.name) for name in one.machine_names}


def stand(inventory: Inventory, locked: Mapping[str, Placed]) -> Floor:
    """The hypervisors with the inventory's machines as they are locked; who rests takes nothing."""
    platforms = machines_of(inventory)
    standing = [
        (_machine(inventory, platforms[name], name, (placed.root_gib, dict(placed.disks))), placed.hypervisor)
        for name, placed in sorted(locked.items())
        if placed.removed is None and name in platforms
    ]
    return Floor(inventory.province.hypervisors, standing)


def find_overfull(inventory: Inventory, floor: Floor, draft: Draft) -> None:
    """A finding for each hypervisor that has too little for its machines, and for each that is gone."""
    way_out = f"`haicap rebalance {inventory.slug}` proposes moves"
    for name in floor.hypervisors:
        left = floor.left(name)
        if not left.fits:
            reason = f"its machines need {left.lack.words} more than it has; give it more in hypervisors, or {way_out}"
            draft.find(f'hypervisor "{name}"', reason, "hypervisor-full")
    for name in sorted(set(floor.where.values()) - floor.hypervisors.keys()):
        machines = sorted(machine for machine, where in floor.where.items() if where == name)
        there = f"{few(machines)} {'is' if len(machines) == 1 else 'are'} on it"
        reason = f"it is not in the inventory, and {there}; put it back into hypervisors, or {way_out}"
        draft.find(f'hypervisor "{name}"', reason, "hypervisor-gone")


def no_room(floor: Floor, machine: Machine, without: Iterable[str] = ()) -> str:
    """Why a machine has no place: which hypervisor lacks the least, and what."""
    nearest = floor.nearest(machine, frozenset(without))
    if nearest is None:
        return f"it needs {machine.size.words}, and there is no hypervisor for it; add one to hypervisors"
    name, lack = nearest
    return (
        f"it needs {machine.size.words}, and no hypervisor has that left: {name} comes nearest, {lack.words} short; "
        "add a hypervisor, give one more, or take a smaller profile"
    )


def few(names: list[str]) -> str:
    """`a-1`, `a-1 and a-2`, `a-1, a-2 and 5 more`."""
    return listed(names if len(names) <= 3 else [*names[:2], f"{len(names) - 2} more"])


def _machine(inventory: Inventory, platform: Platform, name: str, disks: _Disks) -> Machine:
    return Machine(name, platform.name, size_of(inventory.province.profiles[platform.machines.profile], *disks))


def _note_left(platforms: Mapping[str, Platform], locked: Mapping[str, Placed], draft: Draft) -> None:
    for name, placed in locked.items():
        if name not in platforms and placed.removed is None:
            draft.removed.append((machine_subject(name), f"on {placed.hypervisor}; its addresses rest"))


def _plan_disks(inventory: Inventory, platform: Platform, name: str, placed: Placed | None, draft: Draft) -> _Disks:
    """How large a machine's disks are to be locked: as wanted, but none smaller than it is."""
    root, wanted = inventory.province.profiles[platform.machines.profile].root_gib, platform.machines.disks
    if placed is None:
        return root, dict(sorted(wanted.items()))
    subject = machine_subject(name)
    for disk in sorted(placed.disks.keys() - wanted.keys()):
        draft.removed.append(
            (subject, f'disk "{disk}", {placed.disks[disk]} GiB, is left behind on {placed.hypervisor}')
        )
    for disk in sorted(wanted.keys() - placed.disks.keys()):
        draft.added.append((subject, f'disk "{disk}", {wanted[disk]} GiB'))
    kept = {
        disk: _grow(subject, f'disk "{disk}"', placed.disks.get(disk, size), size, draft)
        for disk, size in sorted(wanted.items())
    }
    return _grow(subject, "the root disk", placed.root_gib, root, draft), kept


def _grow(subject: str, disk: str, locked: int, wanted: int, draft: Draft) -> int:
    """The larger of two sizes in GiB; it is told."""
    if wanted > locked:
        draft.grown.append((subject, f"{disk} {locked} -> {wanted} GiB"))
    elif wanted < locked:
        reason = f"{disk} is locked with {locked} GiB, and {wanted} GiB are wanted: a disk never shrinks; "
        draft.find(subject, f"{reason}write {locked} or more", "disk-shrinks")
    return max(wanted, locked)


def _settle_places(
    inventory: Inventory,
    locked: Mapping[str, Placed],
    settled: Mapping[str, Placed],
    members: Iterable[Member],
    floor: Floor,
    disks: Mapping[str, _Disks],
    draft: Draft,
) -> dict[str, Placed]:
    """The places of all machines that stand on a hypervisor, with the addresses they have or are given."""
    fresh = [name for name in disks if name in floor.where and name not in settled]
    given = _draw_addresses(inventory, len(fresh), settled.values(), members, draft) if fresh else []
    addresses = {name: (placed.address, placed.address6) for name, placed in settled.items()}
    addresses |= dict(zip(fresh, given, strict=False))
    places: dict[str, Placed] = {}
    for name, (root, data) in disks.items():
        if name not in floor.where or name not in addresses:
            continue
        placed = places[name] = Placed(floor.where[name], *addresses[name], root, data)
        if name not in locked or locked[name].removed is not None:
            draft.added.append((machine_subject(name), _describe(placed, locked.get(name))))
    return places


def _draw_addresses(
    inventory: Inventory, count: int, settled: Iterable[Placed], members: Iterable[Member], draft: Draft
) -> list[tuple[str, str]]:
    """The lowest free addresses of both versions, as many as there are, at most `count`."""
    pools = open_machine_pools(inventory.province, members, settled)
    found = []
    for _ in range(count):
        four, six = (pools[name].draw() if name in pools else None for name in ("machines", "machines6"))
        if four is not None and six is not None:
            found.append((address(4, four.first), address(6, six.first)))
    report_exhausted(pools, draft)
    return found


def _describe(placed: Placed, before: Placed | None) -> str:
    data = "".join(f", {disk} {size} GiB" for disk, size in placed.disks.items())
    back = f"back since it left on {before.removed}, " if before else ""
    return f"{back}on {placed.hypervisor}, {placed.address}, {placed.address6}, root {placed.root_gib} GiB{data}"


def _find_outside(inventory: Inventory, places: Mapping[str, Placed], draft: Draft) -> None:
    """A finding for each locked address that its pool no longer holds. It is kept: clients and routes rely on it."""
    pools = inventory.province.pools
    homes = {"machines": pools.machines, "machines6": pools.machines6}
    spans = {name: [span(str(net)) for net in pool.networks] if pool else [] for name, pool in homes.items()}
    for name, placed in places.items():
        for pool, text in (("machines", placed.address), ("machines6", placed.address6)):
            if not any(net.holds(span(text)) for net in spans[pool]):
                reason = f"its address {text} is locked outside pools.{pool}; put that network back"
                draft.find(machine_subject(name), reason, "outside-pool")
