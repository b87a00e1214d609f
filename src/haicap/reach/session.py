"""One SSH connection: exactly the keys it was given, and every failure in plain words."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncssh

from haicap.errors import HaicapError
from haicap.reach.context import Connection

_KEY_TYPE = "ssh-ed25519"
_GUEST_USER, _GUEST_PORT = "root", 22  # a machine is as haicap made it
_KEEPALIVE = 5  # seconds; a line that dies in the middle of a command is noticed after three of them
_PATIENCE = 4  # times as long for a machine behind its hypervisor
Identities = Sequence[Any]  # what asyncssh signs with: a private key, or keys that the agent holds


class UnreachableError(Exception):
    """A host could not be spoken to; the message names it and says why, on one line."""


class Client(asyncssh.SSHClient):
    """Judges host keys: only `expected` is accepted, or any when there is none on record (`expected` None)."""

    def __init__(self, expected: str | None) -> None:
        self.expected = expected
        self.seen: str | None = None

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """asyncssh asks this before it authenticates, because no key is trusted by any other way."""
        self.seen = public_text(key)
        return self.expected is None or self.seen == bare(self.expected)


def public_text(key: asyncssh.SSHKey) -> str:
    """`ssh-ed25519 AAAA...`, without a comment."""
    return bare(key.export_public_key("openssh").decode())


def bare(key: str) -> str:
    """A public key's type and value, without its comment."""
    return " ".join(key.split()[:2])


def fingerprint(key: str) -> str:
    """`SHA256:...` as ssh shows it; "(unreadable key)" for a text that is no public key."""
    try:
        return asyncssh.import_public_key(key).get_fingerprint()
    except asyncssh.KeyImportError:
        return "(unreadable key)"


@asynccontextmanager
async def identities(connection: Connection) -> AsyncIterator[Identities]:
    """The key file's key, or the agent's while the block runs. HaicapError when there is none that can be used."""
    if connection.key_file is not None:
        yield [_read_key(connection)]
        return
    agent_path = os.environ.get("SSH_AUTH_SOCK")
    if not agent_path:
        raise HaicapError("no ssh key: name one with --key FILE, or start an ssh agent (SSH_AUTH_SOCK is not set)")
    try:
        agent = await asyncssh.connect_agent(agent_path)
    except OSError as error:
        raise HaicapError(f"the ssh agent at {agent_path} does not answer: {error.strerror or error}") from error
    async with agent:
        keys = list(await agent.get_keys())
        if not keys:
            raise HaicapError("the ssh agent holds no key: add one with `ssh-add`, or name one with --key FILE")
        yield keys


def _read_key(connection: Connection) -> asyncssh.SSHKey:
    try:
        return asyncssh.read_private_key(str(connection.key_file))
    except asyncssh.KeyEncryptionError as error:
        raise HaicapError(f"{connection.key_file} has a passphrase: add it to your ssh agent instead") from error
    except asyncssh.KeyImportError as error:
        if re.search("passphrase|bcrypt", str(error), re.IGNORECASE):  # bcrypt is what reads OpenSSH's locked keys
            raise HaicapError(f"{connection.key_file} has a passphrase: add it to your ssh agent instead") from error
        raise HaicapError(f"{connection.key_file} is not a private key: {error}") from error
    except OSError as error:
        raise HaicapError(f"{connection.key_file} cannot be read: {error.strerror or error}") from error


async def open_session(
    name: str, address: str, connection: Connection, keys: Identities, client: Client
) -> asyncssh.SSHClientConnection:
    """Connect and authenticate within `connect_timeout`. UnreachableError with the reason."""
    if name not in connection.jumps:
        return await _connect(name, address, connection, keys, client)
    through, place = connection.jumps[name]
    known = connection.known_hosts.get(through)
    if not known:
        raise UnreachableError(f"cannot reach {name}: the host key of {through}, which carries it, is not on record")
    jump = await _connect(through, place, connection, keys, Client(known))
    try:
        session = await _connect(name, address, connection, keys, client, jump)
    except UnreachableError:
        jump.close()
        raise
    _close_after(session, jump)
    return session


_CLOSING: set[asyncio.Task[None]] = set()  # the loop itself holds no task


def _close_after(session: asyncssh.SSHClientConnection, jump: asyncssh.SSHClientConnection) -> None:
    """Let go of the way to a host when its session ends."""

    async def close() -> None:
        await session.wait_closed()
        jump.close()

    task = asyncio.create_task(close())
    _CLOSING.add(task)
    task.add_done_callback(_CLOSING.discard)


async def _connect(
    name: str,
    address: str,
    connection: Connection,
    keys: Identities,
    client: Client,
    tunnel: asyncssh.SSHClientConnection | None = None,
) -> asyncssh.SSHClientConnection:
    limit = connection.limit(name)
    try:
        async with asyncio.timeout(limit):
            return await asyncssh.connect(
                address,
                connection.port if tunnel is None else _GUEST_PORT,
                tunnel=tunnel,
                username=connection.user if tunnel is None else _GUEST_USER,
                client_keys=keys,
                config=None,
                agent_path=None,
                client_factory=lambda: client,
                known_hosts=([], [], []),
                server_host_key_algs=[_KEY_TYPE],
                preferred_auth="publickey",
                gss_host=None,
                compression_algs=None,
                keepalive_interval=_KEEPALIVE if tunnel is None else _KEEPALIVE * _PATIENCE,
            )
    except (OSError, TimeoutError, asyncssh.Error) as error:
        reason = _reason(error, name, connection, client)
        raise UnreachableError(f"cannot reach {name} at {address}: {reason}") from error


def _reason(error: Exception, name: str, connection: Connection, client: Client) -> str:
    match error:
        case asyncssh.HostKeyNotVerifiable():
            reason = changed_key(client)
        case asyncssh.PermissionDenied():
            reason = f"it does not accept the ssh key of user {connection.user}"
        case TimeoutError():
            reason = f"no answer within {connection.limit(name)} s: is it on, and is its line up?"
        case ConnectionRefusedError():
            reason = f"nothing listens on port {connection.port}: is sshd running?"
        case asyncssh.KeyExchangeFailed():
            reason = f"it has no {_KEY_TYPE} host key, or no cipher in common: {error.reason}"
        case OSError():
            reason = f"{error.strerror or error}: is its line up?"
        case _:
            reason = getattr(error, "reason", "") or type(error).__name__
    return reason


def changed_key(client: Client) -> str:
    """What to say of a host key that is not the one on record: both fingerprints, and the way out."""
    old, new = fingerprint(client.expected or ""), fingerprint(client.seen or "")
    return (
        f"its host key is not the one on record (recorded {old}, seen {new}): "
        "if the host was replaced, verify the new fingerprint on its console, then `haicap enrol --renew HOST`"
    )
