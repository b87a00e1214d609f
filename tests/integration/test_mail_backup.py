"""Backups of a real mail server: a drill proves them and sees what differs; a kill is outlived, a loss made good."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.integration.province import Province

pytestmark = pytest.mark.lab
UNIT, PERSON = "24829", "68-24829-004"
MAILDIR = f"/var/mail/haicap/{PERSON}/Maildir"
MESSAGES = f"""
set -e; mkdir -p {MAILDIR}/cur {MAILDIR}/new {MAILDIR}/.Sent/cur
for i in $(seq 10 20); do
  head -c ${{i}}000 /dev/urandom > {MAILDIR}/cur/17630000$i.M1.mail1:2,S
  echo $i > {MAILDIR}/new/17630000$i.M2.mail1; echo $i > {MAILDIR}/.Sent/cur/17630000$i.M3.mail1:2,
done
chown -R vmail: /var/mail/haicap/{PERSON}
"""
# A backup whose messages change between its list and its snapshot.
DAMAGED = f"""
set -e; cd /usr/local/lib/haicap; cp backup-manifest /root/manifest
printf '#!/bin/sh\\n/root/manifest "$@"\\n' > /root/other
echo 'cd {MAILDIR}/cur; echo x | tee -a 1763000010.*; rm 1763000011.*' >> /root/other
cp /root/other backup-manifest
systemctl start haicap-backup || code=1; cp /root/manifest backup-manifest; exit ${{code:-0}}
"""
KILLED = f"""
head -c 200000000 /dev/urandom > {MAILDIR}/cur/1763000099.M1.mail1; chown vmail: {MAILDIR}/cur/*
systemctl start --no-block haicap-backup
for i in $(seq 400); do pgrep -f '[r]estic --quiet backup' > /dev/null && break; sleep 0.02; done; sleep 0.4
systemctl kill -s KILL haicap-backup; sleep 0.5; [ "$(systemctl show -p Result --value haicap-backup)" = signal ]
"""
LOST = """
set -e; find /var/mail/haicap -type f -path '*/cur/*' -exec sha256sum {} + | sort > /root/before
sha256sum /etc/dkimkeys/*.private >> /root/before; systemctl stop slapd postfix dovecot
rm -rf /var/mail/haicap/* /var/lib/ldap/haicap/* /var/lib/haicap/backup /etc/dkimkeys/*.private
systemctl start slapd postfix dovecot; /usr/local/lib/haicap/restore latest
find /var/mail/haicap -type f -path '*/cur/*' -exec sha256sum {} + | sort > /root/after
sha256sum /etc/dkimkeys/*.private >> /root/after; cmp /root/before /root/after
"""


def drill(province: Province, *arguments: str, code: int = 0) -> Mapping[str, Any]:
    """What a drill tells programs."""
    return dict(json.loads(province.run("drill", "mail", "lam-dong", "--json", *arguments, code=code)))


def test_the_key_left_the_host_sealed(mail: Province) -> None:
    (sealed,) = (mail.folder / ".lab" / "sealed").glob("mail1-backup-key-*.age")
    assert sealed.read_text().startswith("-----BEGIN AGE ENCRYPTED FILE-----")


def test_without_a_backup_or_a_message_nothing_is_proven(mail: Province) -> None:
    assert "--backup makes it" in mail.run("drill", "mail", "lam-dong", code=1)
    found = drill(mail, "--unit", UNIT, "--backup", code=2)
    assert (found["id"], found["proven"]) == ("", False)


def test_every_message_comes_back(mail: Province) -> None:
    mail.on_host("mail1", MESSAGES)
    found = drill(mail, "--unit", UNIT, "--backup")
    assert (found["id"], found["expected"], found["restored"], found["entry"]) == (PERSON, 33, 33, True)


def test_what_differs_is_seen(mail: Province) -> None:
    mail.on_host("mail1", DAMAGED)
    found = drill(mail, "--person", PERSON, code=2)
    assert (found["missing"], found["changed"]) == (["1763000011.M1.mail1"], ["1763000010.M1.mail1"])


def test_a_killed_backup_is_followed_by_a_whole_one(mail: Province) -> None:
    mail.on_host("mail1", KILLED)
    assert drill(mail, "--person", PERSON, "--backup")["expected"] == 33


def test_what_was_lost_comes_back(mail: Province) -> None:
    mail.on_host("mail1", LOST)
    assert mail.drift(code=0)["changes"] == []
    assert drill(mail, "--person", PERSON, "--backup")["proven"]
