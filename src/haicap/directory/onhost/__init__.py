"""This package runs on the mail server, not here: Python's own library and python3-ldap only.

tree        LDAP over the server's own socket: entries as mappings, and changes one after another
passwords   first passwords: made, hashed, sealed with age
mailboxes   folders of mail: counted, exported, deleted
accounts    a unit's people, role mailboxes and probes, brought to what is wanted
backupkey   the key of the backups, sealed once to those who may restore them
drill       one mailbox out of the newest snapshot, compared with what was in it
main        one request, one answer a line
"""
