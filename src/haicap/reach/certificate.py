"""Whether a host can work with the certificate that an authority gave: every fault, each with its way out. Pure.

What is checked is what stops a server from starting or its clients from trusting it: the key, the name, the days, and
the way up to the authority (RFC 5280, 6.1, without revocation and name constraints).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID


@dataclass(frozen=True)
class Papers:
    """A host's `certificate` chain, its `request`, its `authority`'s certificate, as PEM; and paths, for messages."""

    names: tuple[str, ...]
    request: str
    certificate: str
    authority: str
    certificate_path: str
    request_path: str
    authority_path: str

    def faults(self, now: datetime, days: int) -> Iterator[str]:
        """A line for everything that is wrong; the chain must hold for at least so many more `days`."""
        chain, anchors = _read(self.certificate), _read(self.authority)
        for path, text in ((self.certificate_path, self.certificate), (self.authority_path, self.authority)):
            if "PRIVATE KEY" in text:
                yield f"{path}: a private key is in it; take it out, and have a new key made: others have seen this one"
        if not chain:
            yield f"{self.certificate_path}: it holds no certificate; put the chain there as PEM, the host's first"
        if not anchors:
            yield f"{self.authority_path}: it holds no certificate; put the authority's own there as PEM"
        if chain:
            yield from self._key_faults(chain)
            yield from self._name_faults(chain[0])
            yield from self._use_faults(chain[0])
            yield from self._day_faults(chain[0], now, timedelta(days))
        if chain and anchors:
            yield from self._chain_faults(chain[0], chain[1:], anchors, now)

    def _key_faults(self, chain: Sequence[x509.Certificate]) -> Iterator[str]:
        own = key_of(self.request)
        keys = [_spki(certificate) for certificate in chain]
        if keys[0] == own:
            return
        way_out = "put the host's own certificate first" if own in keys else f"have {self.request_path} signed"
        yield f"{self.certificate_path}: its first certificate is not of the host's key; {way_out}"

    def _name_faults(self, leaf: x509.Certificate) -> Iterator[str]:
        names = {name.lower() for name in _names(leaf)}
        missing = [name for name in self.names if not {name, f"*.{name.partition('.')[2]}"} & names]
        if missing:
            told = ", ".join(sorted(names)) or "no name at all"
            way_out = f"have {self.request_path} signed as it is"
            yield f"{self.certificate_path}: it is for {told}, not for {', '.join(missing)}; {way_out}"

    def _use_faults(self, leaf: x509.Certificate) -> Iterator[str]:
        try:
            uses = set(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
        except x509.ExtensionNotFound:
            return
        if not uses & {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}:
            yield f"{self.certificate_path}: it is not for servers; have {self.request_path} signed for TLS servers"

    def _day_faults(self, leaf: x509.Certificate, now: datetime, least: timedelta) -> Iterator[str]:
        path, again = self.certificate_path, f"have {self.request_path} signed again"
        since, until = leaf.not_valid_before_utc, leaf.not_valid_after_utc
        if now < since:
            yield f"{path}: it is valid from {since:%Y-%m-%d} on only; wait until then, or {again}"
        if until <= now:
            yield f"{path}: it ended on {until:%Y-%m-%d}; {again}"
        elif until < now + least:
            yield f"{path}: it ends on {until:%Y-%m-%d}, in less than {least.days} days; {again}"

    def _chain_faults(
        self,
        leaf: x509.Certificate,
        between: Sequence[x509.Certificate],
        anchors: Sequence[x509.Certificate],
        now: datetime,
    ) -> Iterator[str]:
        """Follow the issuers up to the authority; the order of those in between does not matter."""
        at, left = leaf, list(between)
        while not (found := [anchor for anchor in anchors if _issued(anchor, at) or _same(anchor, at)]):
            above = [one for one in left if _issued(one, at)]
            if not above:
                issuer = at.issuer.rfc4514_string()
                yield (
                    f"{self.certificate_path}: no certificate of {issuer} is in it or in {self.authority_path}; "
                    "add the one that is missing"
                )
                return
            at = above[0]
            left.remove(at)
            yield from _over(self.certificate_path, at, now)
        yield from _over(self.authority_path, found[0], now)


def key_of(request: str) -> bytes | None:
    """The public key that a request (PEM) is for, as SubjectPublicKeyInfo; None if it is no request, or is damaged."""
    try:
        read = x509.load_pem_x509_csr(request.encode())
        return _spki(read) if read.is_signature_valid else None
    except (ValueError, UnsupportedAlgorithm):
        return None


def names_of(request: str) -> frozenset[str]:
    """The DNS names that a request (PEM) asks for; none if it is no request."""
    try:
        return frozenset(_names(x509.load_pem_x509_csr(request.encode())))
    except (ValueError, x509.DuplicateExtension):
        return frozenset()


def _read(text: str) -> list[x509.Certificate]:
    """The certificates of a PEM text; none if one of them can't be read, down to its key and its extensions."""
    try:
        found = x509.load_pem_x509_certificates(text.encode())
        return [one for one in found if _spki(one) and one.extensions is not None]
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension):
        return []


def _spki(of: x509.Certificate | x509.CertificateSigningRequest) -> bytes:
    return of.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _names(of: x509.Certificate | x509.CertificateSigningRequest) -> list[str]:
    try:
        found = of.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return found.value.get_values_for_type(x509.DNSName)


def _issued(issuer: x509.Certificate, one: x509.Certificate) -> bool:
    """Whether `issuer` may issue certificates, and issued this one."""
    try:
        one.verify_directly_issued_by(issuer)
        return issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.ExtensionNotFound):
        return False


def _same(one: x509.Certificate, other: x509.Certificate) -> bool:
    return one.public_bytes(Encoding.DER) == other.public_bytes(Encoding.DER)


def _over(path: str, certificate: x509.Certificate, now: datetime) -> Iterator[str]:
    if not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc:
        since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        whose = certificate.subject.rfc4514_string()
        yield f"{path}: {whose} is valid from {since:%Y-%m-%d} to {until:%Y-%m-%d} only; put today's in its place"
