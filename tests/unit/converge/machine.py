"""A host in a folder: the module's own code, with programs that are faked and a clock that costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import ansible.module_utils

from haicap import assets

ansible.module_utils.__path__.append(str(assets.path("roles") / "plugins" / "module_utils"))

from ansible.module_utils.haicap_host.command import Host, Ran  # noqa: E402 - the line above lets it be found

__all__ = ["Host", "Machine", "Ran"]


@dataclass
class Machine:
    """systemd and the other programs. `units`: unit -> state; `broken`: (verb, unit) that fail; `calls`: all that ran.

    `crash_on` raises KeyboardInterrupt (nothing catches it, as nothing catches a kill) when that command comes.
    """

    units: dict[str, str] = field(default_factory=dict)
    enabled: set[str] = field(default_factory=set)
    broken: set[tuple[str, str]] = field(default_factory=set)
    dies_after: dict[str, str] = field(default_factory=dict)
    calls: list[list[str]] = field(default_factory=list)
    programs: dict[str, Callable[[Sequence[str]], Ran]] = field(default_factory=dict)
    crash_on: tuple[str, ...] | None = None
    time: float = 0.0

    def run(self, argv: Sequence[str], timeout: float = 60.0) -> Ran:
        self.calls.append(list(argv))
        if self.crash_on is not None and tuple(argv[: len(self.crash_on)]) == self.crash_on:
            raise KeyboardInterrupt
        if argv[0] == "systemctl":
            return self._systemctl([word for word in argv[1:] if word not in ("--quiet", "--")])
        if argv[0] == "journalctl":
            return Ran(0, "first line\npassword = canary\nlast words\n")
        return self.programs.get(argv[0], lambda _argv: Ran(0, ""))(argv)

    def verbs(self) -> list[str]:
        """What systemctl was told to do, `show` left out."""
        told = [
            [word for word in call[1:] if word not in ("--quiet", "--")]
            for call in self.calls
            if call[0] == "systemctl"
        ]
        return [" ".join(call) for call in told if call[0] not in ("show", "reset-failed")]

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def _systemctl(self, words: list[str]) -> Ran:
        verb, units = words[0], words[1:]
        if verb == "show":
            return Ran(0, "\n\n".join(self._show(name) for name in words[3:]))
        done = [self._do(verb, unit) for unit in units]
        return next((ran for ran in done if ran.rc), Ran(0, ""))

    def _do(self, verb: str, unit: str) -> Ran:
        if (verb, unit) in self.broken:
            self.units[unit] = "failed"
            return Ran(1, "Job failed")
        if verb in ("start", "restart"):
            self.units[unit] = self.dies_after.get(unit, "active")
        elif verb == "stop":
            self.units[unit] = "inactive"
        elif verb == "enable":
            self.enabled.add(unit)
        elif verb == "disable":
            self.enabled.discard(unit)
        return Ran(0, "")

    def _show(self, unit: str) -> str:
        load = "loaded" if unit in self.units else "not-found"
        file_state = "enabled" if unit in self.enabled else "disabled"
        state = self.units.get(unit, "inactive")
        shown = f"Id={unit}\nLoadState={load}\nActiveState={state}\nUnitFileState={file_state}\n"
        return f"{shown}Type=simple\nMainPID=7\nNRestarts=0"
