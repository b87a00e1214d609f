"""A host: its rendered files, services and packages. All hosts that are due at once are one Ansible run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial

from haicap.converge import Batcher, HostJob, HostResult, run_hosts
from haicap.converge.model import Mode
from haicap.errors import HaicapError
from haicap.provider.context import RunContext
from haicap.provider.kind import Inputs

_Key = tuple[Mode, str]
_Answer = Callable[[_Key, HostResult | Exception], None]


class Hosts:
    """The resource kind `Host`."""

    def __init__(self, context: Callable[[], RunContext], cancel: threading.Event) -> None:
        self._context = context
        self._cancel = cancel
        self._jobs: dict[_Key, HostJob] = {}
        self._batcher: Batcher[_Key, HostResult] = Batcher(self._run)

    def write(self, name: str, inputs: Inputs, previous: Inputs | None) -> None:
        """Converge the host to the inputs."""
        self._ask("apply", name, inputs)

    def delete(self, name: str, inputs: Inputs) -> None:
        """Take everything of ours off the host, and put back what was there before."""
        self._ask("absent", name, inputs)

    def read(self, name: str, inputs: Inputs) -> Inputs:
        """Files and services as they are; a file that is gone is absent, a secret is not shown."""
        found = self._ask("observe", name, inputs).found
        files = {path: text for path, text in found["files"].items() if text is not None}
        return {**inputs, "files": files, "services": dict(found["services"])}

    def _ask(self, mode: Mode, name: str, inputs: Inputs) -> HostResult:
        key = (mode, name)
        self._jobs[key] = HostJob(
            name,
            inputs["role"],
            inputs["address"],
            inputs["files"],
            inputs["services"],
            inputs["packages"],
            inputs.get("product", {}),
        )
        result = self._batcher.call(key)
        if not result.ok:
            task = f"{result.task}: " if result.task else ""
            raise HaicapError(f"{task}{result.error or 'failed without a word'}")
        return result

    def _run(self, keys: Sequence[_Key], answer: _Answer) -> None:
        modes: tuple[Mode, ...] = ("apply", "observe", "absent")
        for mode in modes:
            jobs = [self._jobs[key] for key in keys if key[0] == mode]
            if jobs:
                run_hosts(jobs, self._context().connection, mode, partial(_pass_on, answer, mode), self._cancel)


def _pass_on(answer: _Answer, mode: Mode, name: str, result: HostResult) -> None:
    answer((mode, name), result)
