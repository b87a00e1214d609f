"""One request in, one answer a line out: {"key", "result"} or {"key", "error"}."""

from __future__ import annotations

import json
import syslog
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from haicap.directory.onhost.accounts import Accounts, Unit
from haicap.directory.onhost.backupkey import seal_key
from haicap.directory.onhost.base import Base
from haicap.directory.onhost.drill import Repository, drill
from haicap.directory.onhost.mailboxes import Mailboxes
from haicap.directory.onhost.passwords import collected
from haicap.directory.onhost.tree import LDAPError, Tree, told


def main(suffix: str, jobs: Sequence[Mapping[str, Any]]) -> None:
    """Do every job, each for itself; what fails says why, and the next is done all the same."""
    for job in jobs:
        if job["op"] == "drill":  # it does without the directory, which may be what was lost
            _attempt(job, partial(_drill, job, suffix))
    others = [job for job in jobs if job["op"] != "drill"]
    if not others:
        return
    try:
        tree = Tree()
    except LDAPError as error:
        _answer("", error=f"the directory does not answer: {told(error)}")
        return
    base, accounts = Base(tree, suffix), Accounts(tree, suffix, Mailboxes())
    for job in others:
        _attempt(job, partial(_do, job, base, accounts))


def _attempt(job: Mapping[str, Any], work: Callable[[], Any]) -> None:
    try:
        _answer(job["key"], result=work())
    except LDAPError as error:
        _answer(job["key"], error=f"the directory refuses: {told(error)}")
    except (OSError, ValueError) as error:
        _answer(job["key"], error=str(error))


def _drill(job: Mapping[str, Any], suffix: str) -> Any:
    return drill(Repository(job["repository"]), job["numbers"], suffix, backup=job["backup"])


def _do(job: Mapping[str, Any], base: Base, accounts: Accounts) -> Any:
    unit = Unit(**job["unit"]) if "unit" in job else None
    does: dict[str, Callable[[], Any]] = {
        "write-base": lambda: _write_base(base, job["wanted"]),
        "read-base": base.read,
        "delete-base": base.delete,
        "open-probes": lambda: accounts.open_probes(job["numbers"]),
        "close-probes": lambda: accounts.close_probes(job["numbers"]),
        "collected": lambda: collected(job["names"]),
    }
    if unit is not None:
        does |= {
            "write": lambda: accounts.write(unit, destroy=job["destroy"]),
            "read": lambda: accounts.read(unit),
            "reset": lambda: _reset(accounts, unit, job),
        }
    return does[job["op"]]()


def _write_base(base: Base, wanted: Mapping[str, Any]) -> Any:
    base.write(wanted)
    return seal_key(wanted["server"], wanted["officers"])


def _reset(accounts: Accounts, unit: Unit, job: Mapping[str, Any]) -> Any:
    sealed = accounts.reset(unit, job["number"])
    syslog.openlog("haicap", facility=syslog.LOG_AUTH)
    syslog.syslog(syslog.LOG_NOTICE, f"password of {job['number']} was reset by {job['by']}: {job['reason']}")
    return sealed


def _answer(key: str, result: Any = None, error: str | None = None) -> None:
    said = {"key": key, "error": error} if error is not None else {"key": key, "result": result}
    print(json.dumps(said), flush=True)
