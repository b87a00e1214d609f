"""DNS messages, also those that nobody should send."""

from __future__ import annotations

import base64
import os

import pytest

from haicap.design.dns import RecordSet
from haicap.inspection.check import UnreadableError
from haicap.inspection.wire import read_answer

HEADER = b"\x00\x01\x84\x00\x00\x00\x00\x01\x00\x00\x00\x00"


def _read(data: bytes) -> object:
    return read_answer(base64.b64encode(data).decode())


@pytest.mark.parametrize(
    ("kind", "data", "content"),
    [
        (1, b"\x0a\x40\x00\x01", "10.64.0.1"),
        (28, bytes.fromhex("20010db8000000000000000000000001"), "2001:db8::1"),
        (2, b"\x02NS\x00", "ns."),
        (15, b"\x00\x0a\x02mx\x00", "10 mx."),
        (16, b"\x03a b\x01c", '"a b" "c"'),
        (33, b"\x00\x01\x00\x02\x01\xbb\x01s\x00", "1 2 443 s."),
        (99, b"\x01\x02", "\\# 2 0102"),
    ],
)
def test_contents(kind: int, data: bytes, content: str) -> None:
    record = b"\x01X\x00" + kind.to_bytes(2, "big") + b"\x00\x01\x00\x00\x00\x3c" + len(data).to_bytes(2, "big") + data
    answer = read_answer(base64.b64encode(HEADER + record).decode())
    assert answer.records[0][0] == "x."
    assert answer.records[0][2:] == (60, content)


def test_a_record_set_is_gathered_in_order() -> None:
    records = b"".join(b"\x01x\x00\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x0a\x00\x00" + bytes([n]) for n in (2, 1))
    answer = read_answer(base64.b64encode(HEADER[:7] + b"\x02" + HEADER[8:] + records).decode())
    assert answer.record_set("X.", "A") == RecordSet(60, ("10.0.0.1", "10.0.0.2"))
    assert answer.record_set("x.", "AAAA") is None


@pytest.mark.parametrize("name", [b"\xc0\x0c", b"\xc0\x0e\xc0\x0c", b"\x01a\xc0\x0c", b"\x3fshort", b"\xc0\xff"])
def test_a_name_that_does_not_end_is_refused(name: bytes) -> None:
    with pytest.raises(UnreadableError):
        _read(HEADER + name + b"\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x0a\x00\x00\x01")


def test_rubbish_is_refused_or_read_but_never_hangs() -> None:
    for size in range(0, 200, 3):
        try:
            _read(os.urandom(size))
        except UnreadableError:
            continue
    with pytest.raises(UnreadableError):
        read_answer("not base64!")
