"""First contact: record a host's SSH key, have it make its WireGuard key, and collect the public half.

The first contact trusts the line (TOFU): the operator compares the fingerprint with the host's console. From then on
the recorded key is the only one that is spoken to. The private key is made on the host and never crosses.
"""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from haicap.addressing.model import Keys
from haicap.reach.context import Connection, Outcome
from haicap.reach.fanout import LIMIT, as_root, each, execute
from haicap.reach.session import Client, Identities, UnreachableError, fingerprint, identities, open_session

_SECONDS = 120.0  # installing a package takes its time; making a key does not
_PUBLIC_KEY = re.compile(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=")

# The same lock and the same file as the hosts' role uses: whoever comes first makes the key, nobody replaces it.
_SCRIPT = """\
set -eu
umask 077
exec 9>>/run/haicap.lock
flock -w 60 9 || { echo "another run of haicap is at work on this host" >&2; exit 75; }
if ! command -v wg >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  { apt-get -qq update || true; apt-get -qq -y --no-install-recommends install wireguard-tools; } </dev/null >&2
fi
key=/etc/wireguard/private.key
mkdir -p /etc/wireguard
if ! test -s "$key"; then
  wg genkey > "$key.new"
  sync "$key.new"
  mv "$key.new" "$key"
fi
chmod 0600 "$key"
wg pubkey < "$key"
"""


@dataclass(frozen=True)
class Enrolment:
    """What came of one host. `changed`: `keys` differ from those on record. `fingerprint` is the SSH host key's, as
    ssh shows it (SHA256:...), empty when it was not seen. `error` is one line that names the host."""

    keys: Keys | None
    error: str | None
    changed: bool
    fingerprint: str


OnDone = Callable[[str, Enrolment], None]


def enrol(
    targets: Mapping[str, str],
    connection: Connection,
    known: Mapping[str, Keys],
    on_done: OnDone | None = None,
    *,
    renew: Collection[str] = (),
    limit: int = LIMIT,
) -> dict[str, Enrolment]:
    """Collect the keys of `targets` (name -> address); an enrolment for every name.

    `known` holds the keys on record by host name (`connection.known_hosts` is not looked at): a host that shows
    another SSH key is an error, and nothing is run on it, unless its name is in `renew`. Again changes nothing.
    """
    done = on_done or (lambda _name, _enrolment: None)
    recorded = {name: _Record(known.get(name), name in renew) for name in targets}
    return asyncio.run(_enrol_all(targets, connection, recorded, limit, done))


@dataclass(frozen=True)
class _Record:
    """What is on record of a host, and whether another SSH key may take its place."""

    keys: Keys | None
    renew: bool

    @property
    def expected(self) -> str | None:
        return self.keys.ssh if self.keys and self.keys.ssh and not self.renew else None


async def _enrol_all(
    targets: Mapping[str, str], connection: Connection, known: Mapping[str, _Record], limit: int, on_done: OnDone
) -> dict[str, Enrolment]:
    async with identities(connection) as keys:
        return await each(
            targets,
            limit,
            lambda name, address: _enrol_one(name, address, connection, keys, known[name]),
            on_done,
        )


async def _enrol_one(name: str, address: str, connection: Connection, keys: Identities, record: _Record) -> Enrolment:
    client = Client(record.expected)
    try:
        session = await open_session(name, address, connection, keys, client)
    except UnreachableError as error:
        seen = fingerprint(client.seen) if client.seen else ""
        return Enrolment(None, str(error).replace("--renew HOST", f"--renew {name}"), False, seen)
    async with session:
        command = as_root(f"sh -c {shlex.quote(_SCRIPT)}", connection)
        outcome = await execute(session, name, command, "", timeout=_SECONDS)
    return judge(name, client.seen or "", outcome, record.keys)


def judge(name: str, ssh: str, outcome: Outcome, recorded: Keys | None) -> Enrolment:
    """The enrolment of a host that showed the SSH key `ssh` and answered the script with `outcome`."""
    seen = fingerprint(ssh)
    words = outcome.stdout.split()
    if outcome.ok and words and _PUBLIC_KEY.fullmatch(words[-1]):
        keys = Keys(wireguard=words[-1], ssh=ssh)
        return Enrolment(keys, None, keys != recorded, seen)
    said = outcome.error or f"{name}: {_last_line(outcome.stderr) or 'it did not answer with a public key'}"
    return Enrolment(None, f"{said}; no WireGuard key was collected", False, seen)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
