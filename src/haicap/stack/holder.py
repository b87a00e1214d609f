"""One applier at a time: a lock that dies with its owner, and the engine's own locks when their owner is dead."""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from haicap.errors import Refused
from haicap.stack.workspace import Workspace


@contextmanager
def hold(workspace: Workspace) -> Iterator[None]:
    """Hold a province's stack. Refused, with who holds it since when, while another does."""
    with _own(workspace, "apply.lock"):
        _clear_dead_locks(workspace)
        yield


@contextmanager
def hold_cutover(workspace: Workspace) -> Iterator[None]:
    """Hold a province's cut-overs, from the first step to the last; between its steps others may apply."""
    with _own(workspace, "cutover.lock"):
        yield


@contextmanager
def _own(workspace: Workspace, name: str) -> Iterator[None]:
    path = workspace.state_folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise Refused(_held(workspace, file.read())) from None
        file.truncate(0)
        file.write(_owner())
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def _owner() -> str:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return f"{getpass.getuser()} on {socket.gethostname()}, process {os.getpid()}, since {now}"


def _held(workspace: Workspace, owner: str) -> str:
    return (
        f"{workspace.stack_name}: another run holds this province: {owner or 'just starting'}.\n"
        "Wait until it ends, then run this again."
    )


def _clear_dead_locks(workspace: Workspace) -> None:
    """The engine's locks have no lease: one whose process is dead on this machine is taken away, no other is."""
    if not workspace.backend_url.startswith("file://"):
        return
    folder = Path(workspace.backend_url.removeprefix("file://")) / ".pulumi" / "locks"
    for path in folder.rglob("*.json"):
        try:
            lock = json.loads(path.read_bytes())
        except ValueError:
            lock = {}
        if lock.get("hostname", socket.gethostname()) == socket.gethostname() and not _alive(lock.get("pid")):
            with suppress(FileNotFoundError):
                path.unlink()
        else:
            owner = f"{lock.get('username')} on {lock.get('hostname')}, process {lock.get('pid')}"
            raise Refused(_held(workspace, f"{owner}, since {lock.get('timestamp')}"))


def _alive(pid: int | None) -> bool:
    """Whether the process goes on: one that has ended but was not yet collected by its parent (a zombie) does not."""
    if not pid:
        return False
    try:
        os.kill(pid, 0)
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except ProcessLookupError:
        return False
    except (PermissionError, FileNotFoundError):  # another user's, or a system without /proc
        return True
    return status.rpartition(")")[2].split()[0] not in ("Z", "X")
