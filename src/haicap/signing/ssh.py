"""SSH signatures (OpenSSH's PROTOCOL.sshsig), made and checked by ssh-keygen: a stranger can check them without haicap.

A signature is kept as one line: the base64 of the SSHSIG blob, which is what stands between the BEGIN and END of
ssh-keygen's own files. OpenSSH reads more than one form of a blob (another version, something in its reserved field,
several base64 texts for the same bytes); here there is one form, so that no byte of a signature can be changed.
"""

from __future__ import annotations

import base64
import binascii
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from haicap.errors import HaicapError

_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_MAGIC = b"SSHSIG" + (1).to_bytes(4, "big")
_PUBLIC = ("ssh-", "ecdsa-", "sk-")  # what the line of a public key begins with
_FIELDS = 5  # public key, namespace, reserved, hash algorithm, signature


@dataclass(frozen=True)
class _Blob:
    """What an SSHSIG blob says of itself; `key` is in the form of a public key file, without its comment. `touched` is
    False where a hardware key says that nobody touched it."""

    key: str
    namespace: str
    touched: bool


def sign(data: bytes, key: Path, namespace: str) -> str:
    """Sign `data` for one purpose, the namespace. One line of base64.

    `key` is a private key's file, or a public key's where an agent or a hardware key holds the private one. HaicapError
    when ssh-keygen is missing, or can't use the key.
    """
    if not key.is_file():
        raise HaicapError(f"{key}: there is no such key. Name the file of an SSH key, e.g. `--key ~/.ssh/id_ed25519`.")
    # On a terminal ssh-keygen speaks for itself: it asks for a passphrase, a PIN, or a touch.
    terminal = sys.stderr.isatty()
    done = _run_keygen(
        "-q", "-Y", "sign", "-f", str(key), "-n", namespace, data=data, stderr=None if terminal else subprocess.PIPE
    )
    if done.returncode != 0:
        said = (done.stderr or b"").decode(errors="replace").strip().splitlines()
        raise HaicapError(f"{key}: {said[-1] if said else 'it did not sign'}. {_way_out(key, ' '.join(said))}")
    return "".join(done.stdout.decode("ascii").replace(_BEGIN, "").replace(_END, "").split())


def check(data: bytes, signature: str, public_key: str, namespace: str) -> str | None:
    """None when this key made this signature of `data` for this purpose; else why not, as a clause.

    `public_key` is a line of a public key file; its comment does not count.
    """
    try:
        blob = _read(signature)
    except ValueError as error:
        return f"it is not a signature ({error})"
    if blob.key != _without_comment(public_key):
        return "it was made by another key"
    if blob.namespace != namespace:
        return f"it was made for another purpose ({blob.namespace!r}, not {namespace!r})"
    if not blob.touched:
        return "its hardware key signed without a touch"
    with TemporaryDirectory(prefix="haicap-") as folder:
        file = Path(folder) / "signature"
        file.write_text(_armoured(signature), encoding="ascii")
        done = _run_keygen("-q", "-Y", "check-novalidate", "-n", namespace, "-s", str(file), data=data)
    return None if done.returncode == 0 else "the signature does not match"


def signer_of(signature: str) -> str:
    """The public key inside a signature, `ssh-ed25519 AAAA...`: who claims to have made it, before it is checked."""
    try:
        return _read(signature).key
    except ValueError as error:
        raise HaicapError(f"This is not an SSH signature: {error}. Sign anew.") from error


def public_of(key: Path) -> str:
    """The public key of a key's file, without its comment: from itself, from the `.pub` beside it, or from ssh-keygen.

    HaicapError when there is none, or it can't be read.
    """
    for file in (key, key.with_name(f"{key.name}.pub")):
        if file.is_file() and (text := file.read_text(encoding="utf-8", errors="replace")).startswith(_PUBLIC):
            return _without_comment(text)
    if not key.is_file():
        raise HaicapError(f"{key}: there is no such key. Name the file of an SSH key, e.g. `--key ~/.ssh/id_ed25519`.")
    done = _run_keygen("-y", "-f", str(key), data=b"")
    if done.returncode != 0:
        said = (done.stderr or b"").decode(errors="replace").strip()
        raise HaicapError(f"{key}: {said.splitlines()[-1] if said else 'it has no key'}. {_way_out(key, said)}")
    return _without_comment(done.stdout.decode("utf-8"))


def _armoured(signature: str) -> str:
    """A signature as ssh-keygen's own files have it."""
    return f"{_BEGIN}\n{signature}\n{_END}\n"


def _run_keygen(*words: str, data: bytes, stderr: int | None = subprocess.PIPE) -> subprocess.CompletedProcess[bytes]:
    """Run ssh-keygen with this on its standard input, to its end. HaicapError when it is missing."""
    try:
        return subprocess.run(["ssh-keygen", *words], input=data, stdout=subprocess.PIPE, stderr=stderr, check=False)
    except FileNotFoundError as error:
        raise HaicapError("ssh-keygen is missing: install OpenSSH's client (Debian: openssh-client).") from error


def _way_out(key: Path, said: str) -> str:
    if "passphrase" in said:
        return f"Unlock it with `ssh-add {key}` and name its public key, or run this on a terminal."
    if "No private key" in said or "agent" in said:
        return (
            "Put the private key into the agent (`ssh-add`), plug in the hardware key, or name the private key's file."
        )
    if "permissions" in said or "Permission denied" in said:
        return f"Make it yours and private: `chmod 600 {key}`."
    return "Name the file of an SSH key that can be used here."


def _read(signature: str) -> _Blob:
    """What a signature says of itself. ValueError unless it is in the one form that `sign` gives."""
    try:
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64") from error
    if base64.b64encode(raw).decode() != signature:
        raise ValueError("not the base64 that these bytes have")
    if not raw.startswith(_MAGIC):
        raise ValueError("no SSHSIG of version 1")
    fields = list(_strings(raw[len(_MAGIC) :]))
    if len(fields) != _FIELDS or fields[2]:
        raise ValueError("not the fields of an SSHSIG")
    kind = next(_strings(fields[0]), b"")
    key = f"{kind.decode('ascii')} {base64.b64encode(fields[0]).decode()}"
    return _Blob(key, fields[1].decode("utf-8"), not key.startswith("sk-") or _is_touched(fields[4]))


def _is_touched(signature: bytes) -> bool:
    """Whether a FIDO2 token says that somebody was there: bit 0 of the flags, which stand before the counter of four
    bytes at the end (OpenSSH's PROTOCOL.u2f, SSH U2F signatures)."""
    return bool(signature[-5:-4] and signature[-5] & 1)


def _strings(raw: bytes) -> Iterator[bytes]:
    """SSH's strings (RFC 4251, section 5): four bytes of length, then the bytes."""
    while raw:
        length = int.from_bytes(raw[:4], "big")
        if len(raw) < 4 + length:
            raise ValueError("cut short")
        yield raw[4 : 4 + length]
        raw = raw[4 + length :]


def _without_comment(public_key: str) -> str:
    return " ".join(public_key.split()[:2])
