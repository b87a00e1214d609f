"""What a restore drill compares, whose mailbox it takes, and what it calls proven."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from haicap.directory.onhost.drill import Difference, choose, compare, has_entry, sums_of
from haicap.stack.drill import read_drill

SCRIPT = Path(__file__).parents[2] / "cases/lam-dong/mail1/usr/local/lib/haicap/backup-manifest"
FOUND = {
    "snapshot": "dca8bfa5",
    "time": "2026-11-22T10:36:25+00:00",
    "age_seconds": 3,
    "number": "NV-1",
    "expected": 2,
    "restored": 2,
    "missing": [],
    "changed": [],
    "extra": [],
    "later": [],
    "entry": True,
    "seconds": 1.5,
}


def _message(folder: Path, name: str, text: str = "x") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text)
    return path


def _manifest(root: Path, file: Path) -> dict[str, dict[str, str]]:
    subprocess.run([sys.executable, str(SCRIPT), str(root), str(file)], check=True)
    return dict(json.loads(file.read_text())["mailboxes"])


def test_the_fullest_mailbox_is_taken() -> None:
    mailboxes = {"1": {"a": "s"}, "2": {"a": "s", "b": "t"}, "3": {"a": "s", "b": "t"}, "4": {}}
    assert choose(mailboxes, ["3", "2", "1", "4"]) == "2"
    assert choose(mailboxes, ["1", "9"]) == "1"
    assert choose(mailboxes, ["4", "9"]) is None


def test_every_difference_has_its_list() -> None:
    expected = {"1": "a", "2": "b", ".Sent/3": "c"}
    restored = {"1": "a", "2": "other", "99.M1": "d", ".Sent/1000.M2": "e", "odd": "f"}
    assert compare(expected, expected, 1000.5) == Difference([], [], [], [])
    assert compare(expected, restored, 1000.5) == Difference([".Sent/3"], ["2"], ["99.M1", "odd"], [".Sent/1000.M2"])


def test_the_manifest_is_what_the_drill_finds(tmp_path: Path) -> None:
    maildir = tmp_path / "mail" / "NV-1" / "Maildir"
    _message(maildir / "new", "1.M1.mail1,S=1", "một")
    _message(maildir / ".Sent" / "cur", "2.M2.mail1:2,S")
    _message(maildir / "tmp", "3.M3.mail1")
    _message(maildir, "dovecot-uidlist")
    made = _manifest(tmp_path / "mail", tmp_path / "manifest.json")
    assert made == {"NV-1": sums_of(maildir)}
    assert made["NV-1"]["1.M1.mail1,S=1"] == hashlib.sha256("một".encode()).hexdigest()
    assert set(made["NV-1"]) == {"1.M1.mail1,S=1", ".Sent/2.M2.mail1"}


def test_a_message_that_was_read_keeps_its_name_and_sum(tmp_path: Path) -> None:
    maildir = tmp_path / "mail" / "NV-1" / "Maildir"
    old = _message(maildir / "new", "1.M1.mail1")
    os.utime(old, (1, 1))
    first = _manifest(tmp_path / "mail", tmp_path / "manifest.json")
    (maildir / "cur").mkdir()
    old.rename(maildir / "cur" / "1.M1.mail1:2,S")
    assert _manifest(tmp_path / "mail", tmp_path / "manifest.json") == first


def test_a_damaged_manifest_is_made_anew(tmp_path: Path) -> None:
    _message(tmp_path / "mail" / "NV-1" / "Maildir" / "cur", "1.M1.mail1")
    (tmp_path / "manifest.json").write_text('{"at": 1, "mail')
    assert len(_manifest(tmp_path / "mail", tmp_path / "manifest.json")["NV-1"]) == 1


def test_an_entry_is_found_where_its_line_is_folded() -> None:
    ldif = "dn: dc=lamdong\n\ndn: uid=68-24829-004,ou=people,dc=lam\n dong\nuid: 68-24829-004\n"
    assert has_entry(ldif, "uid=68-24829-004,ou=people,dc=lamdong")
    assert not has_entry(ldif, "uid=68-24829-00,ou=people,dc=lamdong")


def test_all_the_same_is_proven() -> None:
    found = read_drill("mail1", FOUND, {"NV-1": "An", "NV-2": "Bình"})
    assert (found.proven, found.id, found.name, found.expected) == (True, "NV-1", "An", 2)


def test_what_differs_is_a_reason() -> None:
    found = read_drill("mail1", {**FOUND, "missing": ["1"], "changed": ["2", "3"], "entry": False}, {"NV-1": "An"})
    assert found.reasons == (
        "messages that are missing: 1",
        "messages that are not what they were: 2",
        "the person has no entry in the saved directory",
    )


def test_messages_that_came_meanwhile_are_no_fault() -> None:
    assert read_drill("mail1", {**FOUND, "later": ["1"]}, {"NV-1": "An"}).proven


def test_nothing_to_restore_proves_nothing() -> None:
    nothing = {key: FOUND[key] for key in ("snapshot", "time", "age_seconds")} | {"number": None}
    one, many = (read_drill("mail1", nothing, names) for names in ({"NV-1": "An"}, {"NV-1": "An", "NV-2": "Bình"}))
    assert not one.proven and not many.proven
    assert one.reasons[0].startswith("NV-1's mailbox held no message")
    assert many.reasons[0].startswith("none of the 2 mailboxes held a message")
