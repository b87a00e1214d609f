"""Official mail on real hosts: two units' people, from the staff file to their mailboxes, and mishaps."""

from __future__ import annotations

import json
import re
import shlex
from datetime import date, timedelta
from pathlib import Path

import pyrage
import pytest

from tests.integration.province import Province, preview

pytestmark = pytest.mark.lab
TODAY = date.today()
SUFFIX = "dc=lamdong,dc=gov,dc=vn"
PERSON = "68-24829-020"
STAFF = "staff/24829.yml"

_LETTER = """
import smtplib
with smtplib.SMTP({server!r}, 25, local_hostname="outside.example.org", timeout=20) as smtp:
    smtp.sendmail("who@example.org", [{to!r}], "From: who@example.org\\r\\nSubject: {word}\\r\\n\\r\\n{word}\\r\\n")
"""


@pytest.fixture
def passwords(mail: Province) -> dict[str, str]:
    """Every first password that was sealed so far, by staff number; the latest counts."""
    key = (mail.folder / ".lab" / "hosts" / "authority" / "officer.key").read_text("utf-8")
    secret = next(line for line in key.splitlines() if line.startswith("AGE-SECRET-KEY"))
    found: dict[str, str] = {}
    for path in sorted((mail.folder / ".lab" / "sealed").glob("2*.age")):
        text = pyrage.decrypt(path.read_bytes(), [pyrage.x25519.Identity.from_str(secret)]).decode()
        rows = (line.split("\t") for line in text.splitlines() if "\t" in line)
        found |= {number: password for number, _, _, password in rows}
    return found


def _people(province: Province) -> dict[str, dict[str, object]]:
    told = json.loads(province.run("staff", "list", "lam-dong", "--json"))
    return {person["number"]: person for person in told["people"] if person["home"] == person["unit"]}


def _entry(province: Province, number: str, *attributes: str) -> dict[str, list[str]]:
    """What the directory has of a person."""
    text = province.on_host(
        "mail1",
        shlex.join(
            ["ldapsearch", "-LLL", "-Q", "-Y", "EXTERNAL", "-H", "ldapi:///", "-o", "ldif_wrap=no",
             "-b", f"ou=people,{SUFFIX}", f"(uid={number})", *attributes]
        ),
    )  # fmt: skip
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, _, value = line.partition(":")
        found.setdefault(name, []).append(value.lstrip(": "))
    return found


def _modify(province: Province, number: str, change: str) -> None:
    """Change a person's entry by hand."""
    ldif = f"dn: uid={number},ou=people,{SUFFIX}\nchangetype: modify\n{change}\n"
    province.on_host("mail1", f"ldapmodify -Q -Y EXTERNAL -H ldapi:/// <<'EOF'\n{ldif}EOF")


def _send(province: Province, to: str, word: str) -> None:
    """A letter from outside, by another member of the VPN."""
    loopback = province.on_host("mail1", "ip -4 -o address show lo scope global").split()[3].partition("/")[0]
    text = _LETTER.format(server=loopback, to=to, word=word)
    province.on_host("dns1", f"python3 - <<'EOF'\n{text}\nEOF")


def _has(province: Province, number: str, word: str) -> bool:
    """Whether a letter is in a mailbox, within ten seconds."""
    look = f"grep -rqs {word} /var/mail/haicap/{number}/Maildir"
    said = province.on_host("mail1", f"for i in $(seq 40); do {look} && echo there && break; sleep 0.25; done")
    return "there" in said


def test_after_the_first_apply_nothing_is_left_and_everything_works(mail: Province) -> None:
    assert mail.plan() == {}
    inspection = json.loads(mail.run("inspect", "lam-dong", "--json"))
    assert inspection["summary"]["failed"] == 0 and inspection["summary"]["unreachable"] == 0
    probes = {probe["probe"] for probe in inspection["probes"] if probe["system"] == "mail" and probe["unit"]}
    assert probes == {"certificate", "delivery", "signature", "refusals", "lockout"}


def test_probes_leave_no_letter_and_no_login(mail: Province) -> None:
    mail.on_host("mail1", "! ls -d /var/mail/haicap/probe-*")
    assert "userPassword" not in _entry(mail, "probe-24829", "userPassword")


def test_first_passwords_are_sealed_for_everybody_and_say_nothing_of_themselves(
    mail: Province, passwords: dict[str, str]
) -> None:
    people = _people(mail)
    assert set(passwords) == {number for number, person in people.items() if person["stage"] == "live"}
    assert len(set(passwords.values())) == len(passwords)
    canaries = [passwords[PERSON], *_entry(mail, PERSON, "userPassword")["userPassword"]]
    canaries.append(mail.on_host("mail1", "cat /etc/haicap/tls.key").splitlines()[1])
    canaries.append(mail.on_host("mail1", "cat /etc/dkimkeys/h1.private").splitlines()[1])
    hosts = mail.folder / ".lab" / "hosts" / "hosts"  # the hosts' own disks
    for canary in canaries:
        assert len(canary) > 15
        for path in mail.directory.rglob("*"):
            if path.is_file() and not path.is_symlink() and hosts not in path.parents:
                assert canary.encode() not in path.read_bytes(), path
        mail.on_host("mail1", f"! journalctl -q -o cat | grep -qF -- {shlex.quote(canary)}")
    mail.on_host("mail1", f"! grep -rqF -- {shlex.quote(passwords[PERSON])} /etc /run /tmp /var/log /var/tmp")


def test_one_person_s_change_is_one_line_and_touches_no_password(mail: Province) -> None:
    before = _entry(mail, PERSON, "userPassword", "title")
    mail.edit(f'id: "{PERSON}", name: ', f'id: "{PERSON}", position: Kế toán trưởng, name: ', STAFF)
    text = (mail.folder / STAFF).read_text("utf-8")
    line = next(one for one in text.splitlines() if PERSON in one)
    once = re.sub(r"(name: [^,]+), position: [^,]+", r"\1", line)
    mail.edit(line, once, STAFF)
    planned = mail.plan(code=2)
    assert set(planned) == {"mail-24829"}
    assert [d["path"] for d in planned["mail-24829"]["diff"]] == [["people", PERSON]]  # type: ignore[attr-defined]
    assert preview(mail) == {"mail-24829": "update"}
    mail.run("apply", "lam-dong", "--yes")
    after = _entry(mail, PERSON, "userPassword", "title")
    assert before["userPassword"] == after["userPassword"] and before["title"] != after["title"]
    assert mail.plan() == {}


def test_what_is_changed_by_hand_is_named_by_person_and_mended(mail: Province) -> None:
    _modify(mail, PERSON, "replace: haicapQuota\nhaicapQuota: 9M\n-")
    found = mail.drift(code=2)["changes"]
    assert [(c["resource"], [d["path"] for d in c["diff"]]) for c in found] == [  # type: ignore[attr-defined]
        ("mail-24829", [["people", PERSON]])
    ]
    mail.run("apply", "lam-dong", "--yes")
    assert _entry(mail, PERSON, "haicapQuota")["haicapQuota"] == ["2048M"]
    mail.run("drift", "lam-dong")


def test_an_account_that_exists_is_taken_over_with_its_password_and_mailbox(mail: Province) -> None:
    _send(mail, str(_people(mail)[PERSON]["address"]), "keepthis")
    assert _has(mail, PERSON, "keepthis")
    before = _entry(mail, PERSON, "userPassword")
    ours = "".join(f"replace: {name}\n-\n" for name in ("haicapUnit", "haicapStage", "haicapAlias", "haicapQuota"))
    _modify(mail, PERSON, f"{ours}delete: objectClass\nobjectClass: haicapAccount\n-")
    assert "haicapUnit" not in _entry(mail, PERSON, "haicapUnit")
    mail.drift(code=2)
    mail.run("apply", "lam-dong", "--yes")
    assert _entry(mail, PERSON, "haicapUnit")["haicapUnit"] == ["24829"]
    assert _entry(mail, PERSON, "userPassword") == before
    assert _has(mail, PERSON, "keepthis")


def test_a_first_password_is_reset_for_a_reason_and_logged(mail: Province, passwords: dict[str, str]) -> None:
    before = _entry(mail, PERSON, "userPassword")
    told = json.loads(mail.run("staff", "reset", "lam-dong", PERSON, "--reason", "forgotten", "--json"))
    assert len(told["sealed"]) == 1 and Path(told["sealed"][0]).is_file()
    assert _entry(mail, PERSON, "userPassword") != before
    log = (mail.folder / ".lab" / "sealed" / "password-resets.jsonl").read_text("utf-8")
    assert json.loads(log)["id"] == PERSON and json.loads(log)["reason"] == "forgotten"
    assert passwords[PERSON] not in log
    mail.on_host("mail1", f"journalctl -q -o cat | grep -q 'password of {PERSON} was reset by .*: forgotten'")
    assert "nobody with the staff number" in mail.run("staff", "reset", "lam-dong", "68-0", "--reason", "x", code=1)
    assert mail.plan() == {}


def test_who_moves_keeps_the_mailbox_and_the_old_address_leads_to_it(mail: Province) -> None:
    old = str(_people(mail)[PERSON]["address"])
    line = next(one for one in (mail.folder / STAFF).read_text("utf-8").splitlines() if PERSON in one)
    gone, came = TODAY - timedelta(1), TODAY
    mail.edit(line, re.sub(r"from: [\d-]+", rf"\g<0>, until: {gone}", line), STAFF)
    mail.edit("people:\n", "people:\n" + re.sub(r"from: [\d-]+", f"from: {came}", line) + "\n", "staff/24958.yml")
    mail.run("lock", "lam-dong")
    assert set(mail.plan(code=2)) == {"mail-24829", "mail-24958"}
    mail.run("apply", "lam-dong", "--yes")
    assert mail.plan() == {}
    entry = _entry(mail, PERSON, "mail", "haicapAlias", "haicapUnit")
    assert entry["haicapUnit"] == ["24958"] and old in entry["haicapAlias"] and entry["mail"] != [old]
    _send(mail, old, "aftermove")
    assert _has(mail, PERSON, "aftermove") and _has(mail, PERSON, "keepthis")


def test_who_left_can_not_log_in_and_still_receives(mail: Province) -> None:
    number = "68-24829-021"
    line = next(one for one in (mail.folder / STAFF).read_text("utf-8").splitlines() if number in one)
    mail.edit(line, re.sub(r"from: [\d-]+", rf"\g<0>, until: {TODAY - timedelta(1)}", line), STAFF)
    mail.run("apply", "lam-dong", "--yes")
    assert _entry(mail, number, "haicapStage")["haicapStage"] == ["frozen"]
    _send(mail, str(_people(mail)[number]["address"]), "tofrozen")
    assert _has(mail, number, "tofrozen")


def test_a_mailbox_is_archived_when_its_time_has_come_and_the_copy_is_whole(mail: Province) -> None:
    later = (TODAY + timedelta(120)).isoformat()
    mail.run("apply", "lam-dong", "--yes", "--as-of", later, "--unit", "24829")
    mail.on_host("mail1", "cd /var/lib/haicap/archive && sha256sum -c --quiet 68-24829-021.tar.gz.sha256")
    mail.on_host("mail1", "tar -xzOf /var/lib/haicap/archive/68-24829-021.tar.gz | grep -q tofrozen")
    assert _entry(mail, "68-24829-021", "haicapStage")["haicapStage"] == ["archived"]
    mail.run("apply", "lam-dong", "--yes", "--unit", "24829")


def test_a_mailbox_is_deleted_with_its_own_flag_only(mail: Province) -> None:
    number = "68-24829-022"
    path = mail.folder / STAFF
    kept = path.read_text("utf-8")
    path.write_text("".join(line for line in kept.splitlines(keepends=True) if number not in line), "utf-8")
    mail.edit("members: [", "members: [", STAFF)
    mail.run("lock", "lam-dong")
    assert "--delete-mailboxes" in mail.run("apply", "lam-dong", "--yes", code=3)
    assert "uid" in _entry(mail, number, "uid")
    mail.run("apply", "lam-dong", "--yes", "--delete-mailboxes")
    assert "uid" not in _entry(mail, number, "uid")
    mail.on_host("mail1", f"test ! -e /var/mail/haicap/{number}")
    assert mail.plan() == {}


def test_a_directory_that_dies_in_an_apply_is_finished_by_the_next(mail: Province) -> None:
    mail.edit("position: Cán sự", "position: Cán sự chính", STAFF)
    mail.edit("position: Chuyên viên", "position: Chuyên viên chính", "staff/24958.yml")
    mail.on_host("mail1", "systemctl kill -s KILL slapd; systemctl stop slapd")
    said = mail.run("apply", "lam-dong", "--yes", code=1)
    assert "the directory does not answer" in said
    mail.on_host("mail1", "systemctl start slapd")
    mail.run("apply", "lam-dong", "--yes")
    assert mail.plan() == {}


def test_mail_waits_while_name_servers_are_gone_or_the_disk_is_full_and_none_is_lost(mail: Province) -> None:
    people = _people(mail)
    number = "68-24829-023"
    address = str(people[number]["address"])
    mail.on_host("dns1", "systemctl stop pdns")
    mail.on_host("dns2", "systemctl stop pdns")
    _send(mail, address, "nonames")
    mail.on_host("dns1", "systemctl start pdns")
    mail.on_host("dns2", "systemctl start pdns")
    assert _has(mail, number, "nonames")
    folder = f"/var/mail/haicap/{number}"
    mail.on_host("mail1", f"mv {folder} {folder}.aside; install -d -o vmail -g vmail {folder}; "
                              f"mount -t tmpfs -o size=64k,mode=777 tmpfs {folder}; "
                              f"dd if=/dev/zero of={folder}/full bs=1k count=128 2>/dev/null || true")  # fmt: skip
    _send(mail, address, "diskfull")
    assert "diskfull" not in mail.on_host("mail1", f"sleep 2; grep -rs diskfull {folder} || true")
    mail.on_host("mail1", "postqueue -p | grep -q example.org")
    mail.on_host("mail1", f"umount {folder}; rmdir {folder}; mv {folder}.aside {folder}; postqueue -f")
    assert _has(mail, number, "diskfull")


def test_a_table_with_a_bad_row_changes_no_account(mail: Province) -> None:
    table = mail.directory / "people.csv"
    table.write_text("id,name,position,unit,from\n68-24829-090,Lê Văn Mới,Cán sự,24829,2026-01-01\nbad,,,,\n", "utf-8")
    mail.run("staff", "import", "lam-dong", str(table), "--yes", code=1)
    assert mail.plan() == {}


def test_no_password_is_in_a_process_list_while_it_is_made(mail: Province, passwords: dict[str, str]) -> None:
    spy = '#!/bin/sh\necho "$@" >> /run/age-was-told\nexec /usr/bin/age "$@"\n'  # it lives too short to be seen
    mail.on_host("mail1", f"printf %s {shlex.quote(spy)} > /usr/local/bin/age; chmod 755 /usr/local/bin/age")
    look = "while ! test -e /run/enough; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '; sleep 0.01; done"
    mail.on_host("mail1", f"({look}) > /run/seen 2>/dev/null < /dev/null &")
    mail.run("staff", "reset", "lam-dong", "68-24829-024", "--reason", "watched")
    seen = mail.on_host("mail1", "touch /run/enough; cat /run/seen")
    told = mail.on_host("mail1", "rm /usr/local/bin/age; cat /run/age-was-told")
    assert "python3 -I -" in seen and re.fullmatch(r"-a -r age1[a-z0-9]{58}\n", told)
    assert passwords["68-24829-024"] not in seen and "SSHA512" not in seen


def test_a_unit_is_taken_away_with_its_mailboxes_when_that_is_said(mail: Province) -> None:
    assert "--delete-mailboxes" in mail.run("destroy", "lam-dong", "--unit", "24958", "--yes", code=3)
    mail.run("destroy", "lam-dong", "--unit", "24958", "--yes", "--delete-mailboxes")
    assert "uid" not in _entry(mail, "68-24958-001", "uid")
    assert "uid" in _entry(mail, "68-24829-001", "uid")
    left = mail.on_host("mail1", f"ldapsearch -LLL -Q -Y EXTERNAL -H ldapi:/// -b {SUFFIX} '(haicapUnit=24958)' dn")
    assert left.strip() == ""
