"""The engine itself: the Pulumi CLI, found, started so that it dies with us, and driven by the Automation API."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from types import FrameType

from pulumi import automation as auto

from haicap.errors import HaicapError
from haicap.provider.context import VARIABLE
from haicap.stack.state import PROJECT, VERSION
from haicap.stack.workspace import Workspace

# Gone with its parent, and reached by our own Ctrl-C only: the terminal's would come twice.
_LAUNCHER = """\
#!/bin/sh
echo $$ > "{pid_file}"
exec setsid setpriv --pdeathsig KILL -- "{command}" "$@"
"""


def find_pulumi() -> Path:
    """The Pulumi CLI: the one that `make setup` cached, else the one on PATH. HaicapError with the way to get one."""
    cache = os.environ.get("HAICAP_CACHE") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    for folder in (Path(cache) / "haicap", Path(cache)):
        cached = folder / f"pulumi-{VERSION}" / "pulumi"
        if os.access(cached, os.X_OK):
            return cached
    found = shutil.which("pulumi")
    if found is None:
        raise HaicapError(
            f"The Pulumi CLI is missing. Run `make setup`, or install {VERSION} or later by Pulumi's own installer."
        )
    return Path(found)


@dataclass(frozen=True)
class OpenStack:
    """A stack to run, whether Ctrl-C has stopped it, and how else it is asked to end as cleanly."""

    stack: auto.Stack
    stopped: Event
    interrupt: Callable[[], None]


@contextmanager
def open_stack(workspace: Workspace, program: Callable[[], None], context: Path) -> Iterator[OpenStack]:
    """The province's stack with an inline program; `context` is the provider's run context. Ctrl-C ends it cleanly."""
    workspace.state_folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="haicap-") as folder:
        path = _launcher(Path(folder), find_pulumi())
        environment = {
            "PATH": path,
            "PULUMI_BACKEND_URL": workspace.backend_url,
            "PULUMI_CONFIG_PASSPHRASE": os.environ.get("PULUMI_CONFIG_PASSPHRASE", ""),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_CHECKPOINTS": "true",  # safe: creates adopt what an interrupted run left
            "PULUMI_EXPERIMENTAL": "true",
            VARIABLE: str(context),
        }
        os.environ["PATH"] = path
        settings = auto.ProjectSettings(name=PROJECT, runtime="python")
        options = auto.LocalWorkspaceOptions(
            work_dir=folder, project_settings=settings, env_vars=environment, pulumi_home=None
        )
        interrupt = partial(_interrupt, Path(folder) / "engine.pid")
        with _forwarding_interrupts(interrupt) as stopped:
            stack = auto.create_or_select_stack(workspace.stack_name, PROJECT, program, opts=options)
            yield OpenStack(stack, stopped, interrupt)


def _launcher(folder: Path, command: Path) -> str:
    """A PATH on which `pulumi` is our launcher, with the CLI's language host and our provider behind it."""
    launcher = folder / "bin" / "pulumi"
    launcher.parent.mkdir()
    launcher.write_text(_LAUNCHER.format(pid_file=folder / "engine.pid", command=command), encoding="utf-8")
    launcher.chmod(0o755)
    return os.pathsep.join(
        (str(launcher.parent), str(Path(sys.executable).parent), str(command.parent), os.environ["PATH"])
    )


def _interrupt(pid_file: Path) -> None:
    """Ask the engine to stop: it records what was done, and starts nothing new."""
    with suppress(OSError, ValueError):
        os.kill(int(pid_file.read_text(encoding="utf-8")), signal.SIGINT)


@contextmanager
def _forwarding_interrupts(interrupt: Callable[[], None]) -> Iterator[Event]:
    """While it holds, Ctrl-C reaches the engine by `interrupt`. Yields the flag that then is set."""
    stopped = Event()

    def forward(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()
        interrupt()

    before = signal.signal(signal.SIGINT, forward)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, before)
