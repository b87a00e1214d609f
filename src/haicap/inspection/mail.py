"""What mail promises: a letter reaches another unit, by a former address too, signed so that anybody can check it; and
nobody can use another's mailbox, name, or the server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email import message_from_bytes
from email.utils import parseaddr
from functools import partial
from typing import Any

import dkim
import spf

from haicap.design.accounts import ProbeDesign, Purpose
from haicap.design.province import HostDesign, ProvinceDesign, UnitDesign
from haicap.inspection.check import (
    Ask,
    Check,
    Lease,
    Output,
    Post,
    Result,
    Shell,
    UnreadableError,
    document,
    variables,
    verdict,
)
from haicap.inspection.lan import client_of
from haicap.inspection.model import System
from haicap.inspection.wire import TYPES, read_answer

DAYS = 14  # that a certificate must still be valid
SECONDS = 30.0  # from submission to mailbox, before a letter counts as lost
_SYSTEM: System = "mail"
_TXT = TYPES["TXT"]
_BACKUP = ("haicap-backup.timer", "haicap-backup.service")


def probes_of(unit: UnitDesign) -> tuple[str, ...]:
    """The names of a unit's probe mailboxes."""
    return tuple(unit.accounts.probes) if unit.accounts else ()


def mail(design: ProvinceDesign, unit: UnitDesign, partner: UnitDesign | None) -> Iterator[Check]:
    """A unit's checks, from a client of its own network; none where it has no accounts or no client."""
    server, gateway = design.mail_server, unit.gateway
    to = partner if partner is not None and partner.accounts else unit
    if server is None or server.mail is None or gateway is None or gateway.lan is None or not unit.accounts:
        return
    segment = next((segment for segment in gateway.lan.segments if segment.dhcp), None)
    if segment is None or not to.accounts:
        return
    live, frozen, guess = _probe(unit, "letters"), _probe(unit, "frozen"), _probe(unit, "guess")
    recipient = _probe(to, "letters")
    addresses = (recipient[1].address, *recipient[1].aliases)
    post = Post(
        netns=client_of(segment),
        server=server.fqdn,
        address=server.mail.addresses[0],
        authority=server.mail.authority,
        sender=live[1].address,
        sender_name=live[0],
        frozen=frozen[1].address,
        frozen_name=frozen[0],
        guess=guess[1].address,
        guess_name=guess[0],
        other=frozen[1].address if to is unit else addresses[0],
        recipients=addresses,
        recipient_name=recipient[0],
        seconds=SECONDS,
    )
    names = _policies(server.mail.domain, server.mail.sign_with)
    ask = Ask(segment.gateway, tuple((name, _TXT) for name in names), netns=post.netns, recurse=True)
    host = gateway.name
    code = unit.code
    yield Check(
        code,
        host,
        _SYSTEM,
        "certificate",
        f"valid for {DAYS} days more",
        (post, Lease(post.netns)),
        partial(read_certificates, datetime.now(UTC)),
    )
    yield Check(
        code,
        host,
        _SYSTEM,
        "delivery",
        f"a letter to {' and '.join(addresses)}",
        (post,),
        partial(read_letters, addresses),
        settles=True,
    )
    yield Check(
        code,
        host,
        _SYSTEM,
        "signature",
        "DKIM, SPF and DMARC pass, aligned with the sender",
        (post, ask),
        partial(read_signature, names, server.mail.addresses[0], server.fqdn),
        settles=True,
    )
    yield Check(code, host, _SYSTEM, "refusals", ", ".join(_REFUSED.values()), (post,), read_refusals, True)
    yield counted(server, server.mail.suffix, code, guess[0])


def counted(server: HostDesign, suffix: str, code: str, probe: str) -> Check:
    """The wrong password that `refusals` tries is counted: so many of them lock an account."""
    text = (
        f"ldapsearch -LLL -Q -Y EXTERNAL -H ldapi:/// -o ldif-wrap=no -b ou=people,{suffix} "
        "'(haicapProbe=TRUE)' uid pwdFailureTime"
    )
    read = partial(read_counted, probe)
    expected = f"a wrong password of {probe} counts"
    return Check(code, server.name, _SYSTEM, "lockout", expected, (Shell(text),), read, settles=True)


def backup(server: HostDesign) -> Check:
    """Backups are due every day, and the last one did not fail."""
    shown = "ActiveState,Result,ExecMainExitTimestamp,ExecMainExitTimestampMonotonic"
    text = "; echo; ".join(f"systemctl show -p {shown} {unit}" for unit in _BACKUP)
    return Check(
        None, server.name, _SYSTEM, "backup", "due every day, and the last one done", (Shell(text),), read_backup
    )


def _probe(unit: UnitDesign, purpose: Purpose) -> tuple[str, ProbeDesign]:
    probes = unit.accounts.probes if unit.accounts else {}
    return next((name, probe) for name, probe in probes.items() if probe.purpose == purpose)


def _policies(domain: str, selector: str) -> tuple[str, str, str]:
    """The names of DKIM's key, SPF's and DMARC's policy."""
    return f"{selector}._domainkey.{domain}.", f"{domain}.", f"_dmarc.{domain}."


def read_certificates(now: datetime, outputs: Sequence[Output]) -> Result:
    """The last day at each port, as OpenSSL writes it: `Nov 22 10:00:00 2026 GMT`."""
    found = _part(outputs, "certificates", dict)
    left = {
        port: (datetime.strptime(text, "%b %d %H:%M:%S %Y %Z").replace(tzinfo=UTC) - now).days
        for port, text in found.items()
    }
    wrong = [f"port {port}: {days} days more" for port, days in left.items() if days < DAYS]
    return verdict(wrong, f"{min(left.values())} days more on ports {' and '.join(left)}")


def read_letters(addresses: Sequence[str], outputs: Sequence[Output]) -> Result:
    """Each address's letter, and how long it took from the end of submission to the mailbox."""
    arrived = {letter["to"]: letter["seconds"] for letter in _part(outputs, "letters", list)}
    wrong = [f"no letter to {address} within {SECONDS:g} s" for address in addresses if address not in arrived]
    return verdict(wrong, "; ".join(f"{address} after {seconds:.2f} s" for address, seconds in arrived.items()))


def read_signature(names: Sequence[str], address: str, helo: str, outputs: Sequence[Output]) -> Result:
    """DKIM (RFC 6376) with the key that DNS has, SPF (RFC 7208) for the server's address, DMARC (RFC 7489), strict."""
    letters = _part(outputs, "letters", list)
    if not letters:
        raise UnreadableError("no letter came, so there is nothing to check")
    texts = _texts(names, outputs[1])
    wrong, seen = [], set()
    for letter in letters:
        raw = letter["text"].encode("latin-1")
        message = message_from_bytes(raw)
        domain = _domain(message["From"])
        signed = re.search(r"\bd=([^;\s]+)", message["DKIM-Signature"] or "")
        selector = re.search(r"\bs=([^;\s]+)", message["DKIM-Signature"] or "")
        if not dkim.verify(raw, dnsfunc=lambda name, timeout=5: texts.get(name.decode(), "").encode()):
            wrong.append(f"DKIM fails on the letter to {letter['to']}" if signed else "the letter is not signed")
        sender = parseaddr(message["Return-Path"] or "")[1]
        policy = texts.get(names[1])
        result = spf.query(i=address, s=sender, h=helo).check(spf=policy)[0] if policy else "none"
        if result != "pass" or _domain(sender) != domain:
            wrong.append(f"SPF says {result} to {sender or 'an empty sender'} from {address}")
        seen.add(f"DKIM d={signed[1] if signed else ''} s={selector[1] if selector else ''}")
    if "p=reject" not in texts.get(names[2], "").replace(" ", ""):
        wrong.append(f"DMARC's policy is {texts.get(names[2]) or 'not there'}")
    return verdict(wrong, f"{' and '.join(sorted(seen))} pass; SPF pass; DMARC aligned, p=reject")


_REFUSED = {
    "wrong": "a wrong password",
    "frozen": "a frozen account's login",
    "forged": "another's name as sender",
    "relay": "mail from elsewhere to elsewhere",
}


def read_refusals(outputs: Sequence[Output]) -> Result:
    """What each attempt was answered."""
    found = _document(outputs)
    answers = {words: str(found[key]) for key, words in _REFUSED.items()}
    for words, answer in answers.items():
        if not answer.startswith(("refused", "taken", "let in")):
            raise UnreadableError(f"{words}: {answer}")
    wrong = [f"{words}: {answer}" for words, answer in answers.items() if not answer.startswith("refused")]
    return verdict(wrong, "all refused")


def read_counted(probe: str, outputs: Sequence[Output]) -> Result:
    """LDIF (RFC 2849) of all probes: `uid:` and a `pwdFailureTime:` for each wrong password."""
    if outputs[0].status != 0:
        raise UnreadableError(outputs[0].text.strip()[:200])
    entries = [entry for entry in outputs[0].text.split("\n\n") if f"\nuid: {probe}\n" in f"{entry}\n"]
    failures = sum(line.startswith("pwdFailureTime:") for entry in entries for line in entry.splitlines())
    return Result(failures > 0, f"wrong passwords counted: {failures}")


def read_backup(outputs: Sequence[Output]) -> Result:
    """`name=value` lines of the timer, then of the service (systemctl(1), show). One that never ran is no fault."""
    blocks = [variables(block) for block in outputs[0].text.split("\n\n") if block.strip()]
    if len(blocks) != len(_BACKUP):
        raise UnreadableError(outputs[0].text.strip()[:200] or "systemctl said nothing")
    timer, service = blocks
    wrong = [] if timer["ActiveState"] == "active" else [f"{_BACKUP[0]} is {timer['ActiveState']}"]
    if service["Result"] != "success":
        wrong.append(f"the last backup failed: {service['Result']}")
    ran = service.get("ExecMainExitTimestampMonotonic", "0") != "0"
    return verdict(wrong, f"done {service['ExecMainExitTimestamp']}" if ran else "none since the host is up")


def _part(outputs: Sequence[Output], name: str, kind: type) -> Any:
    found = _document(outputs)[name]
    if not isinstance(found, kind):
        raise UnreadableError(str(found))
    return found


def _document(outputs: Sequence[Output]) -> Mapping[str, object]:
    found = document(outputs[0].text)
    if not isinstance(found, dict):
        raise UnreadableError(json.dumps(found)[:200])
    return found


def _texts(names: Sequence[str], output: Output) -> dict[str, str]:
    """The TXT record at each name, its strings joined; absent where there is none. UnreadableError: no answer came."""
    texts = {}
    for name, answer in zip(names, document(output.text), strict=True):
        if answer is None:
            raise UnreadableError(f"the unit's resolver does not answer for {name}")
        records = read_answer(answer).record_set(name, "TXT")
        if records:
            texts[name] = "".join(re.findall(r'"([^"]*)"', records.records[0]))
    return texts


def _domain(address: str | None) -> str:
    return str(parseaddr(address or "")[1]).rpartition("@")[2].lower()
