"""`haicap platform`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from haicap.cli import ask, options, screen
from haicap.design.machines import PlatformDesign, design_platforms
from haicap.errors import HaicapError, Refused
from haicap.stack.disks import Found, delete_left_disk, find_left_disks
from haicap.stack.workspace import Target, Workspace


@click.group("platform", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """A province's platforms and the machines that they run on.

    \b
    Example:
      haicap platform list lam-dong
      haicap platform list lam-dong --as-of 2025-06-30
      haicap platform disks lam-dong
    """


@command.command("list")
@options.province
@options.as_of
@options.target
@options.as_json
@click.pass_obj
def list_platforms(directory: Path, province: str | None, as_of: date, target: Target | None, as_json: bool) -> None:
    """Every platform on a day: its stage, its machines, where they are, and the names that lead to it.

    \b
    Example:
      haicap platform list lam-dong --as-of 2025-06-30
    """
    ws = ask.workspace(directory, province, target)
    locks = ws.agreed_locks()
    platforms = design_platforms(ws.inventory, locks, as_of, None)
    if as_json:
        told = {"format": "haicap.platforms/1", "province": ws.slug, "as_of": as_of.isoformat()}
        screen.put_json({**told, "platforms": [_json(platform) for platform in platforms]})
        return
    if not platforms:
        screen.put(f"{ws.slug} has no platform: inventories/{ws.slug}/platforms.yml says which it has.")
        return
    rows = [row for platform in platforms for row in _rows(platform)]
    screen.table(("platform", "stage", "machine", "hypervisor", "address", "names"), rows)


@command.command("disks")
@options.province
@click.option("--delete", "name", metavar="NAME", help="Deletes this one for good, after asking.")
@options.yes
@options.target
@options.ssh_key
@options.as_json
@click.pass_obj
def disks(
    directory: Path,
    province: str | None,
    name: str | None,
    yes: bool,
    target: Target | None,
    ssh_key: Path | None,
    as_json: bool,
) -> int:
    """Data disks that no machine has any more: replaced or deleted machines leave them.

    \b
    Example:
      haicap platform disks lam-dong
      haicap platform disks lam-dong --delete procedures-old-1-data.qcow2
    """
    ws = ask.workspace(directory, province, target, ssh_key)
    found = find_left_disks(ws)
    if name is not None:
        return _delete(ws, found, name, yes=yes)
    if as_json:
        screen.put_json({"format": "haicap.disks/1", "province": ws.slug, "disks": found.disks, "errors": found.errors})
    elif found.disks:
        rows = [(disk.name, disk.machine, disk.hypervisor, f"{disk.bytes / 2**20:.0f} MiB") for disk in found.disks]
        screen.table(("data disk", "was of", "hypervisor", "takes up"), rows)
    else:
        screen.put("No data disk is left without a machine.")
    for error in found.errors.values():
        screen.say(error)
    return int(bool(found.errors))


def _delete(ws: Workspace, found: Found, name: str, *, yes: bool) -> int:
    disks = [disk for disk in found.disks if disk.name == name]
    if not disks:
        there = [disk.name for disk in found.disks]
        hint = ask.near(name, there) if there else "none is."
        raise HaicapError(f'No data disk "{name}" is left without a machine; {hint}')
    for disk in disks:
        what = f"data disk {disk.name} of {disk.machine} on {disk.hypervisor}"
        if not ask.confirm(f"Delete {what} for good?", yes=yes):
            raise Refused("Nothing was done.")
        delete_left_disk(ws, disk)
        screen.put(f"deleted {what}")
    return 0


def _rows(platform: PlatformDesign) -> list[tuple[str, ...]]:
    """A line a machine; without one, a line that says so. A name that leads elsewhere says where."""
    own = {machine.name for machine in platform.machines}
    here = not platform.active or own >= set(platform.active)
    names = ", ".join(platform.names) if here else f"({', '.join(platform.names)}: still {platform.replaces})"
    stage = (
        platform.stage
        if platform.writes or platform.stage in ("absent", "frozen", "retired")
        else (f"{platform.stage}, read-only")
    )
    machines = [(machine.name, machine.hypervisor, machine.address) for machine in platform.machines]
    return [(platform.name, stage, *machine, names) for machine in machines or [("", "", "")]]


def _json(platform: PlatformDesign) -> dict[str, object]:
    """Keys of operators' and images' sources are the plan's matter."""
    machines = [
        {key: value for key, value in asdict(machine).items() if key not in ("authorized_keys", "image")}
        | {"image": machine.image.name, "mac": machine.mac}
        for machine in platform.machines
    ]
    return {**{key: value for key, value in vars(platform).items() if key != "machines"}, "machines": machines}
