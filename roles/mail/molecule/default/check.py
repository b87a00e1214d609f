"""What the mail server does, tried on itself as its users would: prints what it tried, and fails on what is not so.

Runs on the host as root, with Python's standard library and ldap-utils.
"""

from __future__ import annotations

import base64
import hashlib
import imaplib
import smtplib
import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from email.message import EmailMessage, Message
from email.parser import BytesParser

DOMAIN, FORMER, SUFFIX = "lamdong.gov.vn", "binhthuan.gov.vn", "dc=lamdong,dc=gov,dc=vn"
HOST = f"mail1.{DOMAIN}"
LOOPBACK = "10.127.0.5"
PASSWORD = "mật-khẩu-của-người-thử"  # noqa: S105 - of accounts that are made here, for this
AN, BINH, CUC, DUNG = (f"{name}@{DOMAIN}" for name in ("an", "binh", "cuc", "dung"))
ROLE = f"motcua.dalat@{DOMAIN}"
SECONDS = 20.0
OUTSIDE = "someone@example.org"

TREE = f"""\
dn: {SUFFIX}
objectClass: organization
objectClass: dcObject
o: Lâm Đồng
dc: lamdong

dn: ou=people,{SUFFIX}
objectClass: organizationalUnit
ou: people

dn: ou=groups,{SUFFIX}
objectClass: organizationalUnit
ou: groups

dn: ou=policies,{SUFFIX}
objectClass: organizationalUnit
ou: policies

dn: cn=default,ou=policies,{SUFFIX}
objectClass: applicationProcess
objectClass: pwdPolicy
cn: default
pwdAttribute: userPassword
pwdMinLength: 12
pwdCheckQuality: 1
pwdMustChange: TRUE
pwdLockout: TRUE
pwdMaxFailure: 10
pwdLockoutDuration: 900
"""


def main() -> None:
    """Run every check; the accounts of an earlier run are made anew, and its recipients forgotten."""
    subprocess.run(["systemctl", "restart", "postfwd"], check=True)
    if ldap("ldapsearch", "-LLL", "-b", SUFFIX, "-s", "base", "dn", check=False):
        ldap("ldapdelete", "-r", SUFFIX)
    ldap("ldapadd", text=TREE)
    people = {"1001": AN, "1002": BINH, "1003": CUC, "1004": DUNG}
    stages = {"1003": "frozen", "1004": "archived"}
    for number, address in people.items():
        ldap("ldapadd", text=person(number, address, stages.get(number, "live")))
    ldap("ldapadd", text=role_mailbox())
    subprocess.run(["sh", "-c", "rm -rf /var/mail/haicap/100?"], check=True)
    for check in CHECKS:
        print(f"{check.__name__.replace('_', ' ')} ...", flush=True)
        check()


def person(number: str, address: str, stage: str) -> str:
    """An account as LDIF, its password salted and hashed as the directory's writer does."""
    salt = b"0123456789abcdef"
    secret = base64.b64encode(hashlib.sha512(PASSWORD.encode() + salt).digest() + salt).decode()
    return f"""\
dn: uid={number},ou=people,{SUFFIX}
objectClass: inetOrgPerson
objectClass: haicapAccount
uid: {number}
cn: {address}
sn: {number}
mail: {address}
haicapStage: {stage}
haicapUnit: 24829
haicapAlias: old-{address.partition("@")[0]}@{FORMER}
haicapQuota: 1M
userPassword: {{SSHA512}}{secret}
"""


def role_mailbox() -> str:
    """A role mailbox of one in office and one that left."""
    return f"""\
dn: cn=motcua.24829,ou=groups,{SUFFIX}
objectClass: groupOfNames
objectClass: haicapGroup
cn: motcua.24829
mail: {ROLE}
haicapUnit: 24829
member: uid=1002,ou=people,{SUFFIX}
member: uid=1003,ou=people,{SUFFIX}
"""


def ldap(*command: str, text: str = "", check: bool = True) -> str:
    """A tool of ldap-utils on the host's socket, as root. Returns what it printed."""
    words = [command[0], "-Q", "-Y", "EXTERNAL", "-H", "ldapi:///", *command[1:]]
    ran = subprocess.run(words, input=text, text=True, capture_output=True, check=False)
    assert not check or ran.returncode == 0, f"{command}: {ran.stderr}"
    return ran.stdout


def tls() -> ssl.SSLContext:
    """Trusts the scenario's authority alone, and wants the host's name in the certificate."""
    return ssl.create_default_context(cafile="/etc/haicap/ca.pem")


class Submission(smtplib.SMTP):
    """Port 587 of the VPN's address, called by the host's name."""

    def __init__(self, user: str = AN, password: str = PASSWORD) -> None:
        super().__init__(timeout=SECONDS)
        self._host = HOST
        self.connect(LOOPBACK, 587)
        self._host = HOST
        self.starttls(context=tls())
        self.ehlo()
        # smtplib's own login is for ASCII passwords
        secret = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        code, answer = self.docmd("AUTH", f"PLAIN {secret}")
        if code != 235:
            raise smtplib.SMTPAuthenticationError(code, answer)


class Mailbox(imaplib.IMAP4_SSL):
    """Port 993, signed in."""

    def __init__(self, user: str, password: str = PASSWORD) -> None:
        super().__init__(HOST, 993, ssl_context=tls(), timeout=SECONDS)
        self.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())

    def _create_socket(self, timeout: float | None) -> ssl.SSLSocket:
        return tls().wrap_socket(socket.create_connection((LOOPBACK, 993), timeout), server_hostname=HOST)


def letter(sender: str, recipient: str, subject: str, body: str = "Kính gửi\n") -> EmailMessage:
    """A message with Vietnamese text."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, recipient, subject
    message.set_content(body)
    return message


def read(user: str, subject: str, folder: str = "INBOX") -> Message:
    """The message of that subject, when it has come."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        with Mailbox(user) as box:
            box.select(folder, readonly=True)
            _, found = box.search(None, "SUBJECT", f'"{subject}"')
            if found[0]:
                _, parts = box.fetch(found[0].split()[0].decode(), "(RFC822)")
                return BytesParser().parsebytes(parts[0][1])
        time.sleep(0.2)
    raise AssertionError(f"{subject} did not come to {user} within {SECONDS:.0f} s")


def refused(code: int, words: str, action: Callable[[], object]) -> None:
    """The action is refused with that code and with these words among the server's."""
    try:
        action()
    except smtplib.SMTPRecipientsRefused as error:
        got, said = next(iter(error.recipients.values()))
    except smtplib.SMTPResponseException as error:
        got, said = error.smtp_code, error.smtp_error
    else:
        raise AssertionError(f"this was not refused with {code}")
    text = said.decode() if isinstance(said, bytes) else said
    assert got == code and words in text, f"{code} {words} expected: {got} {text}"


def from_outside(sender: str, recipient: str, subject: str) -> None:
    """A message at port 25, from nobody that we know."""
    with smtplib.SMTP(LOOPBACK, 25, timeout=SECONDS) as server:
        server.send_message(letter(sender, recipient, subject), sender, [recipient])


def files_of(number: str) -> list[str]:
    """The messages in a mailbox's folder, as they were delivered."""
    find = ["find", f"/var/mail/haicap/{number}/Maildir/new", f"/var/mail/haicap/{number}/Maildir/cur", "-type", "f"]
    names = subprocess.run(find, capture_output=True, text=True, check=False).stdout.split()
    return [open(name, encoding="utf-8", errors="replace").read() for name in names]


def delivered(number: str, subject: str) -> None:
    """The message is in a mailbox that nobody can sign in to."""
    deadline = time.monotonic() + SECONDS
    while not any(subject in text for text in files_of(number)):
        assert time.monotonic() < deadline, f"{subject} did not come to {number} within {SECONDS:.0f} s"
        time.sleep(0.2)


def a_letter_is_submitted_signed_delivered_and_read() -> None:
    first = letter(AN, BINH, "first letter")
    first.add_attachment(letter(OUTSIDE, AN, "attached"))
    first.get_payload()[1].get_payload()[0]["Received"] = "from somewhere"
    with Submission() as server:
        server.send_message(first, AN, [BINH])
    got = read(BINH, "first letter")
    assert "Received: from somewhere" in got.as_string(), "what was attached is not as it was"
    assert "d=lamdong.gov.vn; s=h1;" in " ".join(got["DKIM-Signature"].split())
    assert got["Message-ID"] and got["Date"]
    assert not [line for line in got.get_all("Received") if "ESMTPSA" in line], "the sender's address is told"
    with Mailbox(BINH) as box:
        folders = " ".join(line.decode() for line in box.list()[1])
        assert all(name in folders for name in ("\\Sent", "\\Drafts", "\\Trash", "\\Junk")), folders


def anybody_can_verify_the_signature() -> None:
    der = subprocess.run(
        ["openssl", "rsa", "-in", "/etc/dkimkeys/h1.private", "-pubout", "-outform", "DER"],
        capture_output=True,
        check=True,
    ).stdout
    key = base64.b64encode(der).decode()
    record = f'h1._domainkey.{DOMAIN}. 60 IN TXT "v=DKIM1; k=rsa; p={key[:200]}" "{key[200:]}"'
    subprocess.run(["unbound-control", "-q", "local_data", record], check=True)
    with Submission() as server:
        server.send_message(letter(AN, BINH, "signed letter"), AN, [BINH])
    signed = read(BINH, "signed letter").as_bytes()
    with smtplib.SMTP(LOOPBACK, 25, timeout=SECONDS) as server:
        server.sendmail(OUTSIDE, [CUC], signed)
    delivered("1003", "dkim=pass")


def submission_by_implicit_tls() -> None:
    with tls().wrap_socket(socket.create_connection((LOOPBACK, 465), SECONDS), server_hostname=HOST) as line:
        assert line.recv(100).startswith(b"220 mail1")


def an_old_address_leads_to_the_mailbox() -> None:
    from_outside(OUTSIDE, f"old-binh@{FORMER}", "to an old address")
    got = read(BINH, "to an old address")
    assert got["DKIM-Signature"] is None, "somebody else's letter was signed"


def a_role_mailbox_reaches_those_in_office() -> None:
    before = len(files_of("1003"))
    from_outside(OUTSIDE, ROLE, "to the one-stop desk")
    read(BINH, "to the one-stop desk")
    assert len(files_of("1003")) == before, "who left the office still gets its mail"
    with Submission(BINH) as server:
        server.send_message(letter(ROLE, AN, "in the role's name"), ROLE, [AN])
    read(AN, "in the role's name")


def nobody_relays() -> None:
    refused(554, "Relay access denied", lambda: from_outside(OUTSIDE, "else@example.net", "relay"))
    refused(550, "User unknown", lambda: from_outside(OUTSIDE, f"nobody@{DOMAIN}", "unknown"))
    refused(550, "User unknown", lambda: from_outside(OUTSIDE, f"nobody@{FORMER}", "unknown"))
    refused(550, "User unknown", lambda: from_outside(OUTSIDE, DUNG, "archived"))
    with smtplib.SMTP("127.0.0.1", 25, timeout=SECONDS) as server:
        server.ehlo("here.example.org")
        assert not server.has_extn("auth")
        assert server.mail(OUTSIDE)[0] == 250
        assert server.rcpt("else@example.net")[0] == 554, "this host itself is trusted blindly"


def nobody_writes_in_another_name() -> None:
    refused(553, "not owned by user", lambda: Submission().sendmail(BINH, [AN], b"forged"))
    refused(553, "not owned by user", lambda: Submission().sendmail(ROLE, [AN], b"forged"))
    refused(553, "not owned by user", lambda: Submission().sendmail(OUTSIDE, [AN], b"forged"))
    refused(553, "signs in", lambda: from_outside(AN, BINH, "forged"))
    refused(553, "signs in", lambda: from_outside(f"anybody@x.{FORMER}", BINH, "forged"))


def nobody_signs_in_without_tls() -> None:
    with smtplib.SMTP(LOOPBACK, 587, timeout=SECONDS) as server:
        server.ehlo("here.example.org")
        assert not server.has_extn("auth")
        assert server.docmd("AUTH", "PLAIN AGFuAGFu")[0] == 530
        assert server.docmd("MAIL", f"FROM:<{AN}>")[0] == 530
    with socket.create_connection((LOOPBACK, 4190), SECONDS, ("127.0.0.1", 0)) as line:  # elsewhere, to Dovecot
        greeting = line.recv(4096).decode()
        assert '"STARTTLS"' in greeting and '"SASL" ""' in greeting, greeting
    for port in (110, 143, 389):
        assert socket.socket().connect_ex((LOOPBACK, port)) != 0, f"port {port} answers"


def a_wrong_password_is_refused_and_counted() -> None:
    refused(535, "", lambda: Submission(AN, "not this one"))
    entry = ldap("ldapsearch", "-LLL", "-b", f"uid=1001,ou=people,{SUFFIX}", "-s", "base", "pwdFailureTime")
    assert entry.count("pwdFailureTime: ") == 1, entry
    journal = subprocess.run(["journalctl", "-q", "-o", "cat"], capture_output=True, text=True, check=True).stdout
    for secret in ("not this one", PASSWORD, base64.b64encode(f"\0{AN}\0{PASSWORD}".encode()).decode()):
        assert secret not in journal, "a password is in the journal"


def who_left_does_not_sign_in_but_receives_and_answers() -> None:
    refused(535, "", lambda: Submission(CUC))
    with Submission() as server:
        server.send_message(letter(AN, f"old-cuc@{FORMER}", "to who left"), AN, [f"old-cuc@{FORMER}"])
    delivered("1003", "to who left")
    answer = read(AN, "no longer in use")
    assert answer["From"] == f"<{CUC}>", answer["From"]
    assert "d=lamdong.gov.vn" in answer["DKIM-Signature"]


def a_first_password_is_for_changing_it_only() -> None:
    entry = f"uid=1001,ou=people,{SUFFIX}"
    ldap("ldapmodify", text=f"dn: {entry}\nchangetype: modify\nreplace: pwdReset\npwdReset: TRUE\n")
    refused(535, "", Submission)
    words = ["ldappasswd", "-x", "-H", f"ldaps://{HOST}", "-D", entry, "-w", PASSWORD, "-s", f"{PASSWORD}-2"]
    environment = {"LDAPTLS_CACERT": "/etc/haicap/ca.pem", "PATH": "/usr/bin"}
    changed = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert changed.returncode == 0, changed.stderr
    Submission(AN, f"{PASSWORD}-2").quit()
    stored = ldap("ldapsearch", "-LLL", "-o", "ldif_wrap=no", "-b", entry, "-s", "base", "userPassword")
    assert base64.b64decode(stored.split(":: ")[1].split()[0]).startswith(b"{ARGON2}"), "not hashed"
    ldap("ldappasswd", "-s", PASSWORD, entry)
    ldap("ldapmodify", text=f"dn: {entry}\nchangetype: modify\ndelete: pwdReset\n", check=False)


def services_read_no_password() -> None:
    for service in ("postfix", "dovecot"):
        command = f"ldapsearch -Q -Y EXTERNAL -H ldapi:/// -LLL -b {SUFFIX}"
        ran = subprocess.run(
            ["runuser", "-u", service, "--", "sh", "-c", command], capture_output=True, text=True, check=False
        )
        assert AN not in ran.stdout, "the suffix is no place for a service to search"
        command = f"ldapsearch -Q -Y EXTERNAL -H ldapi:/// -LLL -b ou=people,{SUFFIX} '(mail=*)' '*' '+'"
        ran = subprocess.run(
            ["runuser", "-u", service, "--", "sh", "-c", command], capture_output=True, text=True, check=False
        )
        assert AN in ran.stdout and DUNG not in ran.stdout and "userPassword" not in ran.stdout, ran.stdout


def too_large_is_said_clearly() -> None:
    big = letter(AN, BINH, "big", "x" * 70 + "\n")
    big.set_content(("x" * 70 + "\n") * 16000)
    refused(552, "exceeds", lambda: Submission().send_message(big, AN, [BINH]))


def a_full_mailbox_warns_and_refuses() -> None:
    part = letter(AN, BINH, "a part", ("x" * 70 + "\n") * 2800)
    for _ in range(6):
        try:
            with Submission() as server:
                server.send_message(part, AN, [BINH])
        except smtplib.SMTPRecipientsRefused:
            break
        time.sleep(0.7)  # until it is delivered, and counts
    refused(452, "this mailbox is full", lambda: Submission().send_message(part, AN, [BINH]))
    read(BINH, "full")


def who_writes_to_too_many_waits() -> None:
    with Submission() as server:
        server.ehlo("here.example.org")
        server.mail(AN)
        answers = [server.rcpt(AN) for _ in range(21)]
    assert answers[0][0] == 250 and answers[-1][0] == 450, answers
    assert b"20 recipients in an hour" in answers[-1][1], answers[-1]


CHECKS = (
    nobody_signs_in_without_tls,
    submission_by_implicit_tls,
    a_letter_is_submitted_signed_delivered_and_read,
    anybody_can_verify_the_signature,
    an_old_address_leads_to_the_mailbox,
    a_role_mailbox_reaches_those_in_office,
    nobody_relays,
    nobody_writes_in_another_name,
    a_wrong_password_is_refused_and_counted,
    who_left_does_not_sign_in_but_receives_and_answers,
    a_first_password_is_for_changing_it_only,
    services_read_no_password,
    too_large_is_said_clearly,
    a_full_mailbox_warns_and_refuses,
    who_writes_to_too_many_waits,
)

if __name__ == "__main__":
    main()
