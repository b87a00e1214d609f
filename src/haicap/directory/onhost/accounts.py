"""A unit's people, role mailboxes and probes, brought to what is wanted; the next run finishes what was half done.

An entry is known by its staff number (`uid`), and ours by `haicapUnit`. One that is there without our mark is taken
over: what we say of it is written, and its password and mailbox stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haicap.directory.onhost.mailboxes import Mailboxes
from haicap.directory.onhost.passwords import Sealer, hash_password, make_password
from haicap.directory.onhost.tree import Entry, Tree, either

Record = Mapping[str, Any]
_PERSON, _GROUP = ("inetOrgPerson", "haicapAccount"), ("groupOfNames", "haicapGroup")
_ATTRIBUTES = (
    *("objectClass", "uid", "cn", "sn", "displayName", "title", "employeeNumber", "departmentNumber", "mail"),
    *("haicapStage", "haicapUnit", "haicapAlias", "haicapQuota", "haicapProbe", "description", "member"),
)
_PASSWORD = "userPassword"  # noqa: S105 - the attribute's name
_FIRST = ("prepare", "live")  # who gets a first password
_SEALED = """\
Mật khẩu lần đầu / First passwords: {name} ({code})
Giao tận tay từng người; hệ thống bắt đổi mật khẩu ở lần đăng nhập đầu tiên.
Hand each line to its person alone; it must be changed at the first login.
Ai có trong nhiều tệp: tệp sau cùng có hiệu lực. / Who is in several files: the latest counts.

{lines}
"""


@dataclass(frozen=True)
class Unit:
    """What is wanted of a unit, and whom it had before. `people` are those whose mailbox is here."""

    code: str
    name: str
    officers: Sequence[str]
    people: Mapping[str, Record]
    groups: Mapping[str, Record]
    probes: Mapping[str, Record]
    former_people: Sequence[str] = ()
    former_groups: Sequence[str] = ()


class Accounts:
    """The accounts below one suffix."""

    def __init__(self, tree: Tree, suffix: str, mailboxes: Mailboxes) -> None:
        self._tree, self._mailboxes = tree, mailboxes
        self._people, self._groups = f"ou=people,{suffix}", f"ou=groups,{suffix}"

    def write(self, unit: Unit, *, destroy: bool) -> Mapping[str, str]:
        """Bring a unit to what is wanted; the sealed files to fetch. ValueError when something is in the way.

        `destroy` says that mailboxes of who is retired or gone may be deleted; without it, they are an error.
        """
        sealer = Sealer(unit.code, unit.officers)
        sealer.settle(self._any_password)
        entries = {**self._wanted_people(unit), **self._wanted_groups(unit)}
        found = self._found([*unit.people, *unit.former_people, *unit.probes], unit.code)
        self._refuse_taken(entries, found)
        gone = self._gone(unit, found)
        if gone and not destroy:
            raise ValueError(f"the mailboxes of {', '.join(gone)} would be deleted; that needs --delete-mailboxes")
        new = self._without_password(unit, found)
        passwords = {number: make_password() for number in new}
        pending = sealer.seal(new, _sealed_text(unit, passwords)) if new else None
        for dn, entry in entries.items():
            first: Entry = {}
            if (number := entry.get("uid", [""])[0]) in passwords:
                first = {_PASSWORD: [hash_password(passwords[number])], "pwdReset": ["TRUE"]}
            if dn not in found:
                self._tree.add(dn, {**entry, **first})
            else:
                self._tree.change(dn, found[dn], {**entry, **first})
        for dn in self._leaving(unit, entries, found):
            self._tree.delete(dn)
        if pending:
            sealer.confirm(pending)
        self._close(unit, gone)
        return sealer.waiting()

    def _close(self, unit: Unit, gone: Sequence[str]) -> None:
        """What is done to mailboxes once the directory says so: nobody can log in, and nothing is delivered."""
        for number in gone:
            self._mailboxes.delete(number)
        for number, record in unit.people.items():
            if record["stage"] == "archived":
                self._mailboxes.export(number)

    def read(self, unit: Unit) -> Mapping[str, Any]:
        """What the directory holds of a unit's people, groups and probes; who is not there is left out."""
        found = self._found([*unit.people, *unit.probes], unit.code)
        people = {number: found[dn] for number in unit.people if (dn := self._person_dn(number)) in found}
        probes = {number: found[dn] for number in unit.probes if (dn := self._person_dn(number)) in found}
        groups = {role: found[dn] for role in unit.groups if (dn := self._group_dn(unit.code, role)) in found}
        return {
            "people": {number: _person_record(entry) for number, entry in people.items()},
            "probes": {number: _person_record(entry) for number, entry in probes.items()},
            "groups": {role: self._group_record(entry) for role, entry in groups.items()},
        }

    def reset(self, unit: Unit, number: str) -> Mapping[str, str]:
        """A new first password for one person, sealed; a lockout ends. ValueError when there is no such account."""
        sealer = Sealer(unit.code, unit.officers)
        sealer.settle(self._any_password)
        dn = self._person_dn(number)
        if dn not in self._tree.find(self._people, either("uid", [number]), ["uid"]):
            raise ValueError(f"{number} has no account yet; `haicap apply` makes it")
        password = make_password()
        pending = sealer.seal([number], _sealed_text(unit, {number: password}))
        first = {_PASSWORD: [hash_password(password)], "pwdReset": ["TRUE"], "pwdAccountLockedTime": []}
        self._tree.replace(dn, first)
        sealer.confirm(pending)
        return sealer.waiting()

    def open_probes(self, numbers: Sequence[str]) -> Mapping[str, str]:
        """A password for each probe that is there, until `close_probes`."""
        found = self._tree.find(self._people, f"(&(haicapProbe=TRUE){either('uid', numbers)})", ["uid"])
        passwords = {entry["uid"][0]: make_password() for entry in found.values()}
        for dn, entry in found.items():
            password = hash_password(passwords[entry["uid"][0]])
            self._tree.replace(dn, {_PASSWORD: [password], "pwdReset": [], "pwdAccountLockedTime": []})
        return passwords

    def close_probes(self, numbers: Sequence[str]) -> None:
        """No probe can log in any more, and its messages are gone."""
        found = self._tree.find(self._people, f"(&(haicapProbe=TRUE){either('uid', numbers)})", ["uid"])
        for dn, entry in found.items():
            self._tree.replace(dn, {_PASSWORD: []})
            self._mailboxes.delete(entry["uid"][0])

    def _person_dn(self, number: str) -> str:
        return f"uid={number},{self._people}"

    def _group_dn(self, code: str, role: str) -> str:
        return f"cn={role}.{code},{self._groups}"

    def _wanted_people(self, unit: Unit) -> dict[str, Entry]:
        people = {number: record for number, record in unit.people.items() if record["stage"] != "retired"}
        entries = {self._person_dn(n): _person_entry(unit.code, n, record) for n, record in people.items()}
        for number, record in unit.probes.items():
            entries[self._person_dn(number)] = {**_person_entry(unit.code, number, record), "haicapProbe": ["TRUE"]}
        return entries

    def _wanted_groups(self, unit: Unit) -> dict[str, Entry]:
        return {
            self._group_dn(unit.code, role): {
                "objectClass": _GROUP,
                "cn": [f"{role}.{unit.code}"],
                "description": [record["title"]],
                "mail": [record["address"]],
                "haicapUnit": [unit.code],
                "haicapAlias": sorted(record["aliases"]),
                "member": sorted(self._person_dn(number) for number in record["members"]),
            }
            for role, record in unit.groups.items()
        }

    def _found(self, numbers: Sequence[str], code: str) -> dict[str, Entry]:
        """The entries of these numbers, and all that bear the unit's mark; DNs as we write them."""
        ours = f"(haicapUnit={code})"
        people = self._tree.find(self._people, f"(|{ours}{either('uid', numbers)})", _ATTRIBUTES)
        groups = self._tree.find(self._groups, ours, _ATTRIBUTES)
        return {f"uid={entry['uid'][0]},{self._people}": entry for entry in people.values()} | {
            f"cn={entry['cn'][0]},{self._groups}": entry for entry in groups.values()
        }

    def _refuse_taken(self, entries: Mapping[str, Entry], found: Mapping[str, Entry]) -> None:
        """An address that an entry has which is not of this unit: two would get the same mail."""
        addresses = {address for entry in entries.values() for address in _addresses(entry)}
        query = f"(|{either('mail', addresses)}{either('haicapAlias', addresses)})"
        for base in (self._people, self._groups):
            for entry in self._tree.find(base, query, _ATTRIBUTES).values():
                name = f"uid={entry['uid'][0]}" if "uid" in entry else f"cn={entry['cn'][0]}"
                if f"{name},{base}" not in entries and f"{name},{base}" not in found:
                    taken = ", ".join(sorted(addresses & set(_addresses(entry))))
                    raise ValueError(f"{taken} is {name}'s in the directory; remove it there, or leave it to its owner")

    def _without_password(self, unit: Unit, found: Mapping[str, Entry]) -> list[str]:
        """Who shall have a first password: who can log in, now or soon, and has none."""
        entitled = [number for number, record in unit.people.items() if record["stage"] in _FIRST]
        present = [number for number in entitled if self._person_dn(number) in found]
        having = self._passworded(present)
        return [number for number in entitled if number not in having]

    def _passworded(self, numbers: Sequence[str]) -> set[str]:
        if not numbers:
            return set()
        query = f"(&({_PASSWORD}=*){either('uid', numbers)})"
        return {entry["uid"][0] for entry in self._tree.find(self._people, query, ["uid"]).values()}

    def _any_password(self, numbers: Sequence[str]) -> bool:
        return bool(self._passworded(numbers))

    def _gone(self, unit: Unit, found: Mapping[str, Entry]) -> list[str]:
        """Whose mailbox is to go: who is retired or no longer wanted, and still this unit's."""
        retired = [number for number, record in unit.people.items() if record["stage"] == "retired"]
        leaving = [*retired, *(number for number in unit.former_people if number not in unit.people)]
        return [n for n in leaving if found.get(self._person_dn(n), {}).get("haicapUnit") == [unit.code]]

    def _leaving(self, unit: Unit, entries: Mapping[str, Entry], found: Mapping[str, Entry]) -> Iterable[str]:
        people = [self._person_dn(number) for number in self._gone(unit, found)]
        groups = [self._group_dn(unit.code, role) for role in unit.former_groups if role not in unit.groups]
        probes = [dn for dn, entry in found.items() if "haicapProbe" in entry and dn not in entries]
        return [*people, *(dn for dn in groups if dn in found), *probes]

    def _group_record(self, entry: Entry) -> Record:
        members = [dn.partition(",")[0].removeprefix("uid=") for dn in entry.get("member", ())]
        return {
            "title": entry.get("description", [""])[0],
            "address": entry.get("mail", [""])[0],
            "aliases": sorted(entry.get("haicapAlias", ())),
            "members": sorted(members),
        }


def _person_entry(code: str, number: str, record: Record) -> Entry:
    return {
        "objectClass": _PERSON,
        "uid": [number],
        "employeeNumber": [number],
        "cn": [record["name"]],
        "sn": [record["name"].split()[0]],
        "displayName": [record["name"]],
        "title": [record["position"]] if record["position"] else [],
        "departmentNumber": [code],
        "mail": [record["address"]],
        "haicapStage": [record["stage"]],
        "haicapUnit": [code],
        "haicapAlias": sorted(record["aliases"]),
        "haicapQuota": [f"{record['quota_mib']}M"],
    }


def _person_record(entry: Entry) -> Record:
    """The same words as in a request; what was changed by hand differs."""

    def first(name: str) -> str:
        return (*entry.get(name, ()), "")[0]

    return {
        "name": first("displayName"),
        "position": first("title"),
        "address": first("mail"),
        "stage": first("haicapStage"),
        "unit": first("haicapUnit"),
        "quota_mib": first("haicapQuota").removesuffix("M"),
        "aliases": sorted(entry.get("haicapAlias", ())),
    }


def _addresses(entry: Entry) -> list[str]:
    return [*entry.get("mail", ()), *entry.get("haicapAlias", ())]


def _sealed_text(unit: Unit, passwords: Mapping[str, str]) -> str:
    lines = "\n".join(
        f"{number}\t{unit.people[number]['name']}\t{unit.people[number]['address']}\t{password}"
        for number, password in passwords.items()
    )
    return _SEALED.format(name=unit.name, code=unit.code, lines=lines)
