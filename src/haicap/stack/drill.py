"""A restore drill: one mailbox out of the newest backup, compared on the mail server with what was saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from haicap.design.accounts import Account, accounts_of
from haicap.directory.call import call
from haicap.errors import HaicapError
from haicap.plan.model import Json
from haicap.stack.mailhost import mail_host
from haicap.stack.workspace import Workspace

_SECONDS = 24 * 3600.0  # a first backup by a slow line, then a large mailbox


@dataclass(frozen=True)
class MailDrill:
    """What a drill found. `id` is the staff number, "" when nobody's mailbox held a message; then nothing was restored.

    `missing`, `changed`, `extra` are messages' names: folder and file name in the Maildir. `later` came while the
    backup ran, after its list of messages was made. `entry`: the person is in the saved directory.
    """

    server: str
    snapshot: str
    time: str
    age_seconds: int
    id: str = ""
    name: str = ""
    expected: int = 0
    restored: int = 0
    missing: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    entry: bool = False
    seconds: float = 0.0
    reasons: tuple[str, ...] = field(default=())

    @property
    def proven(self) -> bool:
        """Whether every message came back as it was, and the person's entry too."""
        return not self.reasons


def drill_mail(workspace: Workspace, unit: str | None, number: str | None, today: date, *, backup: bool) -> MailDrill:
    """Drill the mailbox of a person (staff number), or the fullest one of a unit (code), or of all.

    HaicapError when it cannot be done: nobody is meant, the server is not there, there is no snapshot.
    """
    people = _people(workspace, unit, number, today)
    host = mail_host(workspace, workspace.design(today))
    numbers: list[Json] = [account.number for account in people]
    job = {
        "key": "drill",
        "op": "drill",
        "repository": workspace.inventory.province.mail.backup.repository,
        "numbers": numbers,
        "backup": backup,
    }
    connection = workspace.connection()
    workspace.enter()
    found = call(host, connection, [job], _SECONDS).result("drill")
    return read_drill(host.name, found, {account.number: account.name for account in people})


def _people(workspace: Workspace, unit: str | None, number: str | None, today: date) -> Sequence[Account]:
    """Whose mailbox may be drilled: those that are at home in the unit, if one is named."""
    people = workspace.people
    everybody = accounts_of(workspace.inventory, people.staff, people.mailboxes, today)
    found = [account for account in everybody if account.home == account.unit and unit in (None, account.unit)]
    if number is not None:
        found = [account for account in found if account.number == number]
    if found:
        return found
    where = f"Unit {unit}" if unit is not None else workspace.slug
    whom = f"nobody with the staff number {number}" if number is not None else "no staff file"
    raise HaicapError(f"{where} has {whom}: `haicap staff list {workspace.slug}` shows all.")


def read_drill(server: str, found: Json, names: dict[str, str]) -> MailDrill:
    """The server's answer (see `onhost.drill`), with the reasons why it proves nothing, if there are any."""
    number = found["number"]
    snapshot = MailDrill(server, found["snapshot"], found["time"], found["age_seconds"])
    if number is None:
        whose = f"{next(iter(names))}'s mailbox" if len(names) == 1 else f"none of the {len(names)} mailboxes"
        held = "held no message" if len(names) == 1 else "held a message"
        reason = f"{whose} {held} when the snapshot was taken: there is nothing to restore, and nothing was proven"
        return MailDrill(**{**vars(snapshot), "reasons": (reason,)})
    lists = {key: tuple(found[key]) for key in ("missing", "changed", "extra", "later")}
    counts = {key: found[key] for key in ("expected", "restored", "entry", "seconds")}
    reasons = [f"{words}: {len(lists[key])}" for key, words in _WRONG.items() if lists[key]]
    if not found["entry"]:
        reasons.append("the person has no entry in the saved directory")
    return MailDrill(
        **{**vars(snapshot), **counts, **lists, "id": number, "name": names[number], "reasons": tuple(reasons)}
    )


_WRONG = {
    "missing": "messages that are missing",
    "changed": "messages that are not what they were",
    "extra": "messages that came back and were not listed",
}
