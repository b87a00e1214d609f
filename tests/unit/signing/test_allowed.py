"""allowed_signers is read as OpenSSH reads it: what ssh-keygen refuses, is refused here."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime

import pytest

from haicap.errors import FindingsError, HaicapError
from haicap.signing.allowed import AllowedSigner, line_of, read_allowed, refusal

DATA, NAMESPACE = b"data", "haicap-approval"
AT = datetime(2025, 7, 1, 8, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    """A folder with a key, and what it signed."""
    folder = tmp_path_factory.mktemp("allowed")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "a note", "-f", folder / "key"], check=True)
    words = ["ssh-keygen", "-q", "-Y", "sign", "-f", folder / "key", "-n", NAMESPACE]
    (folder / "sig").write_bytes(subprocess.run(words, input=DATA, capture_output=True, check=True).stdout)
    return folder


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        ("lan@a.vn {key}", True),
        ("lan@a.vn {key} a note", True),
        ('lan@a.vn namespaces="haicap-approval" {key}', True),
        ('lan@a.vn namespaces="git,haicap-*" {key}', True),
        ('lan@a.vn namespaces="git" {key}', False),
        ('lan@a.vn namespaces="haicap-*,!haicap-approval" {key}', False),
        ("minh@a.vn {key}", False),
        ("minh@a.vn,lan@a.vn {key}", True),
        ("*@a.vn {key}", True),
        ("*@a.vn,!lan@a.vn {key}", False),
        ("l?n@a.vn {key}", True),
        ('"lan@a.vn,minh@a.vn" {key}', True),
        ('lan@a.vn valid-after="20250701Z" {key}', True),
        ('lan@a.vn valid-after="20250702Z" {key}', False),
        ('lan@a.vn valid-before="20250701083000Z" {key}', True),
        ('lan@a.vn valid-before="202507010829Z" {key}', False),
        ('lan@a.vn namespaces="haicap-approval",valid-after="20250601Z",valid-before="20250801Z" {key}', True),
        ("# lan@a.vn {key}", False),
        ("", False),
    ],
)
def test_the_same_as_ssh_keygen_says(signed, tmp_path, line, allowed):
    public = (signed / "key.pub").read_text().split()
    path = tmp_path / "keys"
    path.write_text(f"# keys\n\n{line.format(key=' '.join(public[:2]))}\n")
    words = ["-Y", "verify", "-f", path, "-I", "lan@a.vn", "-n", NAMESPACE, "-s", signed / "sig"]
    words += [f"-Overify-time={AT:%Y%m%d%H%M%SZ}"]
    done = subprocess.run(["ssh-keygen", *words], input=DATA, capture_output=True, check=False)
    assert (done.returncode == 0) is allowed
    why = refusal(read_allowed(path), " ".join(public[:2]), "lan@a.vn", NAMESPACE, AT)
    assert (why is None) is allowed, why


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("lan@a.vn", "it has no key"),
        ("lan@a.vn cert-authority ssh-ed25519 AAAA", "the option 'cert-authority' is not known here"),
        ('lan@a.vn namespaces="a",revoked="b" ssh-ed25519 AAAA', "the option 'revoked=\"b\"' is not known here"),
        ('lan@a.vn valid-before="tomorrow" ssh-ed25519 AAAA', "'tomorrow' is no time"),
        ("lan@a.vn valid-before ssh-ed25519 AAAA", "the option valid-before has no value"),
        ("lan@a.vn something AAAA", "is not known here"),
    ],
)
def test_a_line_that_is_not_understood_is_never_skipped(tmp_path, line, told):
    path = tmp_path / "keys"
    path.write_text(f"minh@a.vn ssh-ed25519 AAAA\n{line}\n")
    with pytest.raises(FindingsError) as caught:
        read_allowed(path)
    assert str(caught.value).startswith(f"{path}:2  allowed signer\n")
    assert told in str(caught.value)


def test_no_file_is_an_error(tmp_path):
    with pytest.raises(HaicapError, match="haicap keys"):
        read_allowed(tmp_path / "none")


def test_what_is_written_reads_back(tmp_path):
    signers = (
        AllowedSigner(("lan@a.vn",), "ssh-ed25519 AAAA"),
        AllowedSigner(
            ("*@a.vn", "!b@a.vn"), "ssh-ed25519 BBBB", ("haicap-approval", "haicap-log"), AT, AT.replace(year=2026)
        ),
    )
    path = tmp_path / "keys"
    path.write_text("".join(f"{line_of(one)}\n" for one in signers))
    assert read_allowed(path) == signers


def test_each_line_of_a_key_is_a_chance():
    early = AllowedSigner(("lan@a.vn",), "ssh-ed25519 AAAA", valid_before=AT.replace(year=2024))
    late = AllowedSigner(("lan@a.vn",), "ssh-ed25519 AAAA", valid_after=AT.replace(year=2026))
    key = "ssh-ed25519 AAAA"
    assert refusal((early,), key, "lan@a.vn", NAMESPACE, AT) == "its key counts only until 2024-07-01 08:30:00Z"
    assert "counts only from" in str(refusal((early, late), key, "lan@a.vn", NAMESPACE, AT))
    assert refusal((early, late, AllowedSigner(("lan@a.vn",), key)), key, "lan@a.vn", NAMESPACE, AT) is None
