"""LDAP over the server's own socket: entries as mappings.

Each change is an operation of its own, and can be done again: slapd 2.5's transactions (RFC 5805) damage its database
when one is given up (docs/decisions/0015). Root on the server is the directory's manager by its process's identity
(SASL EXTERNAL, RFC 4513): there is no password.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

import ldap
import ldap.sasl
from ldap.filter import escape_filter_chars

SOCKET = "ldapi:///"
_OBJECT_CLASS = "objectClass"

Entry = Mapping[str, Sequence[str]]  # attribute -> values; an attribute without values is not there
LDAPError: type[Exception] = ldap.LDAPError


class Tree:
    """A connection to the directory."""

    def __init__(self, uri: str = SOCKET) -> None:
        self._link = ldap.initialize(uri)
        self._link.set_option(ldap.OPT_NETWORK_TIMEOUT, 10)
        self._link.sasl_external_bind_s()

    def find(self, base: str, query: str, attributes: Iterable[str]) -> dict[str, Entry]:
        """The entries below `base` that a filter (RFC 4515) fits, by DN; none when the base is not there."""
        try:
            found = self._link.search_s(base, ldap.SCOPE_SUBTREE, query, list(attributes))
        except ldap.NO_SUCH_OBJECT:
            return {}
        return {dn: {name: _texts(values) for name, values in entry.items()} for dn, entry in found}

    def add(self, dn: str, entry: Entry) -> None:
        """A new entry."""
        self._link.add_s(dn, [(name, _bytes(values)) for name, values in entry.items() if values])

    def change(self, dn: str, before: Entry, after: Entry) -> None:
        """Bring the attributes of `after` from what they were; others are not touched.

        Object classes are only added: another program may have given the entry more.
        """
        differing = {}
        for name, values in after.items():
            had, wanted = set(before.get(name, ())), set(values)
            if name == _OBJECT_CLASS:
                wanted |= had
            if had != wanted:
                differing[name] = sorted(wanted)
        if differing:
            self.replace(dn, differing)

    def replace(self, dn: str, attributes: Entry) -> None:
        """Give attributes these values, whatever they had; one without values goes."""
        changes = [(ldap.MOD_REPLACE, name, _bytes(values) or None) for name, values in attributes.items()]
        self._link.modify_s(dn, changes)

    def delete(self, dn: str) -> None:
        """An entry goes; one that is gone already is no error."""
        with suppress(ldap.NO_SUCH_OBJECT):
            self._link.delete_s(dn)


def either(attribute: str, values: Iterable[str]) -> str:
    """A filter for entries that have one of the values."""
    terms = "".join(f"({attribute}={escape_filter_chars(value)})" for value in values)
    return f"(|{terms})"


def told(error: Exception) -> str:
    """What the server said of an LDAP error."""
    said = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    return ": ".join(str(said[key]) for key in ("desc", "info") if said.get(key)) or type(error).__name__


def _texts(values: Iterable[bytes]) -> list[str]:
    return [value.decode(errors="replace") for value in values]


def _bytes(values: Iterable[str]) -> list[bytes]:
    return [value.encode() for value in values]
