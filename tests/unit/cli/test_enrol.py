"""`haicap enrol`: what it tells of a mail server's certificate. Hosts are stand-ins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from haicap.addressing.lockfile import read_locks
from haicap.addressing.model import Keys
from haicap.reach.enrol import Enrolment
from haicap.reach.makes import Makes
from haicap.stack.record import log_of
from haicap.stack.workspace import Workspace
from tests.unit.reach.papers import request

FOLDER = Path("inventories/lam-dong")
DKIM = {"h1": "M" * 392}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Makes]]:
    """What mail servers were asked for, a run each. Every host answers."""
    runs: list[dict[str, Makes]] = []

    def enrol(targets, _connection, known, on_done, *, renew, makes):
        runs.append(makes)
        for name in targets:
            keys = Keys("A" * 43 + "=", "ssh-ed25519 AAAA", DKIM if name in makes else {})
            asks = request() if name in makes else None
            yield name, Enrolment(keys, None, keys != known.get(name), "SHA256:x", asks)

    monkeypatch.setattr("haicap.cli.enrol.enrol", lambda *words, **options: dict(enrol(*words, **options)))
    return runs


def test_without_a_certificate_it_says_what_to_do(run, folder, asked):
    done = run("enrol", "--unit", "24958")
    assert done.exit_code == 0
    assert [makes["mail1"] for makes in asked] == [Makes(("mail1.lamdong.gov.vn",), ("h1",))]
    assert "6 hosts enrolled, 6 of them new or renewed, 0 failed\n" in done.stdout
    assert done.stdout.endswith(f"{FOLDER}/certificates/mail1.csr is new\n")
    assert f"mail1 has no certificate yet. Have {FOLDER}/certificates/mail1.csr signed by your authority" in done.stderr
    assert read_locks(folder / FOLDER).keys["mail1"].dkim == DKIM


def test_again_changes_nothing(run, folder, asked):
    run("enrol", "--unit", "24958")
    files = [folder / FOLDER / name for name in ("keys.lock.yml", "certificates/mail1.csr")]
    before = [(path.read_bytes(), path.stat().st_ino) for path in files]
    done = run("enrol", "--unit", "24958")
    assert (done.exit_code, "is new" in done.stdout) == (0, False)
    assert [(path.read_bytes(), path.stat().st_ino) for path in files] == before


def test_a_certificate_with_faults_is_an_error(run, folder, asked):
    (folder / FOLDER / "certificates").mkdir()
    (folder / FOLDER / "certificates/mail1.pem").write_text("words")
    done = run("enrol", "--unit", "24958")
    assert done.exit_code == 1
    assert f"  {FOLDER}/certificates/mail1.pem: it holds no certificate" in done.stderr
    assert done.stderr.endswith("Mend this, and run `haicap enrol lam-dong` again.\n")
    assert "mail1" in read_locks(folder / FOLDER).keys, "its keys are kept"


def test_json_tells_of_certificates(run, asked):
    told = json.loads(run("enrol", "--unit", "24958", "--json").stdout)
    (standing,) = told["certificates"]
    assert (standing["host"], standing["written"]) == ("mail1", [f"{FOLDER}/certificates/mail1.csr"])
    assert told["hosts"]["mail1"]["keys"]["dkim"] == DKIM


def test_keys_that_are_taken_up_are_logged(run, folder, asked):
    for _ in range(2):
        run("enrol", "--unit", "24958")
    first, second = log_of(Workspace.open(folder, "lam-dong", "live")).events()
    assert first.kind == "enrol" and first.fields["units"] == ["24958"]
    assert set(first.fields["hosts"].values()) == {"SHA256:x"} and "gw-24958" in first.fields["hosts"]
    assert second.fields["hosts"] == {}, "the same keys are no news"
