"""A port of a host's own loopback, reachable on 127.0.0.1 here while a block runs: the way to an API that listens
nowhere else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

from haicap.errors import HaicapError
from haicap.reach.context import Connection
from haicap.reach.fanout import known_client
from haicap.reach.session import UnreachableError, identities, open_session

_LOCAL = "127.0.0.1"


@contextmanager
def forward(address: str, name: str, connection: Connection, remote_port: int) -> Iterator[int]:
    """Forward a free port of 127.0.0.1 to 127.0.0.1:`remote_port` of the host; yields the local port.

    HaicapError when the host cannot be reached. A loop in a thread of its own carries the bytes; both are gone after
    the block.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name=f"haicap-forward-{name}", daemon=True)
    thread.start()
    stack = AsyncExitStack()
    try:
        yield asyncio.run_coroutine_threadsafe(_open(stack, address, name, connection, remote_port), loop).result()
    finally:
        asyncio.run_coroutine_threadsafe(stack.aclose(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _open(stack: AsyncExitStack, address: str, name: str, connection: Connection, remote_port: int) -> int:
    keys = await stack.enter_async_context(identities(connection))
    try:
        client = known_client(name, address, connection)
        session = await open_session(name, address, connection, keys, client)
    except UnreachableError as error:
        raise HaicapError(str(error)) from error
    await stack.enter_async_context(session)
    listener = await session.forward_local_port(_LOCAL, 0, _LOCAL, remote_port)
    stack.callback(listener.close)
    return listener.get_port()
