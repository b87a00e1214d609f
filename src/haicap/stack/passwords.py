"""A new first password for one person: made and sealed on the mail server, and logged."""

from __future__ import annotations

import getpass
import json
from datetime import UTC, date, datetime
from pathlib import Path

from haicap.design.accounts import Account, accounts_of
from haicap.directory.call import call
from haicap.directory.sealed import keep_sealed
from haicap.errors import HaicapError
from haicap.stack.mailhost import mail_host
from haicap.stack.record import record
from haicap.stack.workspace import Workspace

_LOG = "password-resets.jsonl"


def reset_password(workspace: Workspace, number: str, reason: str, today: date) -> tuple[Path, ...]:
    """Reset the password of the person with a staff number; the sealed files to hand over.

    HaicapError when there is no such account that can log in, or the server does not do it; then nothing is logged.
    """
    account = _account(workspace, number, today)
    design = workspace.design(today)
    unit = next(unit for unit in design.units if unit.code == account.unit)
    if unit.accounts is None:
        raise HaicapError(
            f"The accounts of unit {unit.code} do not stand yet: `haicap plan {workspace.slug}` says why."
        )
    by = getpass.getuser()
    host = mail_host(workspace, design)
    wanted = {
        "code": unit.code,
        "name": unit.name,
        "officers": list(unit.accounts.officers),
        "people": {number: {"name": account.name, "address": account.address}},
        "groups": {},
        "probes": {},
    }
    job = {"key": "reset", "op": "reset", "unit": wanted, "number": number, "by": by, "reason": reason}
    connection = workspace.connection()
    workspace.enter()
    sealed = call(host, connection, [job]).result("reset")
    paths = keep_sealed(workspace.sealed, sealed)
    _log(workspace, {"id": number, "unit": unit.code, "by": by, "reason": reason, "sealed": sorted(sealed)})
    record(workspace, "staff-reset", person=number, unit=unit.code, reason=reason)
    call(host, connection, [{"key": "collected", "op": "collected", "names": sorted(sealed)}]).result("collected")
    return paths


def _account(workspace: Workspace, number: str, today: date) -> Account:
    people = workspace.people
    own = [a for a in accounts_of(workspace.inventory, people.staff, people.mailboxes, today) if a.number == number]
    home = next((account for account in own if account.home == account.unit), None)
    if home is None:
        raise HaicapError(f"{workspace.slug} has nobody with the staff number {number}: `haicap staff list` shows all.")
    if home.stage not in ("prepare", "live"):
        raise HaicapError(f"{number} {home.name} is {home.stage} since {home.until}: such an account has no login.")
    return home


def _log(workspace: Workspace, event: dict[str, object]) -> None:
    """One line more in the log beside the sealed files."""
    line = json.dumps({"at": datetime.now(UTC).isoformat(timespec="seconds"), **event}, ensure_ascii=False)
    with (workspace.sealed / _LOG).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
