"""SSH signatures: only the right key, data and purpose pass, and no byte of a signature is free."""

from __future__ import annotations

import base64
import hashlib
import random
import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from haicap.errors import HaicapError
from haicap.signing.ssh import check, public_of, sign, signer_of

DATA = '{"thôn":"Đức Trọng"}'.encode()
PURPOSE = "haicap-log"


def make_key(folder, name="key", kind="ed25519", passphrase=""):
    """A key of somebody, made now."""
    path = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "a@b.vn", "-f", path], check=True)
    return path


@pytest.fixture
def key(tmp_path):
    return make_key(tmp_path)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_what_a_key_signs_is_checked_by_its_public_key(tmp_path, kind):
    key = make_key(tmp_path, kind=kind)
    line = key.with_suffix(".pub").read_text()
    signature = sign(DATA, key, PURPOSE)
    assert "\n" not in signature
    assert check(DATA, signature, line, PURPOSE) is None
    assert signer_of(signature) == public_of(key) == " ".join(line.split()[:2])


def test_other_data_other_key_and_other_purpose_are_told_apart(tmp_path, key):
    other, signature = make_key(tmp_path, "other"), sign(DATA, key, PURPOSE)
    assert check(DATA + b" ", signature, public_of(key), PURPOSE) == "the signature does not match"
    assert check(DATA, signature, public_of(other), PURPOSE) == "it was made by another key"
    assert "another purpose" in check(DATA, signature, public_of(key), "haicap-approval")


def test_a_signature_can_be_checked_without_haicap(tmp_path, key):
    (tmp_path / "s").write_text(
        f"-----BEGIN SSH SIGNATURE-----\n{sign(DATA, key, PURPOSE)}\n-----END SSH SIGNATURE-----\n"
    )
    (tmp_path / "allowed").write_text(f"a@b.vn {public_of(key)}\n")
    words = ["-Y", "verify", "-f", tmp_path / "allowed", "-I", "a@b.vn", "-n", PURPOSE, "-s", tmp_path / "s"]
    assert subprocess.run(["ssh-keygen", *words], input=DATA, check=False).returncode == 0


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_each_changed_byte_of_a_signature_is_found(tmp_path, kind):
    key, chance = make_key(tmp_path, kind=kind), random.Random(7)  # noqa: S311 - which bit changes is no secret
    public, signature = public_of(key), sign(DATA, key, PURPOSE)
    raw = base64.b64decode(signature)
    for position in range(len(raw)):
        changed = bytearray(raw)
        changed[position] ^= 1 << chance.randrange(8)
        assert check(DATA, base64.b64encode(changed).decode(), public, PURPOSE), position


@pytest.mark.parametrize(
    "change", [lambda s: s + "\n", lambda s: s + "AAAA", lambda s: s[:-4], lambda s: "", lambda s: "?"]
)
def test_another_text_of_the_same_signature_is_none(key, change):
    assert check(DATA, change(sign(DATA, key, PURPOSE)), public_of(key), PURPOSE).startswith("it is not a signature")


def test_a_base64_with_loose_last_bits_is_refused(key):
    signature = next(s for n in range(9) if (s := sign(DATA, key, PURPOSE + "x" * n)).endswith("="))
    body = signature.rstrip("=")
    loose = body[:-1] + chr(ord(body[-1]) + 1) + "=" * (len(signature) - len(body))
    assert base64.b64decode(loose) == base64.b64decode(signature)
    with pytest.raises(HaicapError, match="not the base64 that these bytes have"):
        signer_of(loose)


def test_the_agent_signs_where_only_the_public_key_is_named(tmp_path, key, monkeypatch):
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", tmp_path / "agent"], stdout=subprocess.PIPE)
    try:
        agent.stdout.readline()  # it listens
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
        subprocess.run(["ssh-add", "-q", key], check=True)
        key.unlink()
        public = key.with_suffix(".pub")
        assert check(DATA, sign(DATA, public, PURPOSE), public.read_text(), PURPOSE) is None
    finally:
        agent.terminate()
        agent.wait()


def test_a_key_that_can_not_sign_says_what_to_do(tmp_path, key, monkeypatch):
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with pytest.raises(HaicapError, match="no such key"):
        sign(DATA, tmp_path / "none", PURPOSE)
    (tmp_path / "text").write_text("hello")
    with pytest.raises(HaicapError, match="Name the file of an SSH key"):
        sign(DATA, tmp_path / "text", PURPOSE)
    key.unlink()
    with pytest.raises(HaicapError, match="ssh-add"):
        sign(DATA, key.with_suffix(".pub"), PURPOSE)


def test_a_locked_key_without_a_terminal_asks_nothing(tmp_path, monkeypatch):
    """ssh-keygen would ask on the terminal that the tests run on: it gets none."""
    script = tmp_path / "ssh-keygen"
    script.write_text(f'#!/bin/sh\nexec setsid -w {shutil.which("ssh-keygen")} "$@"\n')
    script.chmod(0o755)
    key = make_key(tmp_path, passphrase="secret")  # noqa: S106 - of a key that this test makes
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with pytest.raises(HaicapError, match="ssh-add"):
        sign(DATA, key, PURPOSE)


def test_without_ssh_keygen_it_says_what_to_install(tmp_path, key, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HaicapError, match="openssh-client"):
        sign(DATA, key, PURPOSE)


def _strings(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


class Token:
    """A FIDO2 token (OpenSSH's PROTOCOL.u2f), played: it signs as the chip does, after a touch or without one."""

    kind = b"sk-ssh-ed25519@openssh.com"

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self._public = _strings(self.kind, self._key.public_key().public_bytes_raw(), b"ssh:")
        self.line = f"{self.kind.decode()} {base64.b64encode(self._public).decode()}"

    def sign(self, data: bytes, namespace: str, *, touched: bool = True) -> str:
        """An SSHSIG as `ssh-keygen -Y sign` makes it with the token."""
        said = (namespace.encode(), b"", b"sha512")
        message = b"SSHSIG" + _strings(*said, hashlib.sha512(data).digest())
        rest = bytes([int(touched)]) + (7).to_bytes(4, "big")
        told = hashlib.sha256(b"ssh:").digest() + rest + hashlib.sha256(message).digest()
        signature = _strings(self.kind, self._key.sign(told)) + rest
        blob = b"SSHSIG" + (1).to_bytes(4, "big") + _strings(self._public, *said, signature)
        return base64.b64encode(blob).decode()


def test_a_hardware_keys_signature_counts() -> None:
    token = Token()
    signature = token.sign(b"plan", "haicap-approval")
    assert signer_of(signature) == token.line
    assert check(b"plan", signature, token.line, "haicap-approval") is None
    assert check(b"another", signature, token.line, "haicap-approval") is not None
    assert check(b"plan", signature, Token().line, "haicap-approval") == "it was made by another key"


def test_a_hardware_keys_signature_without_a_touch_counts_for_nothing() -> None:
    token = Token()
    signature = token.sign(b"plan", "haicap-approval", touched=False)
    assert check(b"plan", signature, token.line, "haicap-approval") == "its hardware key signed without a touch"
    raw = bytearray(base64.b64decode(signature))
    raw[-5] |= 1
    forged = base64.b64encode(raw).decode()
    assert check(b"plan", forged, token.line, "haicap-approval") == "the signature does not match"
