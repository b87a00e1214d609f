"""DNS messages (RFC 1035, 4) read back into the words that a design uses. Pure."""

from __future__ import annotations

import binascii
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from haicap.design.dns import RecordSet
from haicap.inspection.check import UnreadableError

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33}
_NAMES = {number: name for name, number in TYPES.items()}
_CODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}


@dataclass(frozen=True)
class Answer:
    """A response: its code, whether it is authoritative, whether it was cut, and the answer section's records as
    (name, type, TTL, content); names are absolute and in lower case."""

    code: str
    authoritative: bool
    truncated: bool
    records: tuple[tuple[str, str, int, str], ...]

    def record_set(self, name: str, kind: str) -> RecordSet | None:
        """The record set of a name and type, contents in order; None when the answer has none."""
        found = [(ttl, content) for owner, its, ttl, content in self.records if (owner, its) == (name.lower(), kind)]
        return RecordSet(found[0][0], tuple(sorted(content for _, content in found))) if found else None


def read_answer(text: str) -> Answer:
    """An answer as `onhost` gives it: base64. UnreadableError when it is no DNS message."""
    try:
        data = binascii.a2b_base64(text)
        _, flags, questions, answers, _, _ = struct.unpack_from("!6H", data)
        at = 12
        for _ in range(questions):
            _, at = _name(data, at)
            at += 4
        records = []
        for _ in range(answers):
            record, at = _record(data, at)
            records.append(record)
    except (struct.error, IndexError, ValueError) as error:
        raise UnreadableError(f"not a DNS answer: {error}") from None
    code = _CODES.get(flags & 15, f"code {flags & 15}")
    return Answer(code, bool(flags & 0x0400), bool(flags & 0x0200), tuple(records))


def _record(data: bytes, at: int) -> tuple[tuple[str, str, int, str], int]:
    owner, at = _name(data, at)
    kind, _, ttl, length = struct.unpack_from("!HHIH", data, at)
    at += 10
    name = _NAMES.get(kind, f"TYPE{kind}")
    return (owner, name, ttl, _content(data, at, length, name)), at + length


def _content(data: bytes, at: int, length: int, kind: str) -> str:
    raw = data[at : at + length]
    match kind:
        case "A":
            words = [str(IPv4Address(raw))]
        case "AAAA":
            words = [str(IPv6Address(raw))]
        case "NS" | "CNAME" | "PTR":
            words = [_name(data, at)[0]]
        case "MX":
            words = [str(int.from_bytes(raw[:2], "big")), _name(data, at + 2)[0]]
        case "SRV":
            words = [*map(str, struct.unpack_from("!3H", data, at)), _name(data, at + 6)[0]]
        case "SOA":
            primary, at = _name(data, at)
            hostmaster, at = _name(data, at)
            words = [primary, hostmaster, *map(str, struct.unpack_from("!5I", data, at))]
        case "TXT":
            words = [f'"{part.decode(errors="replace")}"' for part in _strings(raw)]
        case _:
            words = ["\\#", str(length), raw.hex()]
    return " ".join(words)


def _strings(raw: bytes) -> Iterable[bytes]:
    while raw:
        yield raw[1 : 1 + raw[0]]
        raw = raw[1 + raw[0] :]


def _name(data: bytes, at: int) -> tuple[str, int]:
    """A name from `at`, and where what follows it starts. Pointers only lead backwards, so that it ends (4.1.4)."""
    labels: list[str] = []
    after, limit = 0, at + 1
    while (size := data[at]) != 0:
        if size & 0xC0 == 0xC0:
            after = after or at + 2
            at = struct.unpack_from("!H", data, at)[0] & 0x3FFF
            if at >= limit - 1:
                raise ValueError("a name that points forward")
            limit = at + 1
            continue
        labels.append(data[at + 1 : at + 1 + size].decode("latin-1").lower())
        at += 1 + size
    return ".".join([*labels, ""]) if labels else ".", after or at + 1
