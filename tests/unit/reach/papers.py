"""Requests and certificates for tests: an authority, one below it, and whatever a leaf is to be wrong in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

FQDN = "mail1.lamdong.gov.vn"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@cache
def key(name: str) -> ec.EllipticCurvePrivateKey:
    """A key by its owner's name: the same one each time."""
    return ec.generate_private_key(ec.SECP256R1())


def request(owner: str = "mail1", fqdn: str = FQDN) -> str:
    names = x509.SubjectAlternativeName([x509.DNSName(fqdn)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject(fqdn)).add_extension(names, critical=False)
    return builder.sign(key(owner), hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@dataclass(frozen=True)
class Made:
    """What a certificate says. `days` are from NOW."""

    owner: str = "mail1"
    issuer: str = "Middle"
    names: tuple[str, ...] = (FQDN,)
    days: tuple[int, int] = (-1, 90)
    ca: bool = False
    use: x509.ObjectIdentifier | None = ExtendedKeyUsageOID.SERVER_AUTH

    def pem(self) -> str:
        first, last = (NOW + timedelta(day) for day in self.days)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject(self.owner))
            .issuer_name(subject(self.issuer))
            .public_key(key(self.owner).public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(first)
            .not_valid_after(last)
            .add_extension(x509.BasicConstraints(ca=self.ca, path_length=None), critical=True)
        )
        if self.names and not self.ca:
            names = x509.SubjectAlternativeName([x509.DNSName(name) for name in self.names])
            builder = builder.add_extension(names, critical=False)
        if self.use and not self.ca:
            builder = builder.add_extension(x509.ExtendedKeyUsage([self.use]), critical=False)
        return builder.sign(key(self.issuer), hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def root(**changes: object) -> str:
    return Made("Root", "Root", ca=True, **changes).pem()  # type: ignore[arg-type]


def middle(**changes: object) -> str:
    return Made("Middle", "Root", ca=True, **changes).pem()  # type: ignore[arg-type]
