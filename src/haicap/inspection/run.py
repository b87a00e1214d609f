"""Look at everything: one process a host, all hosts at once, and a second look at what may still be settling."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from haicap.design.province import ProvinceDesign
from haicap.directory.call import MailHost, call
from haicap.errors import HaicapError
from haicap.inspection.check import Check, Lease, Post, judge
from haicap.inspection.choose import checks_of
from haicap.inspection.model import Inspection, Probe
from haicap.inspection.script import COMMAND, NO_SECRETS, Secrets, outputs_of, program
from haicap.reach.context import Connection, Outcome
from haicap.reach.fanout import as_root, run_everywhere

SETTLE_SECONDS = 15.0  # how long after a look at all hosts a probe may still come true: BGP, leases, transfers
LIMIT = 16  # hosts at a time: each waits ten seconds, for leases and for refused logins, and takes 0.6 s of a processor
_HOST_SECONDS = 60.0  # all commands of one host together; each has a limit of its own far below
_PAUSE_SECONDS = 1.5  # between two looks
_CLOSED = "the probe mailboxes are closed and empty after the inspection"

OnDone = Callable[[Probe], None]


def inspect(
    design: ProvinceDesign,
    connection: Connection,
    *,
    units: Collection[str] | None = None,
    platforms: Collection[str] | None = None,
    systems: Collection[str] = (),
    addresses: Mapping[str, str] | None = None,
    on_done: OnDone | None = None,
    settle: float = SETTLE_SECONDS,
    limit: int = LIMIT,
) -> Inspection:
    """Probe what a design promises, from where its users are; `units` (codes) limits it to theirs, without servers,
    `platforms` (names) and `systems` to those.

    Hosts are reached at `addresses` (by name), else at the design's. A probe that does not pass and may be settling is
    looked at again for up to `settle` seconds; 0 looks once. `on_done` is called with each probe when it is final.
    Where the probe mailboxes could not be closed again, that is one more probe, the last.
    HaicapError for a unit that there is not, and when there is no key to connect with; a host out of reach is a result.
    """
    checks = [check for check in checks_of(design, units, platforms) if not systems or check.system in systems]
    places = {host.name: host.address for host in design.hosts}
    places |= {host.name: host.address for host in design.platform_hosts} | dict(addresses or {})
    left_open: list[Probe] = []
    with _open_probes(design, checks, places, connection, left_open) as secrets:
        found = _look(checks, places, connection, secrets, on_done, settle, limit)
    if on_done and left_open:
        on_done(left_open[0])
    return Inspection((*found.probes, *left_open))


@contextmanager
def _open_probes(
    design: ProvinceDesign,
    checks: Sequence[Check],
    places: Mapping[str, str],
    connection: Connection,
    left_open: list[Probe],
) -> Iterator[Secrets]:
    """Passwords for the probe mailboxes that the checks use, until the block ends; then they are closed and empty.

    If that can't be done, `left_open` has a probe that says why.
    """
    posts = [command for check in checks for command in check.commands if isinstance(command, Post)]
    names = sorted({name for post in posts for name in post.names})
    server = design.mail_server
    if not names or server is None or server.mail is None:
        yield NO_SECRETS
        return
    host = MailHost(server.name, places[server.name], server.mail.suffix)
    try:
        try:
            secrets = Secrets(
                call(host, connection, [{"key": "open", "op": "open-probes", "numbers": names}]).result("open")
            )
        except HaicapError as error:  # perhaps half of them are open
            secrets = Secrets(why=str(error))
        yield secrets
    finally:
        try:
            call(host, connection, [{"key": "close", "op": "close-probes", "numbers": names}]).result("close")
        except HaicapError as error:
            left_open.append(Probe(None, host.name, "mail", "probes-closed", "unreachable", _CLOSED, str(error), 0.0))


def _look(
    checks: Sequence[Check],
    places: Mapping[str, str],
    connection: Connection,
    secrets: Secrets,
    on_done: OnDone | None,
    settle: float,
    limit: int,
) -> Inspection:
    looks = _Looks(checks, on_done or (lambda _probe: None))
    deadline: float | None = None  # known once every host was looked at: of many hosts that takes its time
    waiting: Sequence[int] = range(len(checks))
    while waiting:
        looks.last = settle == 0 or (deadline is not None and time.monotonic() >= deadline)
        by_host = looks.begin(waiting)
        run_everywhere(
            {name: places[name] for name in by_host},
            {name: as_root(COMMAND, connection, name) for name in by_host},
            connection,
            stdin={
                name: program([checks[at] for at in its], looks.leases[name], _HOST_SECONDS, secrets)
                for name, its in by_host.items()
            },
            timeout=_HOST_SECONDS + 5,
            limit=limit,
            on_done=looks.answered,
        )
        deadline = deadline or time.monotonic() + settle
        waiting = [at for at in waiting if at not in looks.final]
        if waiting:
            time.sleep(_PAUSE_SECONDS)
    return Inspection(tuple(looks.final[at] for at in range(len(checks))))


class _Looks:
    """What is known of each check, by its place. In the `last` look everything is final."""

    def __init__(self, checks: Sequence[Check], tell: OnDone) -> None:
        self._checks, self._tell = checks, tell
        self._by_host: dict[str, list[int]] = {}
        self.leases: dict[str, list[Lease]] = {check.host: [] for check in checks}
        for check in checks:
            self.leases[check.host] += [command for command in check.commands if isinstance(command, Lease)]
        self.final: dict[int, Probe] = {}
        self.last = False

    def begin(self, waiting: Sequence[int]) -> Mapping[str, Sequence[int]]:
        """The checks of one look, by host."""
        self._by_host = {}
        for at in waiting:
            self._by_host.setdefault(self._checks[at].host, []).append(at)
        return self._by_host

    def answered(self, name: str, outcome: Outcome) -> None:
        """Judge what one host said. What did not pass may come true in a moment, if it is of that kind; but a host that
        cannot be spoken to is asked once."""
        places = self._by_host[name]
        for at, outputs in zip(places, outputs_of([self._checks[at] for at in places], outcome), strict=True):
            probe = judge(self._checks[at], outputs)
            settles = self._checks[at].settles and outcome.error is None
            if self.last or probe.status == "passed" or not settles:
                self.final[at] = probe
                self._tell(probe)
