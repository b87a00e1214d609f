"""A signed document: DSSE, with a raw signature by an OpenSSH key, which any DSSE tool can check with the public key.

There is one form of an envelope's file, and one signature in it, so that no byte of it is free.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_ssh_private_key,
    load_ssh_public_key,
    ssh_key_fingerprint,
)
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined]  # public, but not exported

from haicap.errors import HaicapError

PAYLOAD_TYPE = "application/vnd.in-toto+json"
_KINDS = "an ed25519 or ECDSA P-256 key (`ssh-keygen -t ed25519`)"
_KEYID = re.compile("SHA256:[A-Za-z0-9+/]{43}")
_PUBLIC = (b"ssh-", b"ecdsa-", b"sk-")

PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey
PublicKey = Ed25519PublicKey | EllipticCurvePublicKey
Ask = Callable[[str], str]


@dataclass(frozen=True)
class Sealed:
    """An envelope that was read: its payload, and the fingerprint of the key that claims to have signed it."""

    payload: bytes
    keyid: str
    envelope: Envelope

    def is_signed_by(self, public_key: str) -> bool:
        """Whether this key (a public key file's line) made its signature."""
        try:
            self.envelope.verify([_key_of(_load_public(public_key))], 1)
        except (ValueError, VerificationError, UnsupportedAlgorithm):
            return False
        return True


def load_key(path: Path, ask: Ask) -> PrivateKey:
    """The private key of a file; `ask` is asked for its passphrase when it has one. HaicapError with the way out."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise HaicapError(f"{path}: {error.strerror}. Name the file of an SSH key.") from error
    if data.startswith(_PUBLIC):
        raise HaicapError(
            f"{path}: this is a public key. A certificate needs the private key's file, of {_KINDS}: keys in an agent "
            "and hardware keys sign approvals, not certificates."
        )
    try:
        key = _load_private(data, path, ask)
    except UnsupportedAlgorithm as error:
        raise HaicapError(
            f"{path}: this key can't sign a certificate. Hardware keys sign approvals; take {_KINDS}."
        ) from error
    except ValueError as error:
        raise HaicapError(f"{path}: this key can't be read ({error}): a wrong passphrase, or no SSH key.") from error
    if isinstance(key, Ed25519PrivateKey) or (isinstance(key, EllipticCurvePrivateKey) and _is_p256(key.curve)):
        return key
    raise HaicapError(f"{path}: this key can't sign a certificate. Take {_KINDS}.")


def public_line(key: PrivateKey) -> str:
    """The public key, as a public key file has it, without a comment."""
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode("ascii")


def fingerprint(public_key: str) -> str:
    """As ssh-keygen -l shows it: `SHA256:...`. Empty for a key that no envelope can be signed by."""
    try:
        return _fingerprint(_load_public(public_key))
    except (ValueError, UnsupportedAlgorithm):
        return ""


def seal(payload: bytes, key: PrivateKey) -> str:
    """The text of an envelope around a payload."""
    envelope = Envelope(payload, PAYLOAD_TYPE, {})
    envelope.sign(CryptoSigner(key, _key_of(key.public_key())))
    return _text(envelope)


def unseal(data: bytes) -> Sealed:
    """An envelope, its signature not checked. ValueError when it is none, or not in the form that `seal` gives."""
    try:
        envelope = Envelope.from_dict(json.loads(data))
        written = _text(envelope).encode()
    except (KeyError, TypeError, AttributeError, ValueError, VerificationError, RecursionError) as error:
        raise ValueError(f"it is no envelope ({error!r})") from error
    if written != data:
        raise ValueError("it is not byte for byte what was written")
    keyids = list(envelope.signatures)
    if envelope.payload_type != PAYLOAD_TYPE or len(keyids) != 1 or not _KEYID.fullmatch(keyids[0]):
        raise ValueError("it is not one statement with one signature by an SSH key")
    return Sealed(envelope.payload, keyids[0], envelope)


def _load_private(data: bytes, path: Path, ask: Ask) -> object:
    try:
        return load_ssh_private_key(data, None)
    except TypeError:  # how cryptography says that it needs a passphrase
        return load_ssh_private_key(data, ask(f"Passphrase of {path}").encode())


def _load_public(line: str) -> PublicKey:
    key = load_ssh_public_key(line.encode())
    if isinstance(key, Ed25519PublicKey) or (isinstance(key, EllipticCurvePublicKey) and _is_p256(key.curve)):
        return key
    raise ValueError("not an ed25519 or ECDSA P-256 key")


def _is_p256(curve: object) -> bool:
    return isinstance(curve, SECP256R1)


def _key_of(key: PublicKey) -> SSlibKey:
    return SSlibKey.from_crypto(key, keyid=_fingerprint(key))


def _fingerprint(key: PublicKey) -> str:
    return "SHA256:" + b64encode(ssh_key_fingerprint(key, SHA256())).decode().rstrip("=")


def _text(envelope: Envelope) -> str:
    return json.dumps(envelope.to_dict(), indent=2) + "\n"
