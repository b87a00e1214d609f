"""A machine that goes to another hypervisor: off there, carried over, on here, and only then forgotten where it was.

Each step may be done again: a run that was killed is finished by the next. If the machine does not come up where it
went to, it is started again where it was.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from haicap.errors import HaicapError
from haicap.machines.call import HypervisorHost, call
from haicap.machines.onhost.names import POOL
from haicap.plan.model import Json
from haicap.reach.context import Connection
from haicap.reach.pipe import End, pipe

Inputs = Mapping[str, Json]
_SECONDS = 24 * 3600.0  # large disks by a slow line


@dataclass(frozen=True)
class Move:
    """A machine's `previous` inputs, on one hypervisor, and those that are `wanted`, on another. `destroy`: data disks
    that it has no longer go for good. `patience`: seconds that it has until it answers."""

    previous: Inputs
    wanted: Inputs
    destroy: bool
    patience: float = 300.0

    @property
    def old(self) -> HypervisorHost:
        """Where the machine is."""
        return HypervisorHost(self.previous["hypervisor"], self.previous["address"])

    @property
    def new(self) -> HypervisorHost:
        """Where it goes to."""
        return HypervisorHost(self.wanted["hypervisor"], self.wanted["address"])


def move(change: Move, connection: Connection) -> None:
    """Move the machine, its data, and whatever else changes of it. HaicapError says where it is then."""
    sides = _Sides(change, connection)
    if not sides.expect():
        files = sides.export()
        try:
            sides.carry(files)
        except HaicapError as error:
            raise HaicapError(f"{error}. {sides.resume()}") from error
    try:
        sides.write()
    except HaicapError as error:
        raise HaicapError(f"{error}. {sides.go_back()}") from error
    sides.forget()


class _Sides:
    """Both hypervisors, and what each of them does."""

    def __init__(self, change: Move, connection: Connection) -> None:
        self._change, self._connection = change, connection
        self._machine = str(change.wanted["machine"])

    @property
    def _moved(self) -> list[str]:
        """The data disks that go along."""
        return sorted(set(self._change.previous["disks"]) & set(self._change.wanted["disks"]))

    def expect(self) -> bool:
        """Make the new one ready; whether the machine came there in an earlier run."""
        return bool(self._on(self._change.new, "expect", moved=self._moved, source=self._change.old.name))

    def export(self) -> list[dict[str, Json]]:
        """Have the machine off, and its files told."""
        files: list[dict[str, Json]] = self._on(self._change.old, "export")
        return files

    def carry(self, files: list[dict[str, Json]]) -> None:
        """Bring the files over that are not there yet, one after another."""
        for name in self._on(self._change.new, "import", files=files):
            ends = (self._end(self._change.old, name), self._end(self._change.new, name))
            pipe(*ends, self._connection, seconds=_SECONDS)
        if left := self._on(self._change.new, "import", files=files):
            raise HaicapError(f"{self._change.new.name}: {', '.join(left)} did not come as it was sent; apply again")

    def write(self) -> None:
        """Start it on the new one, and wait until it answers."""
        self._on(self._change.new, "write", previous=None, destroy=False, arrived=True)

    def forget(self) -> None:
        """Take away what the old one still has of it."""
        gone = sorted(self._change.previous["disks"]) if self._change.destroy else self._moved
        self._on(self._change.old, "forget", moved=gone)

    def go_back(self) -> str:
        """Off on the new one, on again on the old one; in words where it is now."""
        old, new = self._change.old.name, self._change.new.name
        try:
            self._on(self._change.new, "withdraw", source=old)
        except HaicapError as error:
            return f"It was not started on {old} again, because it may run on {new}: {error}"
        return self.resume()

    def resume(self) -> str:
        """On again on the old one; in words where it is now."""
        old = self._change.old
        try:
            answers = self._on(old, "resume")
        except HaicapError as error:
            return f"{self._machine} could not be started on {old.name} again: {error}"
        with suppress(HaicapError):  # what stays there is a copy, and the next move writes over it
            self._on(self._change.new, "discard", moved=self._moved)
        return f"{self._machine} was started on {old.name} again, and {'answers' if answers else 'is silent'}"

    def _on(self, host: HypervisorHost, operation: str, **more: Json) -> Json:
        job = {"key": self._machine, "op": operation, "patience": self._change.patience, **more}
        job |= {"wanted": self._change.wanted}
        if host == self._change.old:
            job |= {"gone": self._change.previous}
        return call(host, self._connection, [job]).result(self._machine)

    def _end(self, host: HypervisorHost, file: str) -> End:
        path = shlex.quote(str(POOL / file))
        command = (
            f"cat {path}" if host == self._change.old else f"umask 077; cat > {path}.arriving && sync {path}.arriving"
        )
        return End(host.name, host.address, command)
