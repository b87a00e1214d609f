"""Jobs for a program of ours on a host: sent as its standard input, answered a line each, as each is done."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncssh

from haicap.errors import HaicapError
from haicap.reach.context import Connection
from haicap.reach.fanout import as_root, known_client
from haicap.reach.session import UnreachableError, identities, open_session

PYTHON = "python3 -I -"
Json = Any
OnAnswer = Callable[[str, Json | HaicapError], None]


@dataclass(frozen=True)
class Answers:
    """What came of each job, by key; `error` is why those that are in neither were not done."""

    results: Mapping[str, Json]
    errors: Mapping[str, str] = field(default_factory=dict)
    error: str = ""

    def result(self, key: str) -> Json:
        """One job's result. HaicapError with why there is none."""
        if key not in self.results:
            raise HaicapError(self.errors.get(key) or self.error or "the host did not answer")
        return self.results[key]


def ask(
    name: str,
    address: str,
    connection: Connection,
    text: str,
    *,
    seconds: float,
    on_answer: OnAnswer | None = None,
) -> Answers:
    """Have a host's Python run a program's `text` (see `remote.program`) as root; what it answers, within `seconds`.

    The program prints {"key", "result"} or {"key", "error"}, a line a job; one with the key "" is about all of them.
    `on_answer` gets each as it comes. Whatever keeps the host from answering is in the answers; HaicapError only when
    there is no key to authenticate with.
    """
    return asyncio.run(_ask(name, address, connection, text, seconds, Reading(name, on_answer or _ignore)))


class Reading:
    """The answers of one host, as they come."""

    def __init__(self, name: str, on_answer: OnAnswer) -> None:
        self._name, self._on_answer = name, on_answer
        self._results: dict[str, Json] = {}
        self._errors: dict[str, str] = {}

    def read(self, line: str) -> None:
        """One line; what is no answer is passed over."""
        try:
            said = json.loads(line)
            key = said["key"]
            told = said["result"] if "error" not in said else HaicapError(f"{self._name}: {said['error']}")
        except (ValueError, KeyError, TypeError):
            return
        if isinstance(told, HaicapError):
            self._errors[key] = str(told)
        else:
            self._results[key] = told
        if key:
            self._on_answer(key, told)

    def answers(self, error: str) -> Answers:
        """All of them; `error` is why there are no more."""
        errors = {key: told for key, told in self._errors.items() if key}
        return Answers(self._results, errors, self._errors.get("") or error)


async def _ask(name: str, address: str, connection: Connection, text: str, seconds: float, reading: Reading) -> Answers:
    async with identities(connection) as keys:
        try:
            client = known_client(name, address, connection)
            session = await open_session(name, address, connection, keys, client)
        except UnreachableError as error:
            return Answers({}, error=str(error))
        async with session:
            why = await _run(session, name, as_root(PYTHON, connection), text, seconds, reading)
    return reading.answers(why)


async def _run(
    session: asyncssh.SSHClientConnection, name: str, command: str, text: str, seconds: float, reading: Reading
) -> str:
    """Run the command; why it said no more, "" when it came to its end."""
    try:
        async with asyncio.timeout(seconds):
            process = await session.create_process(command, errors="replace")
            complaints = asyncio.create_task(process.stderr.read())
            process.stdin.write(text)
            process.stdin.write_eof()
            async for line in process.stdout:
                reading.read(line)
            await process.wait_closed()
            said = await complaints
    except TimeoutError:
        return f"{name}: the command did not end within {seconds:g} s"
    except (OSError, asyncssh.Error) as error:
        return f"{name}: the connection was lost while the command ran: {getattr(error, 'reason', None) or error}"
    if process.exit_status is None or process.exit_status < 0:
        return f"{name}: the connection was lost while the command ran"
    return _last_words(name, said)


def _last_words(name: str, complaints: str) -> str:
    lines = [line.strip() for line in complaints.splitlines() if line.strip()]
    return f"{name}: {lines[-1]}" if lines else ""


def _ignore(_key: str, _told: Json | HaicapError) -> None:
    """Nobody waits for answers as they come."""
