"""What all accounts stand on: the tree's branches, and what is asked of passwords (slapo-ppolicy(5))."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from haicap.directory.onhost.tree import Entry, Tree

_BRANCHES = ("people", "groups", "policies", "services")
_SERVICES = ("postfix", "dovecot")


class Base:
    """The tree below one suffix, without what is in its branches."""

    def __init__(self, tree: Tree, suffix: str) -> None:
        self._tree, self._suffix = tree, suffix

    def write(self, wanted: Mapping[str, Any]) -> None:
        """Make what is missing, and bring the rest to what is wanted."""
        found = self._found()
        for dn, entry in self._entries(wanted).items():
            if dn not in found:
                self._tree.add(dn, entry)
            else:
                self._tree.change(dn, found[dn], entry)

    def read(self) -> Mapping[str, Any]:
        """What is asked of passwords now, and the name; empty where nothing is there."""
        found = self._found()
        policy, top = found.get(self._policy_dn, {}), found.get(self._suffix, {})
        if not policy or not top:
            return {}
        return {
            "organization": top["o"][0],
            "passwords": {
                "min_length": int(policy.get("pwdMinLength", ["0"])[0]),
                "lockout_after": int(policy.get("pwdMaxFailure", ["0"])[0]),
                "lockout_minutes": int(policy.get("pwdLockoutDuration", ["0"])[0]) // 60,
            },
        }

    def delete(self) -> None:
        """Take it away. ValueError while there are accounts."""
        found = self._found()
        inside = [dn for dn in found if dn not in self._entries({"organization": "", "passwords": {}})]
        if inside:
            raise ValueError(f"the directory still holds {len(inside)} entries, such as {inside[0]}")
        for dn in sorted(found, key=lambda dn: -dn.count(",")):
            self._tree.delete(dn)

    @property
    def _policy_dn(self) -> str:
        return f"cn=default,ou=policies,{self._suffix}"

    def _found(self) -> dict[str, Entry]:
        return self._tree.find(self._suffix, "(objectClass=*)", ["*"])

    def _entries(self, wanted: Mapping[str, Any]) -> dict[str, Entry]:
        top = self._suffix.partition(",")[0].removeprefix("dc=")
        entries: dict[str, Entry] = {
            self._suffix: {
                "objectClass": ["organization", "dcObject"],
                "dc": [top],
                "o": [wanted["organization"]],
            }
        }
        for branch in _BRANCHES:
            dn = f"ou={branch},{self._suffix}"
            entries[dn] = {"objectClass": ["organizationalUnit"], "ou": [branch]}
        for service in _SERVICES:
            dn = f"cn={service},ou=services,{self._suffix}"
            entries[dn] = {"objectClass": ["applicationProcess"], "cn": [service]}
        entries[self._policy_dn] = _policy(wanted["passwords"])
        return entries


def _policy(passwords: Mapping[str, int]) -> Entry:
    return {
        "objectClass": ["applicationProcess", "pwdPolicy"],
        "cn": ["default"],
        "pwdAttribute": ["userPassword"],
        "pwdMustChange": ["TRUE"],
        "pwdLockout": ["TRUE"],
        "pwdCheckQuality": ["1"],
        "pwdSafeModify": ["FALSE"],
        "pwdInHistory": ["3"],
        "pwdFailureCountInterval": ["900"],
        "pwdMinLength": [str(passwords.get("min_length", 0))],
        "pwdMaxFailure": [str(passwords.get("lockout_after", 0))],
        "pwdLockoutDuration": [str(60 * passwords.get("lockout_minutes", 0))],
    }
