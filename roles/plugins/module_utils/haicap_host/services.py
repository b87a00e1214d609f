"""systemd units: how they are, what is done to them, and waiting until they stay up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

from ansible.module_utils.haicap_host.command import Host, HostError
from ansible.module_utils.haicap_host.text import tail

WAIT_SECONDS = 10.0  # for all units of a run together
SETTLE_SECONDS = 1.0  # a daemon whose start says nothing of its health must stay up this long
POLL_SECONDS = (0.1, 0.2, 0.4)  # between looks; the last one over and over
COMMAND_SECONDS = 150.0  # systemd itself gives up after 90 s, FRR's unit after 120 s
_SHOWN = ("LoadState", "ActiveState", "SubState", "UnitFileState", "Type", "MainPID", "NRestarts")


@dataclass(frozen=True)
class Unit:
    """A unit's state, in systemd's words. `life` changes when its process does."""

    load: str = "not-found"
    active_state: str = "inactive"
    sub: str = "dead"
    file_state: str = ""
    type: str = ""
    life: str = ""

    @property
    def active(self) -> bool:
        """Whether the unit is up."""
        return self.active_state in ("active", "reloading")

    @property
    def enabled(self) -> bool:
        """Whether the unit comes back after a reboot, or is of a kind that is not enabled (static).

        One that systemd generated from an old init script is not: our own unit file takes its place.
        """
        return self.file_state not in ("disabled", "generated", "")

    @property
    def word(self) -> str:
        """The state in a word or two, for people and for comparison with "active"."""
        if self.load in ("not-found", "masked"):
            return self.load
        return self.active_state if self.enabled or not self.active else "active, not enabled"

    @property
    def speaks(self) -> bool:
        """Whether "active" already means healthy: the unit told systemd so, or it is no daemon."""
        return self.type in ("notify", "dbus", "oneshot", "")


def show(host: Host, units: Sequence[str]) -> dict[str, Unit]:
    """The states of units, by one call of systemctl."""
    if not units:
        return {}
    ran = host.run(["systemctl", "show", "-p", ",".join(("Id", *_SHOWN)), "--", *units])
    blocks = [block for block in ran.out.strip().split("\n\n") if block]
    if ran.rc != 0 or len(blocks) != len(units):
        raise HostError(f"systemd does not answer:\n{tail(ran.out)}")
    return {unit: _parse(block) for unit, block in zip(units, blocks)}


def check_present(states: Mapping[str, Unit]) -> None:
    """HostError with every unit that cannot be started on this host."""
    reasons = [
        f"service {unit} is {state.load} on this host: "
        + ("`systemctl unmask` it" if state.load == "masked" else "which of the role's packages brings it?")
        for unit, state in states.items()
        if state.load in ("not-found", "masked")
    ]
    if reasons:
        raise HostError("\n".join(reasons))


def systemctl(host: Host, verb: str, unit: str) -> None:
    """One systemctl command. HostError with what it said and the unit's last lines."""
    ran = host.run(["systemctl", "--quiet", verb, "--", unit], timeout=COMMAND_SECONDS)
    if ran.rc != 0:
        raise HostError(f"service {unit}: {verb} failed\n{last_lines(host, unit) or tail(ran.out)}")


def install(host: Host, verb: str, units: Sequence[str]) -> None:
    """Enable or disable units by one command: systemd reads all its files again after each. HostError if it refuses."""
    if units:
        ran = host.run(["systemctl", "--quiet", verb, "--", *units], timeout=COMMAND_SECONDS)
        if ran.rc != 0:
            raise HostError(f"services {', '.join(units)}: {verb} failed\n{tail(ran.out)}")


def forget_failures(host: Host, units: Sequence[str]) -> None:
    """Let units start that failed before: systemd refuses after five times."""
    if units:
        host.run(["systemctl", "--quiet", "reset-failed", "--", *units])


def last_lines(host: Host, unit: str) -> str:
    """The unit's last words in the journal, redacted; each line indented."""
    ran = host.run(["journalctl", "--no-pager", "-q", "-o", "cat", "-n", "12", "-u", unit])
    return "\n".join(f"  {line}" for line in tail(ran.out).splitlines()) if ran.rc == 0 else ""


def wait_active(host: Host, units: Sequence[str], touched: Iterable[str]) -> dict[str, str]:
    """Wait until all units are up, and those just touched stay up. Returns those that are not: unit -> state.

    A daemon of a type that does not tell systemd when it is ready must keep its process for SETTLE_SECONDS.
    """
    settling = set(touched)
    since: dict[str, tuple[str, float]] = {}
    deadline = host.now() + WAIT_SECONDS
    for pause in chain(POLL_SECONDS, repeat(POLL_SECONDS[-1])):
        states = show(host, units)
        down = {u: s.word for u, s in states.items() if not s.active}
        young = {
            u: "restarting again and again" for u, s in states.items() if u in settling and _is_young(host, u, s, since)
        }
        if not down and not young:
            return {}
        hopeless = any(states[u].active_state in ("failed", "inactive") for u in down)
        if hopeless or host.now() >= deadline:
            return {**young, **down} if not hopeless else down
        host.sleep(pause)
    raise AssertionError  # the pauses never end


def _is_young(host: Host, unit: str, state: Unit, since: dict[str, tuple[str, float]]) -> bool:
    if state.speaks or not state.active:
        return False
    life, start_time = since.get(unit, ("", 0.0))
    if life != state.life:
        since[unit] = (state.life, host.now())
        return True
    return host.now() - start_time < SETTLE_SECONDS


def _parse(block: str) -> Unit:
    values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
    return Unit(
        load=values.get("LoadState", "not-found"),
        active_state=values.get("ActiveState", "inactive"),
        sub=values.get("SubState", "dead"),
        file_state=values.get("UnitFileState", ""),
        type=values.get("Type", ""),
        life=f"{values.get('MainPID', '0')}/{values.get('NRestarts', '0')}",
    )
