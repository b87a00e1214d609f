"""The log's last line, signed, and kept where who writes the log can't write: by it a cut-off end, and a log that was
written anew, are found.

A head is a line of JSON: {format, province, target, seq, hash, at, signature}; what is signed is its canonical JSON
without the signature. A file may hold many, the newest last.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from haicap.audit.clock import moment, read_clock, text_of
from haicap.audit.event import Event
from haicap.audit.verify import Fault
from haicap.canonical import canonical
from haicap.errors import HaicapError, Refused
from haicap.signing.allowed import AllowedSigner, principal_of
from haicap.signing.ssh import check, sign, signer_of

FORMAT = "haicap.log-head/1"
NAMESPACE = "haicap-log"


@dataclass(frozen=True)
class Head:
    """The line that was the last at a time: its number and hash, and of which log. `at` is when it was signed."""

    province: str
    target: str
    seq: int
    hash: str
    at: str

    @property
    def content(self) -> bytes:
        """What is signed."""
        return canonical({"format": FORMAT, **asdict(self)}).encode()


@dataclass(frozen=True)
class SignedHead:
    """A head, and who signed it, by the keys that are trusted."""

    head: Head
    signer: str


def sign_head(events: Sequence[Event], province: str, target: str, key: Path) -> str:
    """A line for the last event. HaicapError when there is none, or the key can't sign."""
    if not events:
        raise HaicapError(f"The log of {province} has no line yet: there is nothing to sign.")
    last = events[-1]
    head = Head(province, target, last.seq, last.hash, text_of(read_clock().at))
    signature = sign(head.content, key, NAMESPACE)
    return canonical({"format": FORMAT, **asdict(head), "signature": signature}) + "\n"


def read_heads(text: str, signers: Sequence[AllowedSigner], where: str) -> tuple[SignedHead, ...]:
    """All heads of a text, each by one of the signers. Refused when one is not as it was signed."""
    lines = text.split("\n")
    if lines[-1] or not lines[:-1]:
        raise Refused(f"{where}: {'the last line is cut off' if lines[-1] else 'there is no head of a log in it'}.")
    return tuple(_read(line, signers, f"{where}:{number}") for number, line in enumerate(lines[:-1], 1))


def _read(line: str, signers: Sequence[AllowedSigner], where: str) -> SignedHead:
    try:
        document = json.loads(line)
        signature, form = document.pop("signature"), document.pop("format")
        head = Head(**document)
        again = canonical({"format": form, **asdict(head), "signature": signature})
        at = moment(head.at)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Refused(f"{where}: this is not the head of a log.") from error
    if form != FORMAT or again != line or not isinstance(head.seq, int):
        raise Refused(f"{where}: this head was altered: it is not as haicap writes one.")
    try:
        key = signer_of(signature)
    except HaicapError as error:
        raise Refused(f"{where}: {error}") from error
    if reason := check(head.content, signature, key, NAMESPACE):
        raise Refused(f"{where}: the signature is not right: {reason}.")
    if (signer := principal_of(signers, key, NAMESPACE, at)) is None:
        raise Refused(f"{where}: it was signed at {at:%Y-%m-%d} by a key that is not trusted for it then: {key}")
    return SignedHead(head, signer)


def hold(events: Sequence[Event], heads: Sequence[SignedHead]) -> tuple[Fault, ...]:
    """What a log lacks of what its signed heads say: lines that were cut off, or written anew. Pure."""
    by_number = {event.seq: event for event in events}
    last = events[-1].seq if events else 0
    faults = []
    for signed in heads:
        head, told = signed.head, f"as {signed.signer} signed at {signed.head.at}"
        event = by_number.get(head.seq)
        if event is None and head.seq > last:
            gone = f"line {head.seq} was" if head.seq == last + 1 else f"lines {last + 1} to {head.seq} were"
            faults.append(Fault("the end", f"{gone} cut off: there were {head.seq}, {told}"))
        elif event is None or event.hash != head.hash:
            place = event.place if event else f"number {head.seq}"
            faults.append(Fault(place, f"it is another line than number {head.seq} was, {told}: written anew"))
    return tuple(dict.fromkeys(faults))
