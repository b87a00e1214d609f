"""One request in, one answer a line out: {"key", "result"} or {"key", "error"}."""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from haicap.machines.onhost.delete import delete
from haicap.machines.onhost.guests import Hypervisor
from haicap.machines.onhost.leftover import delete_disk, leftover
from haicap.machines.onhost.move import discard, expect, export, forget, receive, resume, withdraw
from haicap.machines.onhost.read import read
from haicap.machines.onhost.write import PATIENCE, Job, write

_AT_ONCE = 16  # machines; each waits most of its time for a guest
_EMULATED = 3  # times as long for a processor that is emulated, beside others
_PRINTING = threading.Lock()


def main(jobs: Sequence[Mapping[str, Any]]) -> None:
    """Do the jobs beside each other; what fails says why, and stops no other."""
    os.umask(0o077)
    try:
        hypervisor = Hypervisor()
    except (ImportError, OSError) as error:
        _answer("", error=str(error))
        return
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        for job in jobs:
            threads.submit(_attempt, hypervisor, job)


def _attempt(hypervisor: Hypervisor, job: Mapping[str, Any]) -> None:
    try:
        _answer(job["key"], result=_do(hypervisor, job))
    except (OSError, ValueError) as error:
        _answer(job["key"], error=str(error))
    except hypervisor.libvirt.libvirtError as error:
        _answer(job["key"], error=f"libvirt refuses: {error}")
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        _answer(job["key"], error=f"{type(error).__name__}: {error}")


def _do(hypervisor: Hypervisor, job: Mapping[str, Any]) -> Any:
    patience = job.get("patience", PATIENCE if hypervisor.accelerated else PATIENCE * _EMULATED)
    does: dict[str, Callable[[], Any]] = {
        "write": lambda: write(hypervisor, _job(job, patience)),
        "read": lambda: read(hypervisor, job["wanted"]),
        "delete": lambda: delete(hypervisor, job["gone"], destroy=job["destroy"], patience=patience),
        "leftover": lambda: leftover(hypervisor, job["known"]),
        "delete-disk": lambda: delete_disk(hypervisor, job["name"]),
        "expect": lambda: expect(hypervisor, job["wanted"], job["moved"], job["source"]),
        "export": lambda: export(hypervisor, job["gone"], job["wanted"], patience),
        "import": lambda: receive(hypervisor, job["wanted"], job["files"]),
        "withdraw": lambda: withdraw(hypervisor, job["wanted"], job["source"], patience),
        "resume": lambda: resume(hypervisor, job["gone"], patience),
        "discard": lambda: discard(hypervisor, job["wanted"], job["moved"]),
        "forget": lambda: forget(hypervisor, job["gone"], job["moved"], patience),
    }
    return does[job["op"]]()


def _job(job: Mapping[str, Any], patience: float) -> Job:
    return Job(**{"patience": patience} | {key: value for key, value in job.items() if key not in ("key", "op")})


def _answer(key: str, result: Any = None, error: str | None = None) -> None:
    said = {"key": key, "error": error} if error is not None else {"key": key, "result": result}
    with _PRINTING:
        print(json.dumps(said), flush=True)
