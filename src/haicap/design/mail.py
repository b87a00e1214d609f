"""Mail: the one server of mail and directory, and what DNS says of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from haicap.addressing.model import Keys, Member
from haicap.inventory.model import Backup, Inventory, Passwords, Province

SPF_NOBODY = '"v=spf1 -all"'
_STRING = 255  # octets of one character string in a TXT record (RFC 1035, 3.3)
# Where a client finds its servers (RFC 6186, RFC 8314, RFC 5804): service, port.
_SERVICES = (("submissions", 465), ("submission", 587), ("imaps", 993), ("sieve", 4190), ("ldaps", 636))


MailRecord = tuple[str, str, tuple[str, ...]]  # absolute name, type, contents in zone-file form


@dataclass(frozen=True)
class MailServerDesign:
    """A mail server with its directory. `domain` has mailboxes, `former_domains` only old addresses that lead to them.

    `certificate` is a PEM chain, the host's own first; `authority` what signed it. Sizes are in bytes.
    """

    domain: str
    suffix: str
    former_domains: tuple[str, ...]
    addresses: tuple[str, str]
    certificate: str
    authority: str
    selectors: tuple[str, ...]
    sign_with: str
    relay: str | None
    message_bytes: int
    hourly_recipients: int
    backup: Backup


@dataclass(frozen=True)
class DirectoryDesign:
    """What is the same for every account: the tree below `suffix`, and what is asked of passwords.

    `officers` are age recipients: the key of the backups is sealed to them.
    """

    suffix: str
    organization: str
    passwords: Passwords
    officers: tuple[str, ...]


def suffix_of(province: Province) -> str:
    """`dc=lamdong,dc=gov,dc=vn` (RFC 2247)."""
    return ",".join(f"dc={label}" for label in province.domain.split("."))


def design_mail_server(
    inventory: Inventory, keys: Keys, certificate: str, authority: str, member: Member, as_of: date
) -> MailServerDesign:
    """The mail server on a date. Its keys are enrolled, its certificate is there."""
    province = inventory.province
    mail = province.mail
    return MailServerDesign(
        domain=province.domain,
        suffix=suffix_of(province),
        former_domains=tuple(sorted(former_domains(inventory, as_of))),
        addresses=(member.loopback, member.loopback6),
        certificate=certificate,
        authority=authority,
        selectors=tuple(selector for selector in mail.dkim.publish if selector in keys.dkim),
        sign_with=mail.dkim.sign_with,
        relay=mail.relay,
        message_bytes=mail.message_mib * 1024 * 1024,
        hourly_recipients=mail.hourly_recipients,
        backup=mail.backup,
    )


def former_domains(inventory: Inventory, as_of: date) -> Iterator[str]:
    """The domains of old addresses that receive on a date: legacy domains, and predecessors' names."""
    names = (name for unit in inventory.units for predecessor in unit.predecessors for name in predecessor.names)
    for domain in {*inventory.province.legacy_domains, *names}:
        if as_of <= last_day_of(inventory.province, domain):
            yield domain


def last_day_of(province: Province, domain: str) -> date:
    """The last day on which a former domain, or the closest one above it that is named, receives."""
    labels = domain.split(".")
    for start in range(len(labels)):
        until = province.mail.domains_until.get(".".join(labels[start:]))
        if until is not None:
            return until
    return date.max


def province_mail_records(
    province: Province, server: str, member: Member, keys: Keys, as_of: date
) -> Iterator[MailRecord]:
    """What DNS says of the province's mail."""
    domain, host = f"{province.domain}.", f"{server}.{province.domain}."
    yield domain, "MX", (f"10 {host}",)
    yield domain, "TXT", (f'"v=spf1 ip4:{member.loopback} ip6:{member.loopback6} -all"',)
    yield (
        f"_dmarc.{domain}",
        "TXT",
        (f'"v=DMARC1; p=reject; adkim=s; aspf=s; rua=mailto:postmaster@{province.domain}"',),
    )
    for selector in province.mail.dkim.publish:
        if selector in keys.dkim:
            yield f"{selector}._domainkey.{domain}", "TXT", (_strings(f"v=DKIM1; k=rsa; p={keys.dkim[selector]}"),)
    for service, port in _SERVICES:
        yield f"_{service}._tcp.{domain}", "SRV", (f"0 1 {port} {host}",)
    for legacy in province.legacy_domains:
        if not legacy.endswith(f".{province.domain}"):
            yield from _receiving_only(f"{legacy}.", host, as_of <= last_day_of(province, legacy))


def unit_mail_records(unit_zone: str, province: Province, server: str) -> Iterator[MailRecord]:
    """A unit's zone receives: its predecessors' names are aliases of it, and people still write to them."""
    yield from _receiving_only(f"{unit_zone}.", f"{server}.{province.domain}.", True)


def _receiving_only(zone: str, host: str, receives: bool) -> Iterator[MailRecord]:
    """A domain that nobody sends from (RFC 7208, 10.1.2; RFC 7489)."""
    yield from ((zone, "MX", (f"10 {host}",)),) if receives else ()
    yield zone, "TXT", (SPF_NOBODY,)
    yield f"_dmarc.{zone}", "TXT", ('"v=DMARC1; p=reject"',)


def _strings(text: str) -> str:
    parts = [text[at : at + _STRING] for at in range(0, len(text), _STRING)]
    return " ".join(f'"{part}"' for part in parts)
