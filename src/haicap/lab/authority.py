"""What a lab has in place of the government's certificate authority and of a unit's officers. Made when first asked.

Nothing outside the lab trusts either, and both go with it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyrage
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from haicap.errors import HaicapError

_YEARS = timedelta(3650)
_EARLIER = timedelta(hours=1)  # a host's clock may be behind
_OFFICER = "AGE-SECRET-KEY-"
_USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


class Authority:
    """Lives in a folder of the lab: `authority.key` (its key and certificate), `officer.key` (an age identity)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def certificate(self) -> str:
        """The authority's own certificate, PEM."""
        return _pem(self._load()[1])

    def sign(self, request: str, days: int = 90) -> str:
        """The chain for a PKCS#10 request (PEM), the new certificate first; it names what the request names.

        HaicapError when the request is none, or is not signed by the key that it holds.
        """
        asked = _request(request)
        key, issuer = self._load()
        now = datetime.now(UTC).replace(microsecond=0)
        builder = (
            x509.CertificateBuilder()
            .subject_name(asked.subject)
            .issuer_name(issuer.subject)
            .public_key(asked.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _EARLIER)
            .not_valid_after(now + timedelta(days))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage("digital_signature", "key_encipherment"), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(asked.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        )
        for extension in asked.extensions:
            if isinstance(extension.value, x509.SubjectAlternativeName):
                builder = builder.add_extension(extension.value, critical=False)
        return _pem(builder.sign(key, hashes.SHA256())) + _pem(issuer)

    @property
    def officer(self) -> str:
        """The age recipient of the lab's first passwords; `age -d -i` with `officer_key` opens what is sealed to it."""
        for line in self._kept(self.officer_key, _new_officer).splitlines():
            if line.startswith(_OFFICER):
                return str(pyrage.x25519.Identity.from_str(line).to_public())
        raise _damaged(self.officer_key)

    @property
    def officer_key(self) -> Path:
        """The file with the officer's identity."""
        return self._folder / "officer.key"

    def _load(self) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        path = self._folder / "authority.key"
        text = self._kept(path, _new_authority).encode()
        try:
            key, certificate = serialization.load_pem_private_key(text, None), x509.load_pem_x509_certificate(text)
        except ValueError as error:
            raise _damaged(path) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise _damaged(path)
        return key, certificate

    def _kept(self, path: Path, make: Callable[[], str]) -> str:
        """What is in the file. Whoever comes first makes it, whole and at once; nobody replaces it."""
        if not path.exists():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            new = path.with_name(f".{path.name}.{os.getpid()}.new")
            try:
                with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                    file.write(make())
                    file.flush()
                    os.fsync(file.fileno())
                path.hardlink_to(new)
            except FileExistsError:
                pass
            finally:
                new.unlink(missing_ok=True)
        return path.read_text(encoding="utf-8", errors="replace")


def _new_authority() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC).replace(microsecond=0)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"haicap lab authority {os.urandom(4).hex()}")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + _YEARS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    formats = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(*formats).decode() + _pem(certificate)


def _new_officer() -> str:
    """As age-keygen writes it."""
    identity = pyrage.x25519.Identity.generate()
    return f"# public key: {identity.to_public()}\n{identity}\n"


def _request(text: str) -> x509.CertificateSigningRequest:
    try:
        request = x509.load_pem_x509_csr(text.encode())
    except ValueError as error:
        raise HaicapError("the certificate request is damaged: run `haicap enrol` again") from error
    if not request.is_signature_valid:
        raise HaicapError("the certificate request is not signed by its own key: run `haicap enrol` again")
    return request


def _usage(*names: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in names for name in _USAGES})


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _damaged(path: Path) -> HaicapError:
    return HaicapError(f"{path} is damaged: remove it, and run `haicap enrol` and `haicap apply` again")
