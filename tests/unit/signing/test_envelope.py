"""Keys that can and can't sign an envelope, and what anybody else's tools find in one."""

from __future__ import annotations

import base64
import json
import subprocess

import pytest

from haicap.errors import HaicapError
from haicap.signing.envelope import fingerprint, load_key, public_line, seal, unseal

PAYLOAD = '{"xã":"Đạ Tẻh"}'.encode()


def _make(folder, kind="ed25519", passphrase="", *words):
    path = folder / f"key-{kind}"
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-f", path, *words], check=True)
    return path


def _never(question):
    pytest.fail(f"it asked: {question}")


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_an_ssh_key_signs_what_openssl_checks(tmp_path, kind):
    """With nothing of haicap or of its libraries: the public key as PEM, the pre-authentication encoding, the bytes."""
    path = _make(tmp_path, kind)
    made = json.loads(seal(PAYLOAD, load_key(path, _never)))
    kind_of = b"application/vnd.in-toto+json"
    (tmp_path / "pae").write_bytes(b"DSSEv1 %d %b %d %b" % (len(kind_of), kind_of, len(PAYLOAD), PAYLOAD))
    (tmp_path / "sig").write_bytes(base64.b64decode(made["signatures"][0]["sig"]))
    pem = subprocess.run(["ssh-keygen", "-e", "-m", "PKCS8", "-f", f"{path}.pub"], capture_output=True, check=False)
    if pem.returncode != 0:  # ssh-keygen writes no PEM of an ed25519 key
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_public_key

        loaded = load_ssh_public_key(path.with_suffix(".pub").read_bytes())
        text = loaded.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    else:
        text = pem.stdout
    (tmp_path / "pem").write_bytes(text)
    words = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "pem", "-sigfile", "sig", "-rawin", "-in", "pae"]
    done = subprocess.run([*words, *(["-digest", "sha256"] if kind == "ecdsa" else [])], cwd=tmp_path, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_an_envelope_names_its_key_as_ssh_keygen_does(tmp_path, kind):
    path = _make(tmp_path, kind)
    key = load_key(path, _never)
    shown = subprocess.run(["ssh-keygen", "-l", "-f", path], capture_output=True, text=True, check=True).stdout
    sealed = unseal(seal(PAYLOAD, key).encode())
    assert sealed.payload == PAYLOAD
    assert sealed.keyid == fingerprint(public_line(key)) == shown.split()[1]
    assert sealed.is_signed_by(public_line(key))
    (tmp_path / "other").mkdir()
    assert not sealed.is_signed_by(public_line(load_key(_make(tmp_path / "other", kind), _never)))
    assert not sealed.is_signed_by("ssh-ed25519 AAAA")


def test_a_passphrase_is_asked_for(tmp_path):
    path, asked = _make(tmp_path, "ed25519", "mưa"), list[str]()
    key = load_key(path, lambda question: asked.append(question) or "mưa")
    assert asked == [f"Passphrase of {path}"]
    assert public_line(key) == " ".join(path.with_suffix(".pub").read_text().split()[:2])
    with pytest.raises(HaicapError, match="wrong passphrase"):
        load_key(path, lambda _question: "nắng")


def test_a_key_that_can_not_sign_is_refused_with_the_way_out(tmp_path):
    rsa, wide = _make(tmp_path, "rsa"), _make(tmp_path, "ecdsa", "", "-b", "521")
    hardware = "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAA"
    (tmp_path / "sk.pub").write_text(hardware)
    (tmp_path / "text").write_text("no key")
    for path in (rsa, wide):
        with pytest.raises(HaicapError, match=r"can't sign a certificate\. Take an ed25519"):
            load_key(path, _never)
    with pytest.raises(HaicapError, match="hardware keys sign approvals, not certificates"):
        load_key(tmp_path / "sk.pub", _never)
    with pytest.raises(HaicapError, match="can't be read"):
        load_key(tmp_path / "text", _never)
    with pytest.raises(HaicapError, match="No such file"):
        load_key(tmp_path / "none", _never)


def _envelope(**changed):
    whole = json.loads(seal(PAYLOAD, load_key(_envelope.key, _never)))
    return (json.dumps({**whole, **changed}, indent=2) + "\n").encode()


@pytest.mark.parametrize(
    "changed",
    [
        {"payloadType": "application/json"},
        {"signatures": []},
        {"signatures": [{"keyid": "a", "sig": "AAAA"}]},
        {"signatures": [{"keyid": "SHA256:" + "A" * 43, "sig": "AAAA", "more": 1}, {"keyid": "b", "sig": "AAAA"}]},
        {"more": 1},
        {"payload": "AAB="},
        {"payload": "####"},
    ],
)
def test_only_one_form_of_an_envelope_is_read(tmp_path, changed):
    _envelope.key = _make(tmp_path)
    assert unseal(_envelope()).payload == PAYLOAD
    with pytest.raises(ValueError, match=r"^it is"):
        unseal(_envelope(**changed))
