"""This text runs on a host too: a page fetched over HTTPS from a client's namespace, as a user's browser would."""

from __future__ import annotations

import http.client
import json
import socket
import ssl

from haicap.inspection.network import inside

TYPE_CHECKING = False
if TYPE_CHECKING:  # what a host need not load
    from typing import Any

    Job = dict[str, Any]

PORT = 443
LENGTH = 4000  # bytes of a page that are told


def fetch(job: Job) -> tuple[int, str]:
    """GET a path of a name at an address. Output: JSON {"status", "body", "until"}, or {"error"}.

    `until` is the certificate's last day as TLS tells it; a certificate that is not trusted for the name is an error.
    """
    return 0, json.dumps(inside(job["netns"], lambda: _get(job)))


def _get(job: Job) -> Any:
    tls = ssl.create_default_context(cadata=job["authority"])
    try:
        plain = socket.create_connection((job["address"], PORT), job["seconds"])
        with plain, tls.wrap_socket(plain, server_hostname=job["name"]) as connection:
            return _ask(connection, job)
    except TimeoutError:
        return {"error": "silence"}
    except ConnectionRefusedError:
        return {"error": "refused"}
    except ssl.SSLCertVerificationError as error:
        return {"error": f"certificate: {error.verify_message}"}
    except OSError as error:
        return {"error": error.strerror or str(error)}


def _ask(connection: ssl.SSLSocket, job: Job) -> Any:
    until = (connection.getpeercert() or {}).get("notAfter", "")  # the answer's end closes the connection
    page = http.client.HTTPConnection(job["name"], timeout=job["seconds"])
    page.sock = connection
    page.request("GET", job["path"], headers={"Host": job["name"], "Connection": "close"})
    answer = page.getresponse()
    body = answer.read(LENGTH).decode(errors="replace")
    return {"status": answer.status, "body": body, "until": until}
