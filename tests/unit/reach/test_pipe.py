"""Bytes from a command on one host into a command on another, against SSH servers in this process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import asyncssh
import pytest

from haicap.errors import HaicapError
from haicap.reach.context import Connection
from haicap.reach.pipe import End, pipe
from haicap.reach.session import public_text

LOCAL = "127.0.0.1"


@dataclass(frozen=True)
class Server:
    """An SSH server that runs what it is told with sh, and how to reach it."""

    connection: Connection
    loop: asyncio.AbstractEventLoop


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("ssh")
    client, host = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
    client.write_private_key(str(folder / "key"))
    client.write_public_key(str(folder / "authorized"))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            LOCAL, 0, server_host_keys=[host], process_factory=_handle, encoding=None,
            authorized_client_keys=str(folder / "authorized"),
        )  # fmt: skip

    acceptor = asyncio.run_coroutine_threadsafe(start(), loop).result()
    known = {"a": public_text(host), "b": public_text(host)}
    yield Server(Connection(port=acceptor.get_port(), key_file=folder / "key", known_hosts=known), loop)
    asyncio.run_coroutine_threadsafe(_stop(acceptor), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


async def _handle(process: asyncssh.SSHServerProcess[bytes]) -> None:
    """Run the command; "die" breaks the connection half way."""
    if process.command == "die":
        process.stdout.write(b"x" * 1000)
        process.channel.get_connection().abort()
        return
    ends = dict.fromkeys(("stdin", "stdout", "stderr"), asyncio.subprocess.PIPE)
    local = await asyncio.create_subprocess_exec("sh", "-c", process.command or "", **ends)
    assert local.stdin and local.stdout and local.stderr
    feeding = asyncio.create_task(_feed(process, local.stdin))
    try:
        while data := await local.stdout.read(65536):
            process.stdout.write(data)
            await process.stdout.drain()
        process.stderr.write(await local.stderr.read())
        process.exit(await local.wait())
    except (OSError, asyncssh.Error):
        process.exit(255)
    finally:
        feeding.cancel()
        local._transport.close()  # type: ignore[attr-defined]  # it ends the process; asyncio has no public word for it


async def _feed(process: asyncssh.SSHServerProcess[bytes], stdin: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await process.stdin.read(65536):
            stdin.write(data)
            await stdin.drain()
        stdin.close()


async def _stop(acceptor: asyncssh.SSHAcceptor) -> None:
    acceptor.close()
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


def carry(server: Server, out: str, into: str, *, seconds: float = 60) -> int:
    return pipe(End("a", LOCAL, out), End("b", LOCAL, into), server.connection, seconds=seconds)


def test_every_byte_arrives_in_order(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "got"
    sizes: list[int] = []
    ends = End("a", LOCAL, "head -c 20000000 /dev/zero | tr '\\0' 'y'; printf end"), End("b", LOCAL, f"cat > {path}")
    assert pipe(*ends, server.connection, seconds=60, on_bytes=sizes.append) == 20000003
    assert path.read_bytes() == b"y" * 20000000 + b"end"
    assert sum(sizes) == 20000003
    assert carry(server, "true", f"cat > {path}") == 0
    assert path.read_bytes() == b""


def test_a_source_that_fails_is_an_error_with_its_last_words(server: Server, tmp_path: Path) -> None:
    with pytest.raises(HaicapError, match=r"^a: no such folder$"):
        carry(server, "printf half; echo no such folder >&2; exit 2", f"cat > {tmp_path / 'got'}")
    with pytest.raises(HaicapError, match=r"^a: its command ended with code 2$"):
        carry(server, "exit 2", "cat > /dev/null")


def test_a_target_that_fails_is_an_error_while_the_source_still_sends(server: Server) -> None:
    with pytest.raises(HaicapError, match=r"^b: the disk is full$"):
        carry(server, "head -c 100000000 /dev/zero", "head -c 1000 > /dev/null; echo the disk is full >&2; exit 1")


def test_a_target_that_ends_well_and_early_is_an_error_too(server: Server) -> None:
    with pytest.raises(HaicapError, match=r"^b: its command ended before a had sent all$"):
        carry(server, "head -c 100000000 /dev/zero", "head -c 1000 > /dev/null")


def test_a_connection_that_dies_on_the_way(server: Server) -> None:
    with pytest.raises(HaicapError, match=r"a: its command ended with a lost connection|the connection was lost"):
        carry(server, "die", "cat > /dev/null")


def test_it_takes_no_longer_than_that(server: Server) -> None:
    with pytest.raises(HaicapError, match=r"^a to b: not done within 0.5 s$"):
        carry(server, "sleep 5", "cat > /dev/null", seconds=0.5)


def test_a_host_without_a_recorded_key(server: Server) -> None:
    alone = replace(server.connection, known_hosts={"a": server.connection.known_hosts["a"]})
    with pytest.raises(HaicapError, match=r"cannot reach b at 127\.0\.0\.1: its host key is not on record"):
        pipe(End("a", LOCAL, "true"), End("b", LOCAL, "cat"), alone, seconds=10)
