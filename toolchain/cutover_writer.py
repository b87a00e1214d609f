"""A user who goes on writing while a platform is cut over: rows by HTTPS, one after another, from a commune's network.

It runs on the commune's gateway, as a computer of its own on a segment: with its own lease, and asking the gateway for
the platform's name before each row. Every row has a text that no other has. It ends when the file `--stop` is there,
or after `--seconds`; then it reads each row again that was acknowledged (201), and prints JSON: how many were
acknowledged, refused, or neither (the answer did not come), by which address, the longest time between two that were
acknowledged, and how many of them are there (and of how many that could not be learnt: `not_asked`).

    haicap lab exec gw-24958 -- python3 -I - --name motcua.lamdong.gov.vn --ca "$(cat CA)" < toolchain/cutover_writer.py
    haicap lab exec gw-24958 -- touch /run/haicap-writer.stop

CA is the lab's own authority, `inventories/lam-dong/.lab/certificates/ca.pem`.
"""

from __future__ import annotations

import argparse
import ctypes
import http.client
import json
import os
import secrets
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

NAMESPACE, LINK, MAC = "haicap-writer", "haicap-writer", "02:68:61:77:72:74"
CLONE_NEWNET = 0x40000000
LEASED = """#!/bin/sh
case $1 in
deconfig) ip -4 address flush dev "$interface" ;;
bound|renew)
  ip -4 address replace "$ip/$mask" dev "$interface"
  for address in $router; do ip route replace default via "$address" dev "$interface"; break; done
  echo "$dns" > "$0.dns"
  ;;
esac
"""


class Unsent(Exception):
    """The row was not taken, for certain; the message says why, in a few words."""


class Writer:
    """Posts rows to one name, and keeps what came of each."""

    def __init__(self, name: str, unit: str, resolver: str, authority: str, timeout: float) -> None:
        self._name, self._unit, self._resolver, self._timeout = name, unit, resolver, timeout
        self._tls = ssl.create_default_context(cadata=authority)
        self._run = secrets.token_hex(4)
        self._number = 0
        self._last: float | None = None
        self._until = 0.0
        self.acknowledged: list[dict[str, Any]] = []
        self.unknown: list[str] = []
        self.refused: dict[str, int] = {}
        self.by_address: dict[str, int] = {}
        self.gap = 0.0

    def write(self) -> None:
        """One row. One that was refused is written again, as a person would; one without an answer never is."""
        note = f"{self._run}-{self._number}"
        try:
            address = resolve(self._name, self._resolver, self._timeout)
            number = self._post(address, note)
        except Unsent as error:
            self.refused[str(error)] = self.refused.get(str(error), 0) + 1
            return
        except (OSError, http.client.HTTPException, ValueError):
            self.unknown.append(note)
            self._number += 1
            return
        now = time.monotonic()
        self.gap = max(self.gap, now - (self._last if self._last is not None else now))
        self._last = now
        self.acknowledged.append({"id": number, "note": note, "address": address})
        self.by_address[address] = self.by_address.get(address, 0) + 1
        self._number += 1

    def _post(self, address: str, note: str) -> int:
        with self._open(address) as page:
            body = json.dumps({"unit": self._unit, "note": note})
            page.request("POST", "/records", body, {"Content-Type": "application/json", "Connection": "close"})
            answer = page.getresponse()
            text = answer.read()
        if answer.status == 201:
            return int(json.loads(text)["id"])
        if answer.status >= 500 and (answer.status != 503 or b"does not answer" in text):
            raise ValueError(f"status {answer.status}: it may have been recorded")
        raise Unsent(f"status {answer.status}")

    @contextmanager
    def _open(self, address: str) -> Iterator[http.client.HTTPConnection]:
        """A connection with TLS; until it stands, nothing was sent."""
        try:
            plain = socket.create_connection((address, 443), self._timeout)
            secured = self._tls.wrap_socket(plain, server_hostname=self._name)
        except OSError as error:
            raise Unsent(f"no connection: {error.strerror or error}") from error
        page = http.client.HTTPConnection(self._name, timeout=self._timeout)
        page.sock = secured
        try:
            yield page
        finally:
            secured.close()

    def get(self, path: str) -> Any:
        """A page as JSON. It waits for a platform that does not answer: its line may be away for a while; None when
        the patience for the whole reading is over."""
        while time.monotonic() < self._until:
            with suppress(Unsent, OSError, http.client.HTTPException, ValueError):
                with self._open(resolve(self._name, self._resolver, self._timeout)) as page:
                    page.request("GET", path, headers={"Connection": "close"})
                    answer = page.getresponse()
                    said = json.loads(answer.read())
                if answer.status in (200, 404):
                    return said
            time.sleep(1)
        return None

    def summary(self, patience: float) -> dict[str, Any]:
        """What came of it all; each row that was acknowledged is read again, in `patience` seconds for all."""
        self._until = time.monotonic() + patience
        read = [(row["note"], self.get(f"/records/{row['id']}")) for row in self.acknowledged]
        records = (self.get("/health") or {}).get("records")
        return {
            "acknowledged": len(self.acknowledged),
            "found_again": sum(said is not None and said.get("note") == note for note, said in read),
            "not_asked": sum(said is None for _, said in read),
            "twice": len(self.acknowledged) - len({row["id"] for row in self.acknowledged}),
            "refused": sum(self.refused.values()),
            "refused_because": self.refused,
            "unanswered": len(self.unknown),
            "longest_gap_seconds": round(self.gap, 1),
            "by_address": self.by_address,
            "records_there": records,
        }


def resolve(name: str, resolver: str, timeout: float) -> str:
    """The first IPv4 address of a name, as the resolver tells it now (RFC 1035). Unsent when there is none."""
    number = secrets.randbits(16)
    question = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0\0\1\0\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.settimeout(timeout)
        try:
            link.connect((resolver, 53))
            link.send(struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + question)
            answer = link.recv(4096)
        except OSError as error:
            raise Unsent("the resolver does not answer") from error
    at = 12 + len(question)
    for _ in range(struct.unpack("!H", answer[6:8])[0]):
        at += 2 if answer[at] & 0xC0 else len(question) - 4
        kind, _class, _ttl, length = struct.unpack("!HHIH", answer[at : at + 10])
        at += 10
        if kind == 1 and answer[:2] == struct.pack("!H", number):
            return socket.inet_ntoa(answer[at : at + 4])
        at += length
    raise Unsent("the name has no address")


@contextmanager
def computer(segment: str) -> Iterator[str]:
    """A computer on the segment: its own namespace, line and lease; this process is in it. Yields its resolver."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    hook = Path(f"/run/{NAMESPACE}.lease")
    remove()
    hook.write_text(LEASED)
    hook.chmod(0o700)
    ip("netns", "add", NAMESPACE)
    ip("link", "add", LINK, "type", "veth", "peer", "name", "eth0", "address", MAC, "netns", NAMESPACE)
    ip("link", "set", LINK, "master", f"br-{segment}"[:15], "up")
    ip("-n", NAMESPACE, "link", "set", "lo", "up")
    ip("-n", NAMESPACE, "link", "set", "eth0", "up")
    enter(f"/run/netns/{NAMESPACE}")
    lease = subprocess.Popen(
        ["udhcpc", "-f", "-R", "-i", "eth0", "-s", str(hook)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield resolver_of(Path(f"{hook}.dns"), lease)
    finally:
        lease.terminate()
        lease.wait()
        set_namespace(home)
        os.close(home)
        remove()


def resolver_of(file: Path, lease: subprocess.Popen[bytes]) -> str:
    """The resolver that the lease names."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and lease.poll() is None:
        if file.exists() and (found := file.read_text().split()):
            return found[0]
        time.sleep(0.1)
    sys.exit("no lease on this segment within 30 s")


def remove() -> None:
    """Take away what another run left."""
    for command in (("link", "delete", LINK), ("netns", "delete", NAMESPACE)):
        subprocess.run(["ip", *command], stderr=subprocess.DEVNULL, check=False)
    for name in (f"{NAMESPACE}.lease", f"{NAMESPACE}.lease.dns"):
        Path("/run", name).unlink(missing_ok=True)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def enter(path: str) -> None:
    """Go into a network namespace."""
    with open(path) as file:
        set_namespace(file.fileno())


def set_namespace(handle: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(handle, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "cannot enter the namespace")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", required=True, help="the platform's name")
    parser.add_argument("--ca", required=True, help="the authority's certificate, PEM")
    parser.add_argument("--segment", default="staff", help="where the computer is (staff)")
    parser.add_argument("--unit", default="24958", help="what is written as the row's unit")
    parser.add_argument("--pause", type=float, default=0.2, help="seconds between two rows")
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds until an answer is given up")
    parser.add_argument("--patience", type=float, default=600.0, help="seconds for reading all rows again")
    parser.add_argument("--seconds", type=float, default=3600.0, help="it ends then at the latest")
    parser.add_argument("--stop", type=Path, default=Path("/run/haicap-writer.stop"), help="it ends when this is there")
    parser.add_argument("--rows", action="store_true", help="prints every row that was acknowledged, too")
    given = parser.parse_args()
    given.stop.unlink(missing_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: given.stop.touch())
    with computer(given.segment) as resolver:
        writer = Writer(given.name, given.unit, resolver, given.ca, given.timeout)
        deadline = time.monotonic() + given.seconds
        while not given.stop.exists() and time.monotonic() < deadline:
            writer.write()
            time.sleep(given.pause)
        print(
            json.dumps(writer.summary(given.patience) | ({"rows": writer.acknowledged} if given.rows else {}), indent=1)
        )
    given.stop.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
