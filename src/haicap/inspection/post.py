"""This text runs on a host too: mail as a user's program sends and reads it, and as a thief would.

One letter goes from the unit's probe mailbox to another unit's, by its official and by a former address, over
submission with STARTTLS; the other end is read by IMAP over TLS. Then what must be refused is tried.
"""

from __future__ import annotations

import email.utils
import imaplib
import json
import smtplib
import socket
import ssl
import threading
import time

from haicap.inspection.network import inside

TYPE_CHECKING = False
if TYPE_CHECKING:  # what a host need not load
    from collections.abc import Callable
    from typing import Any

    Job = dict[str, Any]

SUBMISSION, SUBMISSIONS, SMTP, IMAPS = 587, 465, 25, 993
PAUSE = 0.25  # seconds between two looks into the mailbox
LIMIT = 20.0  # seconds for one connection to say something


class Direct(smtplib.SMTP):
    """To an address, by a name: what the certificate must hold."""

    address = ""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return socket.create_connection((self.address, port), timeout)


def post(job: Job) -> tuple[int, str]:
    """Do it all from a namespace. Output: JSON, a word for each thing tried, and the letters as they arrived."""
    if not job["passwords"]:
        raise ValueError(job["why"] or "the mail server gave the probe mailboxes no password")
    return 0, json.dumps(inside(job["netns"], lambda: User(job).work()))


class User:
    """A unit's user, `sender` by its probe mailbox, who knows the other's password too."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._tls = ssl.create_default_context(cadata=job["authority"])
        self._end = time.monotonic() + job["seconds"]

    def work(self) -> Any:
        """All parts at once, each for itself: one that fails says how, and hides no other."""
        parts: dict[str, Callable[[], Any]] = {
            "certificates": self._certificates,
            "letters": self._letters,
            "forged": self._forged,
            "relay": self._relay,
            "frozen": lambda: self._login(self._job["frozen"], self._password("frozen")),
            "wrong": lambda: self._login(self._job["guess"], "not-the-password"),
        }
        found: dict[str, Any] = {}
        threads = [threading.Thread(target=self._try, args=(found, name, part)) for name, part in parts.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found

    def _try(self, found: dict[str, Any], name: str, part: Callable[[], Any]) -> None:
        try:
            found[name] = part()
        except Exception as error:  # whatever it is, the reader must learn of it
            found[name] = f"{type(error).__name__}: {error}"

    def _password(self, who: str) -> str:
        return str(self._job["passwords"][self._job[f"{who}_name"]])

    def _certificates(self) -> dict[str, str]:
        """The last day of the certificate at each port, as the handshake shows it."""
        found = {}
        for port in (SUBMISSIONS, IMAPS):
            link = socket.create_connection((self._job["address"], port), LIMIT)
            with self._tls.wrap_socket(link, server_hostname=self._job["server"]) as secured:
                found[str(port)] = str((secured.getpeercert() or {}).get("notAfter", ""))
        return found

    def _smtp(self, port: int) -> smtplib.SMTP:
        kind = type("To", (Direct,), {"address": self._job["address"]})
        smtp: smtplib.SMTP = kind(self._job["server"], port, local_hostname="probe.invalid", timeout=LIMIT)
        return smtp

    def _submission(self) -> smtplib.SMTP:
        smtp = self._smtp(SUBMISSION)
        smtp.starttls(context=self._tls)
        smtp.login(self._job["sender"], self._password("sender"))
        return smtp

    def _letters(self) -> list[dict[str, Any]]:
        """Send one to each address, and wait until they are there."""
        tokens = {f"{self._job['token']}-{at}": address for at, address in enumerate(self._job["recipients"])}
        sent = {}
        with self._submission() as smtp:
            for token, address in tokens.items():
                smtp.sendmail(self._job["sender"], [address], self._text(token, address))
                sent[token] = time.monotonic()
        arrived = self._await(set(tokens))
        return [
            {"to": tokens[token], "seconds": round(at - sent[token], 3), "text": text}
            for token, (at, text) in sorted(arrived.items())
        ]

    def _text(self, token: str, address: str) -> bytes:
        lines = [
            f"From: {self._job['sender']}",
            f"To: {address}",
            f"Subject: Thu thu nghiem {token}",
            f"Date: {email.utils.formatdate()}",
            f"Message-ID: <{token}@{self._job['server']}>",
            "",
            "A letter of haicap's inspection.",
            "",
        ]
        return "\r\n".join(lines).encode()

    def _await(self, tokens: set[str]) -> dict[str, tuple[float, str]]:
        found: dict[str, tuple[float, str]] = {}
        with self._imap() as imap:
            imap.login(self._job["recipients"][0], self._password("recipient"))
            while tokens - found.keys() and time.monotonic() < self._end:
                imap.select("INBOX")
                for token in tokens - found.keys():
                    _, hits = imap.search(None, "HEADER", "Message-ID", token)
                    for number in hits[0].split()[:1]:
                        _, parts = imap.fetch(number.decode(), "(BODY.PEEK[])")
                        raw = next(part[1] for part in parts if isinstance(part, tuple))
                        found[token] = (time.monotonic(), raw.decode("latin-1"))
                time.sleep(PAUSE)
        return found

    def _imap(self) -> imaplib.IMAP4:
        job, tls = self._job, self._tls

        class Imap(imaplib.IMAP4):
            def _create_socket(self, timeout: float | None) -> socket.socket:
                link = socket.create_connection((job["address"], IMAPS), timeout)
                return tls.wrap_socket(link, server_hostname=job["server"])

        return Imap(job["server"], IMAPS, LIMIT)

    def _forged(self) -> str:
        """In another's name, with one's own login."""
        with self._submission() as smtp:
            smtp.mail(self._job["other"])
            return _word(smtp.rcpt(self._job["sender"]))

    def _relay(self) -> str:
        """Without a login, from elsewhere to elsewhere."""
        with self._smtp(SMTP) as smtp:
            smtp.ehlo()
            smtp.mail("probe@example.org")
            return _word(smtp.rcpt("probe@example.net"))

    def _login(self, user: str, password: str) -> str:
        with self._imap() as imap:
            try:
                imap.login(user, password)
            except imaplib.IMAP4.error as error:
                return f"refused: {error}"
            return "let in"


def _word(answer: tuple[int, bytes]) -> str:
    code, said = answer
    return f"{'taken' if code < 400 else 'refused'}: {code} {said.decode(errors='replace')}"
