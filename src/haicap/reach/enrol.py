"""First contact: record a host's SSH key, have it make its own keys, and collect the public halves.

A member of the VPN makes a WireGuard key; a host with a service a TLS key, and asks for a certificate; a mail server
also a DKIM key for each selector. The first contact trusts the line (TOFU): the operator compares the fingerprint with
the host's console. From then on the recorded key is the only one that is spoken to. Private keys are made on the host
and never cross.
"""

from __future__ import annotations

import asyncio
import re
import shlex
from base64 import b64decode
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from haicap.addressing.model import Keys
from haicap.reach.certificate import key_of, names_of
from haicap.reach.context import Connection, Outcome
from haicap.reach.fanout import LIMIT, as_root, each, execute
from haicap.reach.makes import Makes
from haicap.reach.session import Client, Identities, UnreachableError, fingerprint, identities, open_session

_SECONDS = 120.0  # installing a package takes its time; making a key does not
_PUBLIC_KEY = re.compile(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=")
_DKIM = re.compile(r"^dkim (\S+) ([A-Za-z0-9+/]+=*)$", re.MULTILINE)
_REQUEST = re.compile(r"^-----BEGIN CERTIFICATE REQUEST-----\n.*?^-----END CERTIFICATE REQUEST-----$", re.M | re.S)

# The same lock and the same files as the hosts' roles use: whoever comes first makes a key, nobody replaces it.
_START = """\
set -eu
umask 077
exec 9>>/run/haicap.lock
flock -w 60 9 || { echo "another run of haicap is at work on this host" >&2; exit 75; }
need() {
  command -v "$1" >/dev/null && return
  export DEBIAN_FRONTEND=noninteractive
  { apt-get -qq update || true; apt-get -qq -y --no-install-recommends install "$2"; } </dev/null >&2
}
put() {
  sync "$1.new"
  mv "$1.new" "$1"
}
"""
_OPENSSL = """\
need openssl openssl
"""
_DKIM_KEY = """\
mkdir -p -m 0700 /etc/dkimkeys
key=/etc/dkimkeys/{selector}.private
if ! test -s "$key"; then
  openssl genrsa -out "$key.new" 2048
  put "$key"
fi
public=$(openssl pkey -in "$key" -pubout)
echo dkim {selector} "$(echo "$public" | grep -v -e ----- | tr -d '\\n')"
"""
_CERTIFICATE = """\
mkdir -p -m 0755 /etc/haicap
key=/etc/haicap/tls.key
if ! test -s "$key"; then
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$key.new"
  put "$key"
fi
openssl req -new -sha256 -key "$key" -subj /CN={name} -addext subjectAltName={names}
"""
_WIREGUARD = """\
need wg wireguard-tools
key=/etc/wireguard/private.key
mkdir -p /etc/wireguard
if ! test -s "$key"; then
  wg genkey > "$key.new"
  put "$key"
fi
chmod 0600 "$key"
wg pubkey < "$key"
"""


_MEMBER = Makes()


def script(makes: Makes = _MEMBER) -> str:
    """What a host runs: it makes what is missing, and prints public keys alone, the WireGuard key last."""
    parts = [_START, *([_OPENSSL] if makes.names or makes.selectors else [])]
    parts += [_DKIM_KEY.format(selector=shlex.quote(selector)) for selector in makes.selectors]
    if makes.names:
        names = shlex.quote(",".join(f"DNS:{name}" for name in makes.names))
        parts.append(_CERTIFICATE.format(name=shlex.quote(makes.names[0]), names=names))
    return "".join((*parts, *([_WIREGUARD] if makes.wireguard else [])))


@dataclass(frozen=True)
class Enrolment:
    """What came of one host. `changed`: `keys` differ from those on record. `fingerprint` is the SSH host key's, as
    ssh shows it (SHA256:...), empty when it was not seen. `error` is one line that names the host. `request` is its
    PKCS#10 request, PEM, where it has names to be certified."""

    keys: Keys | None
    error: str | None
    changed: bool
    fingerprint: str
    request: str | None = None


OnDone = Callable[[str, Enrolment], None]


def enrol(
    targets: Mapping[str, str],
    connection: Connection,
    known: Mapping[str, Keys],
    on_done: OnDone | None = None,
    *,
    renew: Collection[str] = (),
    makes: Mapping[str, Makes] = MappingProxyType({}),
    limit: int = LIMIT,
) -> dict[str, Enrolment]:
    """Collect the keys of `targets` (name -> address); an enrolment for every name.

    `known` holds the keys on record by host name (`connection.known_hosts` is not looked at): a host that shows
    another SSH key is an error, and nothing is run on it, unless its name is in `renew`. `makes` says, by name, what
    hosts make that are not plain members of the VPN. Again changes nothing.
    """
    done = on_done or (lambda _name, _enrolment: None)
    recorded = {name: _Record(known.get(name), name in renew, makes.get(name, _MEMBER)) for name in targets}
    return asyncio.run(_enrol_all(targets, connection, recorded, limit, done))


@dataclass(frozen=True)
class _Record:
    """What is on record of a host, whether another SSH key may take its place, and what is asked of it."""

    keys: Keys | None
    renew: bool
    makes: Makes

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
        command = as_root(f"sh -c {shlex.quote(script(record.makes))}", connection, name)
        outcome = await execute(session, name, command, "", timeout=_SECONDS)
    return judge(name, client.seen or "", outcome, record.keys, record.makes)


def judge(name: str, ssh: str, outcome: Outcome, recorded: Keys | None, makes: Makes = _MEMBER) -> Enrolment:
    """The enrolment of a host that showed the SSH key `ssh` and answered the script with `outcome`."""
    seen = fingerprint(ssh)
    words = outcome.stdout.split()
    if not outcome.ok or (makes.wireguard and not (words and _PUBLIC_KEY.fullmatch(words[-1]))):
        return _failed(
            outcome.error or f"{name}: {_last_line(outcome.stderr) or 'it did not answer with a public key'}", seen
        )
    keys = Keys(wireguard=words[-1] if makes.wireguard else "", ssh=ssh)
    if not makes.names:
        return Enrolment(keys, None, keys != recorded, seen)
    dkim, request = dict(_DKIM.findall(outcome.stdout)), _REQUEST.search(outcome.stdout)
    missing = [selector for selector in makes.selectors if not _is_rsa(dkim.get(selector, ""))]
    if missing:
        return _failed(f"{name}: it did not answer with the public DKIM key {' and '.join(missing)}", seen)
    if request is None or key_of(request.group()) is None or not {*makes.names} <= {*names_of(request.group())}:
        return _failed(f"{name}: it did not answer with a certificate request for {', '.join(makes.names)}", seen)
    keys = replace(keys, dkim={selector: dkim[selector] for selector in makes.selectors})
    return Enrolment(keys, None, keys != recorded, seen, f"{request.group()}\n")


def _failed(said: str, seen: str) -> Enrolment:
    return Enrolment(None, f"{said}; no key was collected", False, seen)


def _is_rsa(text: str) -> bool:
    try:
        return isinstance(load_der_public_key(b64decode(text, validate=True)), RSAPublicKey)
    except (ValueError, UnsupportedAlgorithm):
        return False


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
