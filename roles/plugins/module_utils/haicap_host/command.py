"""Running programs, and the host they run on. `HostError` is the one error that a person is meant to read."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

# Every unit that we enable is systemd's own: for the old init script beside it, Debian's hook would have systemd read
# all its files again, twice for each.
_ENVIRONMENT = {"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive", "SYSTEMCTL_SKIP_SYSV": "1"}
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class HostError(Exception):
    """What stopped this run, in words for a person; nothing half done stands behind it."""


@dataclass(frozen=True)
class Ran:
    """A finished program: its exit code (124: ran out of time, 127: not installed) and all it printed."""

    rc: int
    out: str


def run(argv: Sequence[str], timeout: float = 60.0) -> Ran:
    """Run a program in the C locale, its input closed, for at most `timeout` seconds."""
    environment = {**os.environ, **_ENVIRONMENT, "PATH": _PATH}
    try:
        done = subprocess.run(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError:
        return Ran(127, f"{argv[0]} is not installed")
    except subprocess.TimeoutExpired as late:
        return Ran(124, f"{(late.output or b'').decode(errors='replace')}\n{argv[0]} took more than {timeout:.0f} s")
    return Ran(done.returncode, done.stdout.decode(errors="replace"))


@dataclass(frozen=True)
class Host:
    """The machine a run works on. Tests give it a root folder, a fake `run`, and a clock of their own."""

    root: Path = Path("/")
    state_dir: str = "/var/lib/haicap"
    run: Callable[..., Ran] = run
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def at(self, path: str) -> Path:
        """Where an absolute path of the host is."""
        return self.root / path.lstrip("/")

    @property
    def state(self) -> Path:
        """The folder of what haicap knows about this host."""
        return self.at(self.state_dir)
