"""A lab's authority and officer: made once, private, and good for what real clients ask."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyrage
import pytest

from haicap.errors import HaicapError
from haicap.lab import Lab
from haicap.lab.authority import Authority
from haicap.reach.certificate import Papers
from tests.unit.reach.papers import FQDN, request


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "lab" / "authority"


def test_it_is_made_when_first_asked_and_kept(folder: Path) -> None:
    authority = Authority(folder)
    assert not folder.exists()
    assert authority.certificate == Authority(folder).certificate
    assert authority.officer == Authority(folder).officer
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        "authority.key": 0o600,
        "officer.key": 0o600,
    }
    assert folder.stat().st_mode & 0o777 == 0o700


def test_another_lab_has_another(tmp_path: Path) -> None:
    one, other = Authority(tmp_path / "a"), Authority(tmp_path / "b")
    assert one.certificate != other.certificate
    assert one.officer != other.officer


def test_what_it_signs_works(folder: Path) -> None:
    authority, asked = Authority(folder), request()
    papers = Papers((FQDN,), asked, authority.sign(asked, days=30), authority.certificate, "pem", "csr", "ca")
    now = datetime.now(UTC)
    assert list(papers.faults(now, 29)) == []
    assert list(papers.faults(now + timedelta(29), 29)) != []


def test_openssl_agrees(folder: Path, tmp_path: Path) -> None:
    authority = Authority(folder)
    (tmp_path / "ca.pem").write_text(authority.certificate)
    (tmp_path / "mail1.pem").write_text(authority.sign(request()))
    words = ["-x509_strict", "-purpose", "sslserver", "-verify_hostname", FQDN, "-CAfile", "ca.pem", "mail1.pem"]
    done = subprocess.run(["openssl", "verify", *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "mail1.pem: OK\n", done.stderr


def test_a_request_that_is_none_is_not_signed(folder: Path) -> None:
    with pytest.raises(HaicapError, match="the certificate request is damaged"):
        Authority(folder).sign("words")


def test_a_request_of_another_key_is_not_signed(folder: Path) -> None:
    lines = request().splitlines()
    lines[-2] = lines[-2].translate(str.maketrans("abcdefgh", "hgfedcba"))  # in the signature
    with pytest.raises(HaicapError, match=r"damaged|not signed by its own key"):
        Authority(folder).sign("\n".join(lines))


def test_the_officer_opens_what_is_sealed(folder: Path) -> None:
    authority = Authority(folder)
    sealed = pyrage.encrypt("mật khẩu".encode(), [pyrage.x25519.Recipient.from_str(authority.officer)])
    text = authority.officer_key.read_text()
    assert text.startswith(f"# public key: {authority.officer}\n"), "as age-keygen writes it"
    identity = pyrage.x25519.Identity.from_str(text.splitlines()[1])
    assert pyrage.decrypt(sealed, [identity]).decode() == "mật khẩu"


@pytest.mark.parametrize("name", ["authority.key", "officer.key"])
def test_a_damaged_file_is_told(folder: Path, name: str) -> None:
    folder.mkdir(parents=True)
    (folder / name).write_text("words")
    authority = Authority(folder)
    with pytest.raises(HaicapError, match=f"{name} is damaged: remove it"):
        _ = (authority.certificate, authority.officer)


def test_it_goes_with_the_lab(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "lab")
    lab.directory.mkdir()
    (lab.directory / "lab.json").write_text("{}")
    assert lab.authority.officer_key.parent == lab.directory / "authority"
    _ = lab.authority.certificate
    lab._erase()
    assert not lab.directory.exists()
