"""A command on every host, so many at a time; a host that cannot be reached is an outcome, never an exception."""

from __future__ import annotations

import asyncio
import shlex
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import asyncssh

from haicap.reach.context import Connection, Outcome
from haicap.reach.session import Client, Identities, UnreachableError, identities, open_session

LIMIT = 64
OnDone = Callable[[str, Outcome], None]
Texts = Mapping[str, str] | str
T = TypeVar("T")


@dataclass(frozen=True)
class _Job:
    """One command on one host."""

    name: str
    address: str
    command: str
    stdin: str
    timeout: float


def run_everywhere(
    targets: Mapping[str, str],
    commands: Texts,
    connection: Connection,
    *,
    stdin: Texts | None = None,
    timeout: float = 60.0,
    limit: int = LIMIT,
    on_done: OnDone | None = None,
) -> dict[str, Outcome]:
    """Run a command on each of `targets` (name -> address), at most `limit` at a time; an outcome for every name.

    `commands` and `stdin` are one text for all, or texts by name. `timeout` limits each command, in seconds, after its
    connection stands (`connection.connect_timeout` limits that). `on_done` is called as each host is done, from this
    thread. HaicapError when there is no key to authenticate with. Blocks; it wants a thread without a running loop.
    """
    jobs = [
        _Job(name, address, _of(commands, name), _of(stdin or "", name), timeout) for name, address in targets.items()
    ]
    return asyncio.run(_run_all(jobs, connection, limit, on_done or (lambda _name, _outcome: None)))


def run(
    name: str, address: str, connection: Connection, command: str, stdin: str | None = None, *, timeout: float = 60.0
) -> Outcome:
    """Run one command on one host; see `run_everywhere`."""
    return run_everywhere({name: address}, command, connection, stdin=stdin, timeout=timeout)[name]


def as_root(command: str, connection: Connection, name: str = "") -> str:
    """The command as root: by sudo, without a password, where the account is another one. On a machine behind its
    hypervisor it is root's, and there may be no sudo."""
    if connection.user == "root" or name in connection.jumps:
        return command
    return f"sudo -n -- sh -c {shlex.quote(command)}"


def _of(texts: Texts, name: str) -> str:
    return texts if isinstance(texts, str) else texts[name]


async def each(
    targets: Mapping[str, str], limit: int, work: Callable[[str, str], Awaitable[T]], on_done: Callable[[str, T], None]
) -> dict[str, T]:
    """`work(name, address)` for all targets, at most `limit` at a time; the first error ends it all, and is raised."""
    turns = asyncio.Semaphore(max(1, limit))
    found: dict[str, T] = {}

    async def one(name: str, address: str) -> None:
        async with turns:
            found[name] = await work(name, address)
        on_done(name, found[name])

    try:
        async with asyncio.TaskGroup() as group:
            for name, address in targets.items():
                group.create_task(one(name, address))
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return {name: found[name] for name in targets}


async def _run_all(jobs: list[_Job], connection: Connection, limit: int, on_done: OnDone) -> dict[str, Outcome]:
    by_name = {job.name: job for job in jobs}
    async with identities(connection) as keys:
        return await each(
            {job.name: job.address for job in jobs},
            limit,
            lambda name, _address: _run_one(by_name[name], connection, keys),
            on_done,
        )


async def _run_one(job: _Job, connection: Connection, keys: Identities) -> Outcome:
    started = time.monotonic()
    try:
        client = known_client(job.name, job.address, connection)
        session = await open_session(job.name, job.address, connection, keys, client)
    except UnreachableError as error:
        return Outcome(None, error=str(error), seconds=time.monotonic() - started)
    async with session:
        outcome = await execute(session, job.name, job.command, job.stdin, timeout=job.timeout)
    return replace(outcome, seconds=time.monotonic() - started)


def known_client(name: str, address: str, connection: Connection) -> Client:
    """A client that accepts the host's recorded key alone. UnreachableError when there is none on record."""
    known = connection.known_hosts.get(name)
    if not known:
        raise UnreachableError(f"cannot reach {name} at {address}: its host key is not on record: run `haicap enrol`")
    return Client(known)


async def execute(
    session: asyncssh.SSHClientConnection, name: str, command: str, stdin: str, *, timeout: float
) -> Outcome:
    """Run one command on an open connection; `seconds` are left at 0."""
    try:
        given: dict[str, Any] = (
            {"input": stdin.encode()} if stdin else {"stdin": asyncssh.DEVNULL}
        )  # else it stays open
        done = await session.run(command, encoding=None, timeout=timeout, **given)
    except asyncssh.TimeoutError:
        return Outcome(None, error=f"{name}: the command did not end within {timeout:g} s")
    except (OSError, asyncssh.Error) as error:
        reason = getattr(error, "reason", None) or str(error)
        return Outcome(None, error=f"{name}: the connection was lost while the command ran: {reason}")
    status = done.exit_status
    error_text = None if status is not None and status >= 0 else f"{name}: {_no_status(done)}"
    return Outcome(status if error_text is None else None, _text(done.stdout), _text(done.stderr), error_text)


def _no_status(done: asyncssh.SSHCompletedProcess) -> str:
    if done.exit_signal:
        return f"the command was ended by signal {done.exit_signal[0]}"
    return "the connection was lost while the command ran"


def _text(data: object) -> str:
    return data.decode(errors="replace") if isinstance(data, bytes) else str(data or "")
