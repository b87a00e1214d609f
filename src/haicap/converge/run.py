"""One run of Ansible over many hosts, through ansible-runner's configuration and events.

Ansible is started by subprocess and not by ansible-runner's own pexpect: that forks Python code in a process that may
have hundreds of threads. It dies with the thread that started it.
"""

from __future__ import annotations

import codecs
import io
import os
import selectors
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ansible_runner import Runner, RunnerConfig
from ansible_runner.utils import OutputEventFilter

from haicap.converge import outcome
from haicap.converge.model import HostJob, HostResult, Mode
from haicap.converge.workspace import Workspace, workspace
from haicap.errors import HaicapError
from haicap.reach.context import Connection

OnResult = Callable[[str, HostResult], None]
_POLL_SECONDS = 0.2
_GRACE_SECONDS = 5.0
# Gone with its parent; and if the parent went before that took hold, never started.
_BOUND = ("--pdeathsig", "TERM", "--", "/bin/sh", "-c", 'test "$PPID" = "$0" || exit 1; exec "$@"')


def run_hosts(
    jobs: Sequence[HostJob],
    context: Connection,
    mode: Mode,
    on_result: OnResult | None = None,
    cancel: threading.Event | None = None,
) -> dict[str, HostResult]:
    """Converge (or observe, or clean) all hosts in one run; an answer for each job's name, whatever happens.

    `on_result` hears each host's name and answer while the run goes on. A host that fails or cannot be reached is a
    result, not an error. HaicapError: two jobs of one name, a role that
    does not exist, or no ansible-playbook. Blocks until all hosts answered or `cancel` is set.
    """
    named = {job.name: job for job in jobs}
    if len(named) != len(jobs):
        raise HaicapError("a run has one job for each host")
    if not jobs:
        return {}
    follower = _Follower(named, context, on_result or (lambda _name, _result: None))
    with workspace(jobs, context, mode) as place:
        output = _run_ansible(place, follower, cancel or threading.Event())
    canceled = cancel is not None and cancel.is_set()
    for name in named.keys() - follower.results.keys():
        follower.take(name, outcome.unanswered(named[name], output, canceled))
    return follower.results


class _Follower:
    """Turns Ansible's events into results, while the run goes on."""

    def __init__(self, jobs: dict[str, HostJob], context: Connection, on_result: OnResult) -> None:
        self._jobs = jobs
        self._context = context
        self._on_result = on_result
        self.results: dict[str, HostResult] = {}

    def __call__(self, event: dict[str, Any]) -> bool:
        """Take one event of ansible-runner's. False: it need not be written to disk."""
        data = event.get("event_data") or {}
        job = self._jobs.get(data.get("host", ""))
        if job is None:
            return False
        if result := self._result(job, event["event"], data):
            self.take(job.name, result)
        return False

    def take(self, name: str, result: HostResult) -> None:
        """Keep a host's answer, and tell it."""
        self.results[name] = result
        self._on_result(name, result)

    def _result(self, job: HostJob, kind: str, data: dict[str, Any]) -> HostResult | None:
        answer = data.get("res") or {}
        if kind == "runner_on_ok":
            return outcome.succeeded(answer)
        if kind == "runner_on_failed":
            return outcome.failed(job, answer, data.get("task"))
        if kind == "runner_on_unreachable":
            return outcome.unreachable(job, answer, self._context)
        return None


def _run_ansible(place: Workspace, follower: _Follower, cancel: threading.Event) -> str:
    """Run the playbook to its end, or until `cancel`; returns what Ansible printed."""
    config = _config(place)
    printed = io.StringIO()
    events = OutputEventFilter(printed, Runner(config, event_handler=follower).event_callback, True)
    process = subprocess.Popen(
        [*_launcher(), str(_ansible_playbook()), "-i", str(place.inventory), str(place.playbook)],
        cwd=place.folder,
        env=config.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        _pump(process, events.write, cancel)
    finally:
        _end(process)
    text = printed.getvalue()
    events.close()
    return text


def _config(place: Workspace) -> RunnerConfig:
    """ansible-runner's environment for its event plug-in, without anything of the user's own Ansible."""
    config = RunnerConfig(private_data_dir=str(place.folder), playbook=str(place.playbook), ident="run", quiet=True)
    config.prepare()
    (place.folder / "artifacts" / "run" / "job_events").mkdir(mode=0o700, exist_ok=True)
    theirs = {
        name for name, value in config.env.items() if name.startswith("ANSIBLE_") and os.environ.get(name) == value
    }
    config.env = {name: value for name, value in config.env.items() if name not in theirs} | dict(place.environment)
    return config


def _ansible_playbook() -> Path:
    path = Path(sys.executable).parent / "ansible-playbook"
    if not path.exists():
        raise HaicapError(f"{path} is missing: install haicap with its dependencies")
    return path


def _launcher() -> list[str]:
    setpriv = shutil.which("setpriv")
    return [setpriv, *_BOUND, str(os.getpid())] if setpriv else []


def _pump(process: subprocess.Popen[bytes], write: Callable[[str], object], cancel: threading.Event) -> None:
    """Hand on what Ansible prints until it closes its output; stop early on `cancel`."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    with selectors.DefaultSelector() as selector:
        selector.register(_output(process), selectors.EVENT_READ)
        while not cancel.is_set():
            if not selector.select(_POLL_SECONDS):
                if process.poll() is not None:
                    return
                continue
            chunk = os.read(_output(process), 1 << 16)
            if not chunk:
                return
            write(decoder.decode(chunk))


def _output(process: subprocess.Popen[bytes]) -> int:
    return process.stdout.fileno() if process.stdout else -1


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing behind: Ansible, its workers and their connections are one session. It has a moment to go alone."""
    for number, seconds in ((0, 1.0), (signal.SIGTERM, _GRACE_SECONDS), (signal.SIGKILL, None)):
        _signal(process, number)
        try:
            process.wait(seconds)
            break
        except subprocess.TimeoutExpired:
            continue
    if process.stdout is not None:
        process.stdout.close()


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
