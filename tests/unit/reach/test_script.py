"""What a host runs when it is enrolled, in a real shell below another root; and what is taken of its answer."""

from __future__ import annotations

import os
import subprocess
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from haicap.addressing.model import Keys
from haicap.reach.certificate import key_of, names_of
from haicap.reach.context import Outcome
from haicap.reach.enrol import judge, script
from haicap.reach.makes import Makes

WIREGUARD = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="
FQDN = "mail1.lamdong.gov.vn"
MAIL = Makes((FQDN,), ("h1", "h2"))
SSH = "ssh-ed25519 AAAA"


class Root:
    """A host's files in a folder, and a shell there in which `wg` and `apt-get` are stand-ins."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("bin", "etc", "run"):
            (folder / name).mkdir()
        self.program("wg", f"test $1 = genkey || cat >/dev/null; echo {WIREGUARD}")
        self.program("apt-get", 'echo "$@" >> "$(dirname "$0")/../installed"')

    def program(self, name: str, text: str) -> None:
        (self.folder / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
        (self.folder / "bin" / name).chmod(0o755)

    def run(self, mail: Makes = MAIL) -> Outcome:
        text = script(mail).replace("/etc/", f"{self.folder}/etc/").replace("/run/", f"{self.folder}/run/")
        paths = os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]])
        done = subprocess.run(
            ["sh", "-c", text], env={"PATH": paths}, capture_output=True, text=True, check=False, timeout=60
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def files(self) -> dict[str, tuple[int, bytes]]:
        found = (path for path in (self.folder / "etc").rglob("*") if path.is_file())
        return {
            path.relative_to(self.folder / "etc").as_posix(): (path.stat().st_mode & 0o777, path.read_bytes())
            for path in found
        }


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


def test_a_mail_server_makes_its_keys_once(root: Root) -> None:
    first = judge("mail1", SSH, root.run(), None, MAIL)
    assert first.error is None
    assert first.keys is not None
    made = root.files()
    assert {name: mode for name, (mode, _) in made.items()} == dict.fromkeys(
        ("haicap/tls.key", "dkimkeys/h1.private", "dkimkeys/h2.private", "wireguard/private.key"), 0o600
    )
    again = judge("mail1", SSH, root.run(), first.keys, MAIL)
    assert (again.keys, again.changed, root.files()) == (first.keys, False, made)
    assert not (root.folder / "installed").exists()


def test_only_public_halves_cross(root: Root) -> None:
    answer = root.run()
    assert "PRIVATE" not in answer.stdout + answer.stderr
    found = judge("mail1", SSH, answer, None, MAIL)
    assert found.keys is not None
    assert (found.keys.wireguard, list(found.keys.dkim)) == (WIREGUARD, ["h1", "h2"])
    for text in found.keys.dkim.values():
        key = load_der_public_key(b64decode(text))
        assert isinstance(key, RSAPublicKey)
        assert key.key_size == 2048
    assert found.request is not None
    assert (names_of(found.request), key_of(found.request) is not None) == ({FQDN}, True)


def test_another_host_makes_no_mail_keys(root: Root) -> None:
    found = judge("hub1", SSH, root.run(Makes()), None)
    assert (found.keys, found.request) == (Keys(WIREGUARD, SSH), None)
    assert list(root.files()) == ["wireguard/private.key"]


def test_a_new_selector_leaves_the_others(root: Root) -> None:
    one = judge("mail1", SSH, root.run(Makes((FQDN,), ("h1",))), None, Makes((FQDN,), ("h1",)))
    two = judge("mail1", SSH, root.run(), one.keys, MAIL)
    assert one.keys is not None
    assert two.keys is not None
    assert (two.keys.dkim["h1"], two.changed) == (one.keys.dkim["h1"], True)
    assert one.request is not None
    assert two.request is not None
    assert key_of(one.request) == key_of(two.request)


def test_a_key_that_was_cut_short_is_made_again(root: Root) -> None:
    (root.folder / "etc/haicap").mkdir()
    (root.folder / "etc/haicap/tls.key").touch()
    (root.folder / "etc/haicap/tls.key.new").write_text("half a key")
    assert judge("mail1", SSH, root.run(), None, MAIL).error is None


def test_a_key_that_is_damaged_is_left_and_told(root: Root) -> None:
    (root.folder / "etc/dkimkeys").mkdir()
    (root.folder / "etc/dkimkeys/h1.private").write_text("words")
    found = judge("mail1", SSH, root.run(), None, MAIL)
    assert found.keys is None
    assert (root.folder / "etc/dkimkeys/h1.private").read_text() == "words"


def test_the_host_s_lock_is_waited_for(root: Root) -> None:
    root.program("flock", "exit 1")
    found = judge("mail1", SSH, root.run(), None, MAIL)
    assert found.error == "mail1: another run of haicap is at work on this host; no key was collected"
    assert root.files() == {}


def test_what_the_answer_must_hold(root: Root) -> None:
    good = root.run()
    lines = good.stdout.splitlines(keepends=True)

    def said(*changed: str) -> str | None:
        found = judge("mail1", SSH, replace(good, stdout="".join(changed)), None, MAIL)
        assert (found.error is None) == (found.keys is not None) == (found.request is not None)
        return found.error

    assert said("Welcome!\n", *lines) is None
    dkim = "mail1: it did not answer with the public DKIM key"
    assert said(*lines[2:]) == f"{dkim} h1 and h2; no key was collected"
    assert said(lines[0], *lines[2:]) == f"{dkim} h2; no key was collected"
    assert said(lines[0], "dkim h2 AAAA\n", *lines[2:]) == f"{dkim} h2; no key was collected"
    request = f"mail1: it did not answer with a certificate request for {FQDN}; no key was collected"
    assert said(*lines[:2], lines[-1]) == request
    assert said(*lines[:4], *lines[5:]) == request
    assert said(*lines[:-1]) == "mail1: it did not answer with a public key; no key was collected"
    other = judge("mail1", SSH, good, None, replace(MAIL, names=("mail2.lamdong.gov.vn",)))
    assert other.error is not None
    assert "a certificate request for mail2.lamdong.gov.vn" in other.error
