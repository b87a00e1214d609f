"""`haicap drill`: prove that what was saved comes back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import click

from haicap.cli import ask, options, screen
from haicap.stack.drill import MailDrill, drill_mail
from haicap.stack.workspace import Target

_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


@click.group("drill", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Prove that what was saved comes back: restore some of it aside, and compare.

    \b
    Example:
      haicap drill mail lam-dong
    """


@command.command("mail")
@options.province
@click.option("--unit", metavar="CODE", help="The fullest mailbox of this unit, by code or name; of all, if not said.")
@click.option("--person", metavar="ID", help="The mailbox of the person with this staff number.")
@click.option("--backup", is_flag=True, help="Take a snapshot first, and wait for it.")
@options.target
@options.ssh_key
@options.as_json
@click.pass_obj
def mail(
    directory: Path,
    province: str | None,
    unit: str | None,
    person: str | None,
    backup: bool,
    target: Target | None,
    ssh_key: Path | None,
    as_json: bool,
) -> int:
    """Restore one mailbox out of the newest snapshot, on the mail server and aside, and compare each message.

    The mailbox that people use is not touched. Exit code 2 when something differs, or there was nothing to compare.

    \b
    Example:
      haicap drill mail lam-dong --unit 24958
      haicap drill mail lam-dong --person 68-24958-004 --backup
    """
    ws = ask.workspace(directory, province, target, ssh_key)
    code = ask.find_unit(ws.inventory, unit).code if unit is not None else None
    found = drill_mail(ws, code, person, date.today(), backup=backup)
    if as_json:
        told = {**vars(found), "proven": found.proven}
        screen.put_json({"format": "haicap.drill/1", "province": ws.slug, **told})
    else:
        for line in _lines(found):
            screen.put(line)
        screen.put("Proven." if found.proven else "NOT proven:", "green" if found.proven else "bold red")
        for reason in found.reasons:
            screen.put(f"  {reason}")
    return 0 if found.proven else 2


def _lines(found: MailDrill) -> Iterator[str]:
    """What was done, a line each."""
    yield f"{found.server}: snapshot {found.snapshot} of {found.time}, {_age(found.age_seconds)} old"
    if not found.id:
        return
    yield f"{found.id} {found.name}: {screen.count(found.expected, 'message')} saved, {found.restored} restored"
    for word in ("missing", "changed", "extra"):
        names: tuple[str, ...] = getattr(found, word)
        yield from (f"  {word}: {name}" for name in screen.few(names))
    if found.later:
        yield f"  {screen.count(len(found.later), 'message')} more came while the backup ran"
    yield f"the entry in the directory: {'there' if found.entry else 'not there'}"
    yield f"restored and compared in {found.seconds:g} s"


def _age(seconds: int) -> str:
    size, word = next((one for one in _UNITS if seconds >= one[0]), _UNITS[-1])
    return screen.count(seconds // size, word)
