"""`haicap staff`: people, their official addresses, and tables of personnel offices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import click

from haicap.addressing.lockfile import read_mail
from haicap.cli import ask, options, screen
from haicap.design.accounts import Account, accounts_of
from haicap.errors import FindingsError, Refused
from haicap.files import replace_file
from haicap.inventory.staff import Person, Staff, UnitStaff
from haicap.inventory.staff_changes import StaffChange, apply_changes, differences
from haicap.inventory.staff_import import read_people
from haicap.inventory.staff_loader import FOLDER
from haicap.inventory.staff_table import read_table
from haicap.inventory.staff_text import IMPORTED_HEAD, staff_yaml
from haicap.stack.passwords import reset_password
from haicap.stack.workspace import Target, Workspace

_SIGNS = {"added": ("+", "green"), "changed": ("~", "yellow"), "left": ("-", "red")}


@click.group("staff", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """People: who has which official address, tables of personnel offices, new first passwords.

    \b
    Example:
      haicap staff list lam-dong --unit 24958
      haicap staff import lam-dong people.xlsx
    """


@command.command("list")
@options.province
@options.units
@options.as_of
@options.as_json
@click.pass_obj
def list_(
    directory: Path, province: str | None, units: tuple[str, ...], wave: str | None, as_of: date, as_json: bool
) -> None:
    """Everybody who is, was or will be in the units, with the account's address and stage on that day.

    An address is locked by `haicap lock`; until then it is empty.

    \b
    Example:
      haicap staff list lam-dong --unit 24958
      haicap staff list lam-dong --wave pilot --as-of 2025-07-01 --json
    """
    ws = _workspace(directory, province)
    codes = ask.selection(ws.inventory, units, wave)
    everybody = accounts_of(ws.inventory, ws.staff, read_mail(ws.folder), as_of)
    people = [account for account in everybody if codes is None or account.unit in codes]
    if as_json:
        screen.put_json(
            {"format": "haicap.staff/1", "province": ws.slug, "as_of": as_of, "people": list(map(_row, people))}
        )
        return
    cells = ((p.number, p.name, p.unit, p.address or "-", " ".join(p.former_addresses), p.stage) for p in people)
    screen.table(("number", "name", "unit", "address", "former", "stage"), cells)
    stages = Counter(account.stage for account in people)
    told = ", ".join(f"{number} {stage}" for stage, number in stages.items())
    screen.put(f"\n{screen.count(len(people), 'account')} on {as_of}{f': {told}' if told else ''}")
    if any(account.address is None for account in people):
        screen.say(f"Who has no address yet gets one by `haicap lock {ws.slug}`.")


@command.command("import")
@click.argument("words", nargs=-1, required=True, metavar="[PROVINCE] FILE")
@click.option(
    "--last-day",
    metavar="DATE",
    type=options.Day(),
    default=date.today,
    help="Of people that the table has no more without saying since when; today, if not said.",
)
@options.yes
@options.as_json
@click.pass_obj
def import_(directory: Path, words: tuple[str, ...], last_day: date, yes: bool, as_json: bool) -> int:
    """Take a personnel office's table (CSV or XLSX) into the staff files of the units that it names.

    Shows who comes, changes and leaves, and asks. A table with one bad row changes nothing: every bad row is shown.
    Who left stays in the file with a last day.

    \b
    Example:
      haicap staff import lam-dong people.xlsx
      haicap staff import lam-dong people.csv --last-day 2026-11-30 --yes
    """
    if len(words) > 2:
        raise click.UsageError(f"Got unexpected extra argument ({words[2]}); it takes [PROVINCE] FILE.")
    ask.ensure_answerable(yes=yes, as_json=as_json)
    ws = _workspace(directory, words[0] if len(words) == 2 else None)
    table = read_people(read_table(Path(words[-1])), ws.inventory)
    if table.findings:
        raise FindingsError(table.findings, "Nothing was changed. Mend these rows and import the table again.")
    changes = differences(ws.staff, table)
    if not as_json:
        _show(changes, ask.names_of(ws.inventory), table.ignored, last_day)
    if changes and not ask.confirm("Write the staff files?", yes=yes):
        raise Refused("Nothing was written.")
    written = _write(ws, apply_changes(ws.staff, changes, last_day))
    if as_json:
        paths = [path.relative_to(ws.directory) for path in written]
        told = [{"kind": c.kind, "unit": c.unit, "before": _plain(c.before), "after": _plain(c.after)} for c in changes]
        screen.put_json({"format": "haicap.staff-import/1", "province": ws.slug, "changes": told, "written": paths})
        return 0
    for path in written:
        screen.say(f"wrote {path.relative_to(ws.directory)}")
    if written:
        screen.say(f"Run `haicap check {ws.slug}` and `haicap lock {ws.slug}`, and review the files in git.")
    return 0


@command.command("reset")
@click.argument("words", nargs=-1, required=True, metavar="[PROVINCE] ID")
@click.option("--reason", metavar="TEXT", required=True, help="Why; it is logged here and on the mail server.")
@options.target
@options.ssh_key
@options.as_json
@click.pass_obj
def reset(
    directory: Path,
    words: tuple[str, ...],
    reason: str,
    target: Target | None,
    ssh_key: Path | None,
    as_json: bool,
) -> None:
    """Give one person a new first password, sealed to the unit's officers. The old one is void, a lockout ends.

    ID is the staff number. Nobody sees the password before the officers open the file.

    \b
    Example:
      haicap staff reset lam-dong 68-24958-004 --reason "forgotten; asked in person"
    """
    if len(words) > 2:
        raise click.UsageError(f"Got unexpected extra argument ({words[2]}); it takes [PROVINCE] ID.")
    ws = ask.workspace(directory, words[0] if len(words) == 2 else None, target, ssh_key)
    files = reset_password(ws, words[-1], reason, date.today())
    if as_json:
        screen.put_json({"format": "haicap.staff-reset/1", "province": ws.slug, "id": words[-1], "sealed": files})
        return
    for path in files:
        screen.put(f"{path}: to be handed to the unit's officers, who open it with `age -d -i KEY`")


def _workspace(directory: Path, province: str | None) -> Workspace:
    return Workspace.open(directory, ask.province_of(directory, province), "live")


def _row(account: Account) -> dict[str, Any]:
    """With the words of the staff file."""
    return {"from" if key == "since" else key: value for key, value in vars(account).items()}


def _plain(person: Person | None) -> dict[str, Any] | None:
    return person.model_dump(mode="json", by_alias=True) if person else None


def _show(changes: tuple[StaffChange, ...], names: Mapping[str, str], ignored: tuple[str, ...], last_day: date) -> None:
    if ignored:
        screen.say(f"Columns that are not used: {', '.join(ignored)}")
    for unit in dict.fromkeys(change.unit for change in changes):
        screen.put(f"{unit}  {names[unit]}", "bold")
        for change in (one for one in changes if one.unit == unit):
            sign, style = _SIGNS[change.kind]
            screen.put(f"  {sign} {_told(change, last_day)}", style)
    kinds = Counter(change.kind for change in changes)
    screen.put(f"{kinds['added']} come, {kinds['changed']} change, {kinds['left']} leave")


def _told(change: StaffChange, last_day: date) -> str:
    """`68-24958-001 Nguyễn Văn Hải: position Chuyên viên -> Kế toán`."""
    person = change.before or change.after
    assert person is not None  # noqa: S101 - a change has one of the two
    head = f"{person.id} {person.name}"
    if change.before is None:
        return f"{head}, {person.position}, from {person.valid_from}"
    if change.after is None:
        return f"{head}, last day {max(last_day, change.before.valid_from)}"
    return f"{head}: {'; '.join(_fields(change.before, change.after))}"


def _fields(before: Person, after: Person) -> Iterator[str]:
    old, new = (person.model_dump(mode="json", by_alias=True) for person in (before, after))
    for key in old:
        if old[key] != new[key]:
            was, now = (", ".join(value) if isinstance(value, list) else value for value in (old[key], new[key]))
            yield f"{key} {was or '(none)'} -> {now or '(none)'}"


def _write(ws: Workspace, staff: Staff) -> list[Path]:
    """Write the files of units whose staff is another now; a unit's comments go, its head is written anew."""
    names = ask.names_of(ws.inventory)
    written = []
    for code, one in staff.units.items():
        if one != ws.staff.units.get(code, UnitStaff(unit=code, people=())):
            path = ws.folder / FOLDER / f"{code}.yml"
            path.parent.mkdir(exist_ok=True)
            replace_file(path, (IMPORTED_HEAD.substitute(name=names[code]) + staff_yaml(one)).encode())
            written.append(path)
    return written
