"""PowerDNS' HTTP API (doc.powerdns.com/authoritative/http-api), on the server's own loopback, reached over SSH.

The API key is made on the server; it is read into this process's memory for the run and goes nowhere else.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from haicap.errors import HaicapError
from haicap.reach.context import Connection
from haicap.reach.fanout import run
from haicap.reach.forward import forward

ACCOUNT = "haicap"
_PORT = 8081
_TIMEOUT = 60.0
_PAUSES = (0.2, 0.5, 1.0, 2.0)  # seconds
_KEY_COMMAND = "cat /etc/powerdns/api-key"

RecordSet = dict[str, Any]


class Api:
    """One server's API. Zone names are absolute; a record set is the API's own JSON."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def zone(self, name: str) -> dict[str, Any] | None:
        """A zone with its record sets and their comments; None when there is no such zone."""
        response = self._ask("GET", f"/zones/{name}")
        return None if response.status_code == httpx.codes.NOT_FOUND else dict(_checked(response).json())

    def create_zone(self, name: str, kind: str, **more: object) -> None:
        """Create a zone that bears our mark. `kind`: Master, Slave, Producer or Consumer."""
        document = {"name": name, "kind": kind, "account": ACCOUNT, "nameservers": [], **more}
        _checked(self._ask("POST", "/zones", document))

    def patch(self, name: str, sets: list[RecordSet]) -> None:
        """Replace or delete record sets of a zone, all or none."""
        _checked(self._ask("PATCH", f"/zones/{name}", {"rrsets": sets}))

    def delete_zone(self, name: str) -> None:
        """Delete a zone with everything in it."""
        _checked(self._ask("DELETE", f"/zones/{name}"))

    def notify(self, name: str) -> None:
        """Tell the secondaries (RFC 1996) now, rather than at the next cycle."""
        self._ask("PUT", f"/zones/{name}/notify")

    def _ask(self, method: str, path: str, document: object = None) -> httpx.Response:
        """Ask, and ask again while the server is at fault: its database is locked for a moment while it transfers."""
        for pause in _PAUSES:
            response = self._http.request(method, path, json=document)
            if not response.is_server_error:
                return response
            time.sleep(pause)
        return self._http.request(method, path, json=document)


def _checked(response: httpx.Response) -> httpx.Response:
    if response.is_success:
        return response
    try:
        cause = response.json().get("error", response.text)
    except ValueError:
        cause = response.text
    raise HaicapError(f"PowerDNS answered {response.status_code}: {cause.strip()[:500]}")


@contextmanager
def open_api(server: str, address: str, connection: Connection) -> Iterator[Api]:
    """The API of `server`, over SSH. HaicapError when the server, its SSH or its API can't be reached."""
    key = run(server, address, connection, _KEY_COMMAND)
    if not key.ok:
        raise HaicapError(key.error or f"{server}: PowerDNS' API key is not there yet: {key.stderr.strip()}")
    headers = {"X-API-Key": key.stdout.strip()}
    with forward(address, server, connection, _PORT) as port:
        base = f"http://127.0.0.1:{port}/api/v1/servers/localhost"
        with httpx.Client(base_url=base, headers=headers, timeout=_TIMEOUT, trust_env=False) as http:
            try:
                yield Api(http)
            except httpx.HTTPError as error:
                raise HaicapError(f"{server}: PowerDNS' API does not answer: {error}") from error
