"""One control group a host: what it uses is measured there, and whoever is in it is the host's, whatever its pid.

The kernel's old layout (a folder for each controller) and the unified one are both served. A group is empty or gone
after the machine restarted, so no process of another is ever taken for a host's.
"""

import os
import re
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from haicap.errors import HaicapError
from haicap.lab.command import run

ROOT = Path("/sys/fs/cgroup")
# The hierarchies of the old layout that systemd in a host needs, and those that hold all its processes and memory.
_OLD_LAYOUT = ("systemd", "unified", "memory", "pids")
_DEADLINE = 10.0  # seconds for killed processes to leave
_TIDYING = 2.0  # seconds for a systemd-nspawn without its host to remove its own locks and folders


def prepare() -> None:
    """Mount the two hierarchies of the old layout that only a systemd at the machine's start would have mounted."""
    if _is_unified():
        return
    for name, options in (("systemd", ["-t", "cgroup", "-o", "none,name=systemd"]), ("unified", ["-t", "cgroup2"])):
        place = ROOT / name
        if not (place / "cgroup.procs").exists():
            place.mkdir(exist_ok=True)
            run(["mount", *options, name, str(place)])


def make(group: str) -> list[Path]:
    """Make a host's group in each hierarchy and return the files that a process writes its pid into to join."""
    folders = [root / group for root in _roots()]
    for folder in folders:
        folder.mkdir(exist_ok=True)
    return [folder / "cgroup.procs" for folder in folders]


def groups(prefix: str) -> list[str]:
    """The names of all groups that begin with `prefix`, in any hierarchy."""
    return sorted({folder.name for root in _roots() for folder in root.glob(f"{prefix}*")})


def pids(group: str) -> set[int]:
    """The processes of a host, as this machine numbers them. Empty when it is off."""
    found: set[int] = set()
    for root in _roots():
        for folder, _, _ in os.walk(root / group):
            found.update(_read_pids(Path(folder)))
    return found


def supervisor(group: str) -> int | None:
    """The pid of the host's systemd-nspawn, or None when the host is off."""
    here = _roots()[-1] / group
    for pid in (*_read_pids(here), *_read_pids(here / "supervisor")):
        if (
            _parent_and_name(pid)[1] == "systemd-nspawn"
            and _parent_and_name(_parent_and_name(pid)[0])[1] != "systemd-nspawn"
        ):
            return pid
    return None


def leader(supervisor_pid: int) -> int | None:
    """The pid of the init that a systemd-nspawn started: its child that is number 1 in its own pid namespace."""
    try:
        children = Path(f"/proc/{supervisor_pid}/task/{supervisor_pid}/children").read_text().split()
        numbers = {
            int(pid): re.search(r"^NSpid:(.*)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
            for pid in children
        }
    except OSError:  # one of them has just ended
        return None
    return next((pid for pid, found in numbers.items() if found and found[1].split()[1:] == ["1"]), None)


def memory_mib(group: str) -> float:
    """What the host's processes and its in-memory files hold, in MiB, without the machine's file cache."""
    folder = ROOT / group if _is_unified() else ROOT / "memory" / group
    usage = "memory.current" if _is_unified() else "memory.usage_in_bytes"
    cache, shared = ("file", "shmem") if _is_unified() else ("total_cache", "total_shmem")
    try:
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        used = int((folder / usage).read_text()) - int(stat[cache]) + int(stat.get(shared, 0))
    except (OSError, KeyError, ValueError):
        return 0.0
    return round(max(used, 0) / 2**20, 1)


def kill(groups: Iterable[str]) -> None:
    """End every process of these hosts at once and remove their groups. HaicapError when some will not go."""
    groups = list(groups)
    start = time.monotonic()
    while left := {pid: group for group in groups for pid in pids(group)}:
        waited = time.monotonic() - start
        if waited > _DEADLINE:
            raise HaicapError(
                f"processes {sorted(left)} of the lab do not end; see what they do with `ps`, then try again"
            )
        tidying = {supervisor(group) for group in left.values()} if waited < _TIDYING else set()
        for pid in left.keys() - tidying:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
    for group in groups:
        for root in _roots():
            _remove(root / group, start + _DEADLINE)


def _remove(folder: Path, deadline: float) -> None:
    for inner, _, _ in os.walk(folder, topdown=False):
        while Path(inner).exists():
            try:
                Path(inner).rmdir()
            except OSError:  # the last process is still on its way out
                if time.monotonic() > deadline:
                    raise HaicapError(f"{inner} cannot be removed; try again") from None
                time.sleep(0.02)


def _roots() -> list[Path]:
    """Where a host's group lives; in the last one its processes are never moved by the host's own systemd."""
    return [ROOT] if _is_unified() else [ROOT / name for name in _OLD_LAYOUT if (ROOT / name).is_dir()]


def _is_unified() -> bool:
    return (ROOT / "cgroup.controllers").exists()


def _read_pids(folder: Path) -> list[int]:
    try:
        return [int(pid) for pid in (folder / "cgroup.procs").read_text().split()]
    except OSError:
        return []


def _parent_and_name(pid: int) -> tuple[int, str]:
    try:
        head, _, tail = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
    except OSError:
        return 0, ""
    return int(tail.split()[1]), head.partition("(")[2]
