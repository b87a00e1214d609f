"""The files of a mail server and of the directory on it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from haicap.design.mail import MailServerDesign
from haicap.render.file import File

_PEOPLE, _GROUPS = "ou=people", "ou=groups"
_RECEIVES = "(|(haicapStage=live)(haicapStage=frozen))"
# A name within Postfix alone (RFC 6761, 6.4): a member of a role mailbox on the way to their address. Postfix may see
# the number only of who is in office, and follows a member's DN without any filter of ours.
_MEMBERS = "members.invalid"


def mail_files(mail: MailServerDesign) -> Iterator[File]:
    """Everything that stands on the mail host because of mail and the directory."""
    yield from _directory_files()
    yield from _resolver_files()
    yield from _dovecot_files(mail)
    yield from _dkim_files()
    yield from _postfix_files(mail)
    yield from _backup_files(mail)


def _directory_files() -> Iterator[File]:
    yield File("/etc/haicap/tls.pem", "directory/linux/tls.pem.j2")
    yield File("/etc/haicap/ca.pem", "directory/linux/ca.pem.j2")
    yield File("/etc/ldap/schema/haicap.schema", "directory/linux/haicap.schema.j2")
    yield File("/etc/ldap/slapd.conf", "directory/linux/slapd.conf.j2")
    yield File("/etc/default/slapd", "directory/linux/slapd.default.j2")
    yield File("/etc/systemd/system/slapd.service", "directory/linux/slapd.service.j2")
    yield File("/usr/local/lib/haicap/slapd-start", "directory/linux/slapd-start.j2")


def _resolver_files() -> Iterator[File]:
    yield File("/etc/unbound/unbound.conf.d/haicap.conf", "lan/linux/unbound.conf.j2", {"segments": ()})
    yield File("/etc/resolv.conf", "mail/linux/resolv.conf.j2")


def _dovecot_files(mail: MailServerDesign) -> Iterator[File]:
    yield File("/etc/sysusers.d/haicap-mail.conf", "mail/linux/sysusers.conf.j2")
    yield File("/etc/tmpfiles.d/haicap-mail.conf", "mail/linux/tmpfiles.conf.j2")
    yield File("/etc/dovecot/dovecot.conf", "mail/linux/dovecot.conf.j2", {"listens": ("127.0.0.1", *mail.addresses)})
    yield File("/etc/dovecot/haicap-ldap.conf.ext", "mail/linux/dovecot-ldap.conf.j2")
    yield File("/etc/dovecot/haicap/live.sieve", "mail/linux/live.sieve.j2")
    yield File("/etc/dovecot/haicap/frozen.sieve", "mail/linux/frozen.sieve.j2")
    yield File("/usr/local/lib/haicap/quota-warning", "mail/linux/quota-warning.j2")


def _dkim_files() -> Iterator[File]:
    yield File("/etc/opendkim.conf", "mail/linux/opendkim.conf.j2")
    yield File("/etc/opendkim/key-table", "mail/linux/key-table.j2")
    yield File("/etc/opendkim/signing-table", "mail/linux/signing-table.j2")
    yield File("/etc/systemd/system/opendkim.service.d/haicap.conf", "mail/linux/opendkim.service.j2")
    yield File("/usr/local/lib/haicap/dkim-keys", "mail/linux/dkim-keys.j2")


def _postfix_files(mail: MailServerDesign) -> Iterator[File]:
    v4, v6 = mail.addresses
    relay = {"relayhost": f" [{mail.relay}]" if mail.relay else ""}  # brackets: not its MX, itself
    yield File("/etc/default/postfwd", "mail/linux/postfwd.default.j2")
    yield File("/etc/postfix/postfwd.cf", "mail/linux/postfwd.cf.j2")
    yield File("/etc/postfix/main.cf", "mail/linux/main.cf.j2", relay)
    yield File("/etc/postfix/master.cf", "mail/linux/master.cf.j2", {"listens": ("127.0.0.1", v4, f"[{v6}]")})
    for name, (base, query, result) in _maps(mail.domain).items():
        values = {"base": base, "query": query, "result": result}
        yield File(f"/etc/postfix/ldap-{name}.cf", "mail/linux/ldap.cf.j2", values)
    yield File("/etc/postfix/former-domains", "mail/linux/former-domains.j2")
    own = {"own_domains": (mail.domain, *mail.former_domains)}
    yield File("/etc/postfix/own-senders", "mail/linux/own-senders.j2", own)
    yield File("/etc/postfix/submission-headers", "mail/linux/submission-headers.j2")
    yield File("/etc/postfix/virtual", "mail/linux/virtual.j2")
    yield File("/etc/postfix/local-aliases", "mail/linux/local-aliases.j2")


def _backup_files(mail: MailServerDesign) -> Iterator[File]:
    repository = {"repository": shlex.quote(mail.backup.repository)}
    yield File("/usr/local/lib/haicap/backup", "mail/linux/backup.j2", repository)
    yield File("/usr/local/lib/haicap/backup-manifest", "mail/linux/backup-manifest.j2")
    yield File("/usr/local/lib/haicap/restore", "mail/linux/restore.j2", repository)
    yield File("/etc/systemd/system/haicap-backup.service", "mail/linux/backup.service.j2")
    yield File("/etc/systemd/system/haicap-backup.timer", "mail/linux/backup.timer.j2")


def _maps(domain: str) -> dict[str, tuple[str, str, Mapping[str, str]]]:
    """Postfix's questions to the directory, by name: where, what, and which part of the answer (ldap_table(5))."""
    role = "(&(objectClass=haicapGroup)(mail=%s))"
    any_role = "(&(objectClass=haicapGroup)(|(mail=%s)(haicapAlias=%s)))"
    members = {"special_result_attribute": "member", "leaf_result_attribute": "uid"}
    logins = {**members, "leaf_result_attribute": "mail"}
    mail = {"result_attribute": "mail"}
    return {
        "mailboxes": (_PEOPLE, f"(&(mail=%s){_RECEIVES})", {"domain": domain, **mail}),
        "aliases": (_PEOPLE, f"(&(haicapAlias=%s){_RECEIVES})", mail),
        "roles": (_GROUPS, any_role, {**members, "result_format": f"%s@{_MEMBERS}"}),
        "members": (_PEOPLE, "(&(uid=%u)(haicapStage=live))", {"domain": _MEMBERS, **mail}),
        "senders": (_PEOPLE, "(&(mail=%s)(haicapStage=live))", {"domain": domain, **mail}),
        "role-senders": (_GROUPS, role, {"domain": domain, **logins}),
    }
