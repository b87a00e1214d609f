"""Measure mail on a lab's mail server, against the raw programs on the same host in the same run.

- A first write of every account of the sample province, against `ldapadd` of the same entries into an empty directory.
- Letters a second from submission with TLS and login to the mailbox, against Postfix and Dovecot configured by hand: no
  directory, no signature, no rate limit.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

from haicap.directory.call import MailHost, call
from haicap.stack.resources import resources_of
from haicap.stack.workspace import Workspace

ROOT = Path(__file__).parents[1]
SLUG, UNIT = "lam-dong", "24829"
SUFFIX = "dc=lamdong,dc=gov,dc=vn"
PERSON, PASSWORD = f"68-{UNIT}-001", "bench-password-1"
HAICAP = str(Path(sys.executable).parent / "haicap")
LETTERS, SENDERS = 400, 4
_RAW = "/var/tmp/raw"  # noqa: S108 - on a lab host, where nobody else is
_LDAP = "-Q -Y EXTERNAL -H ldapi:///"

_RAW_POSTFIX = """\
compatibility_level = 3.6
queue_directory = /var/tmp/raw/spool
data_directory = /var/tmp/raw/data
myhostname = raw.example.org
mydestination =
virtual_mailbox_domains = example.org
virtual_mailbox_maps = static:all
virtual_transport = lmtp:unix:/var/tmp/raw/dovecot/lmtp
inet_interfaces = 127.0.0.1
smtpd_tls_cert_file = /etc/haicap/tls.pem
smtpd_tls_key_file = /etc/haicap/tls.key
smtpd_tls_security_level = may
smtpd_sasl_type = dovecot
smtpd_sasl_path = /var/tmp/raw/dovecot/auth
smtpd_sasl_auth_enable = yes
smtpd_relay_restrictions = permit_sasl_authenticated, reject
alias_maps =
"""
_RAW_DOVECOT = """\
base_dir = /var/tmp/raw/dovecot
protocols = lmtp
mail_location = maildir:/var/tmp/raw/mail/%u
ssl = no
disable_plaintext_auth = no
log_path = /var/tmp/raw/dovecot.log
passdb {
  driver = static
  args = password=raw
}
userdb {
  driver = static
  args = uid=vmail gid=vmail home=/var/tmp/raw/mail/%u allow_all_users=yes
}
service lmtp {
  unix_listener lmtp {
    user = postfix
    mode = 0666
  }
}
service auth {
  unix_listener auth {
    user = postfix
    mode = 0666
  }
}
"""
_RAW_START = r"""
set -e
mkdir -p /var/tmp/raw/spool /var/tmp/raw/dovecot
install -d -o postfix /var/tmp/raw/data
install -d -o vmail -g vmail /var/tmp/raw/mail
grep -E '^[a-z]+ +unix' /etc/postfix/master.cf.proto | awk '{$5 = "n"; print}' > /var/tmp/raw/master.cf
echo '127.0.0.1:2587 inet n - n - - smtpd' >> /var/tmp/raw/master.cf
postfix -c /var/tmp/raw start >/dev/null 2>&1 </dev/null
dovecot -c /var/tmp/raw/dovecot.conf >/dev/null 2>&1 </dev/null
"""
_SENDER = """
import glob, json, smtplib, ssl, sys, threading, time
server, port, user, password, folder, letters, senders = json.loads(sys.argv[1])
text = f"From: {user}\\r\\nTo: {user}\\r\\nSubject: bench\\r\\n\\r\\n" + "x" * 2000 + "\\r\\n"
tls = ssl.create_default_context()
tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
def count():
    return len(glob.glob(folder + "/new/*")) + len(glob.glob(folder + "/cur/*"))
def send():
    with smtplib.SMTP(server, port, timeout=60) as smtp:
        smtp.starttls(context=tls)
        smtp.login(user, password)
        for _ in range(letters // senders):
            smtp.sendmail(user, [user], text)
before, threads = count(), [threading.Thread(target=send) for _ in range(senders)]
started = time.perf_counter()
for thread in threads:
    thread.start()
while count() - before < letters and time.perf_counter() - started < 300:
    time.sleep(0.05)
print(count() - before, time.perf_counter() - started)
"""


class Lab:
    """The sample province's mail server in a lab, with one unit that gets mail."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        folder = directory / "inventories" / SLUG
        shutil.rmtree(directory, ignore_errors=True)
        shutil.copytree(ROOT / "inventories" / SLUG, folder)
        province = folder / "province.yml"
        text = province.read_text(encoding="utf-8")
        text = text.replace("  quotas_mib", "  hourly_recipients: 100000\n  quotas_mib")
        province.write_text(text, encoding="utf-8")

    def up(self) -> None:
        """Boot and configure the servers and the unit's gateway."""
        self.haicap("lock", SLUG)
        for verb in (["lab", "up"], ["enrol"], ["apply", "--yes"]):
            self.haicap(*verb, SLUG, "--unit", UNIT)

    def haicap(self, *words: str) -> str:
        """What a verb prints; it ends all when it fails."""
        done = subprocess.run([HAICAP, "-C", self.directory, *words], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{words}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def on_server(self, command: str) -> str:
        """What a command says on the mail server."""
        return self.haicap("lab", "exec", "mail1", "--", "sh", "-c", command)

    def write(self, path: str, text: str) -> None:
        """A file on the mail server."""
        self.on_server(f"mkdir -p $(dirname {path}); printf %s {shlex.quote(text)} > {path}")


def main() -> None:
    """Print each measurement; a ratio is ours to the peer's."""
    lab = Lab(ROOT / "build" / "bench-mail")
    try:
        lab.up()
        _letters(lab)
        _accounts(lab)
    finally:
        lab.haicap("lab", "down", SLUG)


def _accounts(lab: Lab) -> None:
    """Every unit's accounts by our program, then the same entries by ldapadd, each into an empty directory."""
    workspace = Workspace.open(lab.directory, SLUG)
    design = workspace.design(date.today())
    server = design.mail_server
    assert server is not None and server.mail is not None
    host, connection = MailHost(server.name, server.address, server.mail.suffix), workspace.connection()
    resources = resources_of(design)
    base = next(resource.inputs for resource in resources if resource.kind == "Directory")
    jobs = [_job(resource.name, resource.inputs) for resource in resources if resource.kind == "Accounts"]
    _empty(lab)
    workspace.enter()
    call(host, connection, [{"key": "base", "op": "write-base", "wanted": base}]).result("base")
    started = time.perf_counter()
    answers = [call(host, connection, jobs[at : at + 16]) for at in range(0, len(jobs), 16)]
    ours = time.perf_counter() - started
    faults = [fault for answer in answers for fault in (*answer.errors.values(), answer.error) if fault]
    assert not faults, faults[0]
    people = sum(len(job["unit"]["people"]) for job in jobs)  # type: ignore[index]
    operational = "structuralObjectClass|entryUUID|creatorsName|createTimestamp|entryCSN|modif"
    lab.on_server(f"slapcat -f /etc/ldap/slapd.conf -o ldif_wrap=no | grep -vE '^({operational})' > /run/all.ldif")
    _empty(lab)
    timed = f"s=$(date +%s.%N); ldapadd {_LDAP} -f /run/all.ldif >/dev/null; echo $s $(date +%s.%N)"
    begun, ended = map(float, lab.on_server(timed).split())
    theirs = ended - begun
    print(f"first write of {people} people of {len(jobs)} units, with sealed passwords: {ours:.1f} s")
    print(f"ldapadd of the same entries, hashes ready: {theirs:.1f} s; ratio {ours / theirs:.2f}", flush=True)


def _job(key: str, inputs: dict[str, object]) -> dict[str, object]:
    unit = {word: inputs[word] for word in ("name", "officers", "people", "groups", "probes")}
    return {"key": key, "op": "write", "destroy": False, "unit": {"code": inputs["unit"], **unit}}


def _empty(lab: Lab) -> None:
    lab.on_server(
        "systemctl stop slapd; rm -rf /var/lib/ldap/haicap/*.mdb /var/lib/haicap/sealed; systemctl start slapd"
    )


def _letters(lab: Lab) -> None:
    """To a mailbox of ours by all that we set up, and to one of the raw programs."""
    dn = f"uid={PERSON},ou=people,{SUFFIX}"
    address = lab.on_server(f"ldapsearch -LLL {_LDAP} -b {dn} mail | sed -n 's/^mail: //p'").strip()
    lab.on_server(f"ldappasswd {_LDAP} -s {PASSWORD} {dn}")
    lab.on_server(f"printf 'dn: {dn}\\nchangetype: modify\\ndelete: pwdReset\\n' | ldapmodify {_LDAP} || true")
    loopback = lab.on_server("ip -4 -o address show lo scope global").split()[3].partition("/")[0]
    lab.write(f"{_RAW}/main.cf", _RAW_POSTFIX)
    lab.write(f"{_RAW}/dovecot.conf", _RAW_DOVECOT)
    lab.write("/run/send.py", _SENDER)
    lab.on_server(_RAW_START)
    for _ in range(3):
        ours = _send(lab, loopback, 587, address, PASSWORD, f"/var/mail/haicap/{PERSON}/Maildir")
        raw = _send(lab, "127.0.0.1", 2587, "a@example.org", "raw", f"{_RAW}/mail/a@example.org")
        print(f"letters a second, {SENDERS} senders: {ours:.0f}; raw {raw:.0f}; ratio {ours / raw:.2f}", flush=True)
    lab.on_server(f"postfix -c {_RAW} stop; dovecot -c {_RAW}/dovecot.conf stop")


def _send(lab: Lab, server: str, port: int, user: str, password: str, folder: str) -> float:
    given = json.dumps([server, port, user, password, folder, LETTERS, SENDERS])
    arrived, seconds = lab.on_server(f"python3 /run/send.py {shlex.quote(given)}").split()
    assert int(arrived) == LETTERS, f"{arrived} of {LETTERS} letters came"
    return LETTERS / float(seconds)


if __name__ == "__main__":
    main()
