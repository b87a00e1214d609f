"""Virtual machines: all that are due at once on a hypervisor go there together, and each is answered as it is done."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from haicap.converge import Batcher
from haicap.errors import HaicapError
from haicap.machines.call import HypervisorHost, call
from haicap.machines.move import Move, move
from haicap.plan.model import Json
from haicap.provider.context import RunContext
from haicap.provider.kind import Inputs

_Answer = Callable[[str, Json | Exception], None]


class Machines:
    """The resource kind `Machine`."""

    def __init__(self, context: Callable[[], RunContext]) -> None:
        self._context = context
        self._jobs: dict[str, Mapping[str, Json]] = {}
        self._batchers: dict[HypervisorHost, Batcher[str, Json]] = {}
        self._lock = threading.Lock()

    def write(self, name: str, inputs: Inputs, previous: Inputs | None) -> None:
        """Bring the machine to the inputs, on another hypervisor if they say so, and wait until it answers."""
        destroy = self._context().destroys(name)
        if previous is not None and previous["hypervisor"] != inputs["hypervisor"]:
            move(Move(previous, inputs, destroy), self._context().connection)
        else:
            self._ask(name, inputs, {"op": "write", "wanted": inputs, "previous": previous, "destroy": destroy})

    def delete(self, name: str, inputs: Inputs) -> None:
        """Take the machine away, and its data disks if the plan was to."""
        self._ask(name, inputs, {"op": "delete", "gone": inputs, "destroy": self._context().destroys(name)})

    def read(self, name: str, inputs: Inputs) -> Inputs:
        """The machine as its hypervisor has it."""
        found: Inputs | None = self._ask(name, inputs, {"op": "read", "wanted": inputs})
        return found if found is not None else {**inputs, "state": "absent"}

    def _ask(self, name: str, inputs: Inputs, job: Mapping[str, Json]) -> Json:
        host = host_of(inputs)
        key = f"{name} {job['op']}"
        with self._lock:
            self._jobs[key] = {"key": key, **job}
            batcher = self._batchers.setdefault(host, Batcher(partial(self._run, host), quiet=0.3))
        return batcher.call(key)

    def _run(self, host: HypervisorHost, keys: Sequence[str], answer: _Answer) -> None:
        answers = call(host, self._context().connection, [self._jobs[key] for key in keys], on_answer=answer)
        for key in keys:
            if key not in answers.results and key not in answers.errors:
                answer(key, HaicapError(answers.error or f"{host.name} gave no answer for {key}"))


def host_of(inputs: Inputs) -> HypervisorHost:
    """Where a machine is."""
    return HypervisorHost(inputs["hypervisor"], inputs["address"])
