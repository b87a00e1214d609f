"""What a letter's journey says: read from what a host answers, with a signature that is really checked."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from functools import cache

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from haicap.inspection.check import Output, UnreadableError
from haicap.inspection.mail import (
    read_certificates,
    read_counted,
    read_letters,
    read_refusals,
    read_signature,
)

DOMAIN, ADDRESS, HOST = "lamdong.gov.vn", "10.127.0.5", "mail1.lamdong.gov.vn"
NAMES = (f"h1._domainkey.{DOMAIN}.", f"{DOMAIN}.", f"_dmarc.{DOMAIN}.")
SPF, DMARC = "v=spf1 ip4:10.127.0.5 -all", "v=DMARC1; p=reject; adkim=s; aspf=s"


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def _public() -> str:
    der = _key().public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}"


def _letter(sender: str = f"probe@{DOMAIN}", signer: str = DOMAIN, body: str = "hello") -> str:
    text = f"From: {sender}\r\nTo: b@{DOMAIN}\r\nSubject: x\r\n\r\n{body}\r\n".encode()
    pem = _key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    signature = dkim.sign(text, b"h1", signer.encode(), pem)
    return f"Return-Path: <{sender}>\r\n{(signature + text).decode()}"


def _txt(name: str, text: str) -> str:
    """A DNS answer with one TXT record, as a host hands it over."""
    parts = [text[at : at + 255].encode() for at in range(0, len(text), 255)]
    data = b"".join(bytes([len(part)]) + part for part in parts)
    owner = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".")) + b"\x00"
    record = owner + b"\x00\x10\x00\x01\x00\x00\x00\x3c" + len(data).to_bytes(2, "big") + data
    return base64.b64encode(b"\x00\x01\x84\x00\x00\x00\x00\x01\x00\x00\x00\x00" + record).decode()


_NO_RECORD = base64.b64encode(b"\x00\x01\x84\x03" + bytes(8)).decode()


def _signature(letter: str, *texts: str | None) -> tuple[bool, str]:
    """The reading of one letter, with what DNS has of key, SPF and DMARC."""
    letters = {"letters": [{"to": f"b@{DOMAIN}", "seconds": 0.1, "text": letter}]}
    answers = [_txt(name, text) if text else _NO_RECORD for name, text in zip(NAMES, texts, strict=True)]
    outputs = [Output(0, json.dumps(letters)), Output(0, json.dumps(answers))]
    result = read_signature(NAMES, ADDRESS, HOST, outputs)
    return result.passed, result.observed


def test_a_signed_letter_from_the_right_server_passes() -> None:
    passed, observed = _signature(_letter(), _public(), SPF, DMARC)
    assert passed, observed
    assert observed == f"DKIM d={DOMAIN} s=h1 pass; SPF pass; DMARC aligned, p=reject"


@pytest.mark.parametrize(
    ("letter", "texts", "said"),
    [
        (_letter().replace("hello", "hullo"), (_public(), SPF, DMARC), "DKIM fails"),
        (_letter(), (None, SPF, DMARC), "DKIM fails"),
        (_letter().partition("From:")[1] + _letter().partition("From:")[2], (_public(), SPF, DMARC), "not signed"),
        (_letter(signer="example.org"), (_public(), SPF, DMARC), "DKIM fails"),
        (_letter(), (_public(), "v=spf1 ip4:192.0.2.1 -all", DMARC), "SPF says fail"),
        (_letter(), (_public(), None, DMARC), "SPF says none"),
        (_letter(), (_public(), SPF, "v=DMARC1; p=none"), "DMARC's policy is v=DMARC1; p=none"),
        (_letter(), (_public(), SPF, None), "DMARC's policy is not there"),
    ],
)
def test_what_does_not_hold_is_said(letter: str, texts: tuple[str | None, ...], said: str) -> None:
    passed, observed = _signature(letter, *texts)
    assert not passed and said in observed


def test_without_a_letter_there_is_nothing_to_check() -> None:
    with pytest.raises(UnreadableError, match="no letter came"):
        read_signature(NAMES, ADDRESS, HOST, [Output(0, '{"letters": []}'), Output(0, "[null, null, null]")])


def test_without_an_answer_of_the_resolver_nothing_is_said_of_a_letter() -> None:
    letters = json.dumps({"letters": [{"to": "b@x", "seconds": 0.1, "text": _letter()}]})
    with pytest.raises(UnreadableError, match="does not answer for h1"):
        read_signature(NAMES, ADDRESS, HOST, [Output(0, letters), Output(0, "[null, null, null]")])


def test_each_address_s_letter_must_come() -> None:
    outputs = [Output(0, json.dumps({"letters": [{"to": "a@x", "seconds": 0.25, "text": ""}]}))]
    assert read_letters(("a@x",), outputs).observed == "a@x after 0.25 s"
    missing = read_letters(("a@x", "old@x"), outputs)
    assert not missing.passed and "no letter to old@x" in missing.observed


def test_what_went_wrong_on_the_way_is_unreadable_not_failed() -> None:
    with pytest.raises(UnreadableError, match="TimeoutError"):
        read_letters(("a@x",), [Output(0, '{"letters": "TimeoutError: timed out"}')])


@pytest.mark.parametrize(("last", "passed"), [("Dec 30 10:00:00 2026 GMT", True), ("Dec  1 10:00:00 2026 GMT", False)])
def test_a_certificate_lasts_for_two_weeks_more(last: str, passed: bool) -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    outputs = [Output(0, json.dumps({"certificates": {"465": last, "993": "Dec 30 10:00:00 2026 GMT"}}))]
    assert read_certificates(now, outputs).passed is passed


def _refusals(**answers: str) -> list[Output]:
    said = dict.fromkeys(("wrong", "frozen", "forged", "relay"), "refused: 554 no") | answers
    return [Output(0, json.dumps(said))]


def test_whoever_is_let_in_is_told() -> None:
    assert read_refusals(_refusals()).passed
    found = read_refusals(_refusals(frozen="let in", relay="taken: 250 ok"))
    assert found.observed == "a frozen account's login: let in; mail from elsewhere to elsewhere: taken: 250 ok"
    with pytest.raises(UnreadableError, match="OSError"):
        read_refusals(_refusals(wrong="OSError: unreachable"))


def test_wrong_passwords_are_counted_of_the_right_probe() -> None:
    ldif = (
        "dn: uid=probe-1,ou=people,dc=x\nuid: probe-1\n\n"
        "dn: uid=probe-2,ou=people,dc=x\nuid: probe-2\npwdFailureTime: 20261122100000.1Z\n\n"
    )
    assert not read_counted("probe-1", [Output(0, ldif)]).passed
    assert read_counted("probe-2", [Output(0, ldif)]).observed == "wrong passwords counted: 1"
    with pytest.raises(UnreadableError):
        read_counted("probe-1", [Output(1, "ldap_sasl_interactive_bind: Can't contact LDAP server")])
