"""What a command says on one host, as what a command on another host reads: bytes that are never whole here."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass

import asyncssh

from haicap.errors import HaicapError
from haicap.reach.context import Connection
from haicap.reach.fanout import as_root, known_client
from haicap.reach.session import Identities, UnreachableError, identities, open_session


@dataclass(frozen=True)
class End:
    """One end: a host's name, the address that SSH reaches it at, and the command."""

    name: str
    address: str
    command: str


def pipe(source: End, target: End, connection: Connection, *, seconds: float) -> None:
    """Run both commands as root, the first one's standard output into the second one's standard input.

    HaicapError when a host can't be reached, a command fails, or it is not done within `seconds`.
    """
    asyncio.run(_pipe(source, target, connection, seconds))


async def _pipe(source: End, target: End, connection: Connection, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds), identities(connection) as keys, AsyncExitStack() as stack:
            sender = await _session(stack, source, connection, keys)
            receiver = await _session(stack, target, connection, keys)
            sending = await sender.create_process(
                as_root(source.command, connection), encoding=None, stdin=asyncssh.DEVNULL
            )
            receiving = await receiver.create_process(
                as_root(target.command, connection), encoding=None, stdin=sending.stdout
            )
            received = await receiving.wait()
            if received.exit_status != 0:
                sending.close()  # nobody takes what it has to say
            sent = await sending.wait()
    except TimeoutError:
        raise HaicapError(f"{source.name} to {target.name}: not done within {seconds:g} s") from None
    except UnreachableError as error:
        raise HaicapError(str(error)) from error
    except (OSError, asyncssh.Error) as error:
        reason = getattr(error, "reason", None) or str(error)
        raise HaicapError(f"{source.name} to {target.name}: the connection was lost: {reason}") from error
    for end, done in ((target, received), (source, sent)):
        if done.exit_status != 0:
            raise HaicapError(f"{end.name}: {_last_words(done.stderr) or 'the connection was lost'}")


async def _session(
    stack: AsyncExitStack, end: End, connection: Connection, keys: Identities
) -> asyncssh.SSHClientConnection:
    client = known_client(end.name, end.address, connection)
    return await stack.enter_async_context(await open_session(end.name, end.address, connection, keys, client))


def _last_words(said: object) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said or "")
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
