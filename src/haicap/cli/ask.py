"""From what a command line says to what it means: a province, its workspace, its units; a wrong name is explained."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import click

from haicap.cli import screen
from haicap.errors import HaicapError, Refused
from haicap.inventory.loader import find_provinces, load
from haicap.inventory.model import Inventory, Unit
from haicap.inventory.naming import dns_label
from haicap.inventory.naming import slug as make_slug
from haicap.plan.model import Plan
from haicap.plan.selection import Selection
from haicap.stack.workspace import Target, Workspace


def province_of(directory: Path, text: str | None) -> str:
    """The slug that is meant; the only one, if none is said."""
    there = find_provinces(directory)
    if text is not None:
        if make_slug(text) in there:
            return make_slug(text)
        load(directory, text)  # it says what is near
        return text
    if len(there) == 1:
        return there[0]
    if there:
        raise HaicapError(f"Which province? There is {', '.join(there)}.")
    raise HaicapError(
        f"{directory}/inventories holds no province. `haicap init PROVINCE` writes one; -C names another folder."
    )


def split_words(directory: Path, words: Sequence[str], names: str) -> tuple[str, str | None]:
    """`[PROVINCE] [UNIT]` as the slug and the rest. One word is a province if there is one of that name."""
    if len(words) > 2:
        raise click.UsageError(f"Got unexpected extra argument ({words[2]}); it takes {names}.")
    if len(words) == 2:
        return province_of(directory, words[0]), words[1]
    if len(words) == 1 and make_slug(words[0]) not in find_provinces(directory):
        return province_of(directory, None), words[0]
    return province_of(directory, words[0] if words else None), None


def workspace(
    directory: Path, text: str | None, target: Target | None = None, ssh_key: Path | None = None
) -> Workspace:
    """The province's workspace; says on standard error when work goes to the lab."""
    ws = Workspace.open(directory, province_of(directory, text), target, ssh_key)
    if ws.target == "lab":
        if not ws.lab.exists:
            raise HaicapError(f"There is no lab of {ws.slug}: `haicap lab up {ws.slug}` starts one.")
        screen.say(f"target: lab of {ws.slug}")
    return ws


def selection(inventory: Inventory, units: Collection[str], wave: str | None) -> frozenset[str] | None:
    """The codes that `--unit` or `--wave` mean; None, which is all, for `--unit all` and when neither is given."""
    if units and wave is not None:
        raise click.UsageError("--unit and --wave exclude each other: give one of them.")
    if wave is not None:
        return _codes_of_wave(inventory, wave)
    if not units or "all" in units:
        return None
    return frozenset(find_unit(inventory, text).code for text in units)


def selected(
    inventory: Inventory,
    units: Collection[str],
    wave: str | None,
    platforms: Collection[str],
    *,
    delete_disks: bool = False,
) -> Selection:
    """What `--unit`, `--wave` and `--platform` mean together. Who names units alone means no platform, and the other
    way round; who names nothing means all."""
    codes = selection(inventory, units, wave)
    named = bool(units) or wave is not None
    if not platforms:
        return Selection(codes, frozenset() if named else None, delete_disks)
    known = [platform.name for platform in inventory.platforms]
    for name in platforms:
        if name not in (*known, "all"):
            hint = near(name, known) if known else "it has none: platforms.yml says which."
            raise HaicapError(f'{inventory.slug} has no platform "{name}"; {hint}')
    return Selection(
        codes if named else frozenset(), None if "all" in platforms else frozenset(platforms), delete_disks
    )


def _codes_of_wave(inventory: Inventory, wave: str) -> frozenset[str]:
    waves = sorted(inventory.province.defaults.calendar)
    codes = frozenset(unit.code for unit in inventory.units if unit.wave == wave)
    if codes:
        return codes
    if wave in waves:
        raise HaicapError(f'No unit of {inventory.slug} is in the wave "{wave}".')
    raise HaicapError(f'{inventory.slug} has no wave "{wave}"; {near(wave, waves)}')


def find_unit(inventory: Inventory, text: str) -> Unit:
    """The unit of that code, name (accents and case don't matter) or gateway."""
    for unit in inventory.units:
        if text in (unit.code, unit.gateway, unit.identity):
            return unit
    wanted = dns_label(text)
    found = [unit for unit in inventory.units if wanted and dns_label(unit.name) == wanted]
    if len(found) == 1:
        return found[0]
    exact = [unit for unit in found if screen.nfc(unit.name).lower() == screen.nfc(text).lower()]
    if len(exact) == 1:
        return exact[0]
    if found:
        lines = [f"  {unit.code}  {unit.name}  {unit.kind}" for unit in found]
        raise HaicapError("\n".join([f'"{text}" is the name of {len(found)} units; give the code:', *lines]))
    raise HaicapError(_no_unit(inventory, text))


def _no_unit(inventory: Inventory, text: str) -> str:
    by_label = {dns_label(unit.name): unit for unit in inventory.units}
    wanted = dns_label(text)
    alike = [label for label in by_label if len(wanted) > 2 and wanted in label][:3]
    alike = alike or difflib.get_close_matches(wanted, by_label, n=3, cutoff=0.6)
    shown = [f'{by_label[label].code} "{by_label[label].name}"' for label in alike]
    if not shown:
        codes = difflib.get_close_matches(text, [unit.code for unit in inventory.units], n=3, cutoff=0.6)
        named = {unit.code: unit.name for unit in inventory.units}
        shown = [f'{code} "{named[code]}"' for code in codes]
    hint = f"did you mean {' or '.join(shown)}?" if shown else f"`haicap show {inventory.slug}` lists its units."
    return f'{inventory.slug} has no unit "{text}"; {hint}'


def near(text: str, known: Sequence[str]) -> str:
    """What a wrong name may stand for, or what there is."""
    close = difflib.get_close_matches(text, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"there is {', '.join(screen.few(known))}."


def hosts_of(inventory: Inventory) -> dict[str, str | None]:
    """Every host of the inventory: servers, machines, gateways; with its unit's code."""
    machines = [machine for platform in inventory.platforms for machine in platform.machine_names]
    shared: dict[str, str | None] = dict.fromkeys([*inventory.province.servers, *machines])
    return shared | {unit.gateway: unit.code for unit in sorted(inventory.units, key=lambda unit: unit.code)}


def names_of(inventory: Inventory) -> dict[str, str]:
    """The units' names, by code."""
    return {unit.code: unit.name for unit in inventory.units}


def after_plan(ws: Workspace, file: Path) -> str:
    """What comes after a plan was written into a file."""
    approvers = ws.inventory.approvers
    if approvers is not None and ws.target in approvers.required_for:
        return f"wrote {file}; `haicap approve {file}` approves it, then `haicap apply {ws.slug} {file}` does it."
    return f"wrote {file}; `haicap apply {ws.slug} {file}` does it."


def ensure_answerable(*, yes: bool, as_json: bool) -> None:
    """A program that reads JSON answers no question."""
    if as_json and not yes:
        raise click.UsageError("--json asks nothing: give --yes too, or a plan file.")


def ensure_kept(plan: Plan, *, delete_mailboxes: bool, delete_disks: bool) -> None:
    """Refused when the plan deletes a mailbox or a data disk, and that was not said to be wanted."""
    mailboxes = [what for change in plan.changes if change.system == "mail" for what in change.destroys]
    disks = [what for change in plan.changes if change.system == "machine" for what in change.destroys]
    way_out = "If that is meant, say --delete-mailboxes; else give each a last day in its staff file, and it is kept."
    _refuse_loss([] if delete_mailboxes else mailboxes, way_out)
    way_out = "If that is meant, say --delete-disks; else make a plan without it, and they are kept."
    _refuse_loss([] if delete_disks else disks, way_out)


def _refuse_loss(what: Sequence[str], way_out: str) -> None:
    if what:
        listed = "\n".join(f"  {one}" for one in screen.few(what))
        raise Refused(f"Nothing was done: this plan deletes for good what people have.\n{listed}\n{way_out}")


def confirm(question: str, *, yes: bool) -> bool:
    """Ask; without a terminal there is nobody to ask, and that is a refusal."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise Refused("Nothing was done: there is no terminal to ask on. --yes says that it is not to ask.")
    return click.confirm(question, default=False, err=True)
