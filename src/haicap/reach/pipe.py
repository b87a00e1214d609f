"""What a command says on one host, as what a command on another host reads: bytes that are never whole here, and hosts
that need not know each other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import asyncssh

from haicap.errors import HaicapError
from haicap.reach.context import Connection
from haicap.reach.fanout import as_root, known_client
from haicap.reach.session import Identities, UnreachableError, identities, open_session

_PIECE = 1 << 18  # bytes
_Process = asyncssh.SSHClientProcess[bytes]


@dataclass(frozen=True)
class End:
    """One end: a host's name, the address that SSH reaches it at, and the command, which is run as root."""

    name: str
    address: str
    command: str


def pipe(
    source: End,
    target: End,
    connection: Connection,
    *,
    seconds: float,
    on_bytes: Callable[[int], None] | None = None,
) -> int:
    """Run both commands, the first one's standard output into the second one's standard input; the number of bytes.

    HaicapError when a host can't be reached, a command fails, or it is not done within `seconds`. The
    target cannot tell a source that broke off from one that ended: whoever puts bytes to use compares checksums first.
    `on_bytes` is told of each piece.
    """
    return asyncio.run(_pipe(source, target, connection, seconds, on_bytes or (lambda _bytes: None)))


async def _pipe(
    source: End, target: End, connection: Connection, seconds: float, on_bytes: Callable[[int], None]
) -> int:
    async with AsyncExitStack() as stack:
        keys = await stack.enter_async_context(identities(connection))
        try:
            async with asyncio.timeout(seconds):
                into = await _start(stack, target, connection, keys)
                out = await _start(stack, source, connection, keys, stdin=asyncssh.DEVNULL)
                carried, whole = await _pump(out, into, on_bytes)
                if whole:
                    await _ended(source, out)
                    into.stdin.write_eof()
                await _ended(target, into)
                if not whole:
                    raise HaicapError(f"{target.name}: its command ended before {source.name} had sent all")
        except TimeoutError:
            raise HaicapError(f"{source.name} to {target.name}: not done within {seconds:g} s") from None
        except UnreachableError as error:
            raise HaicapError(str(error)) from error
        except (OSError, asyncssh.Error) as error:
            reason = getattr(error, "reason", None) or str(error)
            raise HaicapError(
                f"{source.name} to {target.name}: the connection was lost on the way: {reason}"
            ) from error
    return carried


async def _start(
    stack: AsyncExitStack, end: End, connection: Connection, keys: Identities, stdin: int = asyncssh.PIPE
) -> _Process:
    client = known_client(end.name, end.address, connection)
    session = await open_session(end.name, end.address, connection, keys, client)
    await stack.enter_async_context(session)
    return await session.create_process(as_root(end.command, connection, end.name), encoding=None, stdin=stdin)


async def _pump(out: _Process, into: _Process, on_bytes: Callable[[int], None]) -> tuple[int, bool]:
    """Every byte of one process to the other, no faster than that takes it; how many, and whether these were all:
    the other may end before."""
    carried = 0
    while piece := await out.stdout.read(_PIECE):
        try:
            into.stdin.write(piece)
            await into.stdin.drain()
        except BrokenPipeError:
            return carried, False
        carried += len(piece)
        on_bytes(len(piece))
    return carried, True


async def _ended(end: End, process: _Process) -> None:
    """Wait for its end; HaicapError with its last words unless it ended well."""
    said = (await process.stderr.read()).decode(errors="replace")
    await process.wait_closed()
    if process.exit_status != 0:
        words = [line.strip() for line in said.splitlines() if line.strip()]
        how = f"code {process.exit_status}" if process.exit_status is not None else "a lost connection"
        raise HaicapError(f"{end.name}: {words[-1] if words else f'its command ended with {how}'}")
