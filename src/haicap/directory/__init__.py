"""The directory and the mailboxes of a mail server, reached over SSH.

onhost    the program that runs on the server: it alone speaks LDAP, makes passwords and touches mailboxes
call      sends it there, and reads what it answers
sealed    keeps the sealed first passwords that it answers with
"""
