"""A unit's staff as a file's text: one person a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from string import Template

from haicap.inventory.scalars import read_plain
from haicap.inventory.staff import Person, RoleMailbox, UnitStaff

STAFF_HEAD = Template("""\
# yaml-language-server: $$schema=../../../schema/staff.schema.json
#
# The staff of $name, SYNTHETIC: these people are invented, and so are their numbers, positions and former
# addresses. Put in the unit's own.

""")
IMPORTED_HEAD = Template("""\
# yaml-language-server: $$schema=../../../schema/staff.schema.json
#
# The staff of $name.

""")
_PLAIN = re.compile(r"[^\W\d_]+(?:[ '.@-]+[^\W_]+)*")


def staff_yaml(staff: UnitStaff) -> str:
    """The text of a staff file, without a head; reading it gives `staff` again."""
    lines = [f"unit: {_quoted(staff.unit)}", "people:" if staff.people else "people: []"]
    lines += (f"  - {{{', '.join(_person(person))}}}" for person in staff.people)
    if staff.mailboxes:
        lines.append("mailboxes:")
    for mailbox in staff.mailboxes:
        lines += _mailbox(mailbox)
    return "\n".join(lines) + "\n"


def _person(person: Person) -> Iterator[str]:
    yield f"id: {_quoted(person.id)}"
    yield f"name: {_text(person.name)}"
    yield f"position: {_text(person.position)}"
    yield f"from: {person.valid_from}"
    if person.until:
        yield f"until: {person.until}"
    if person.former_addresses:
        yield f"former_addresses: [{_list(person.former_addresses)}]"


def _mailbox(mailbox: RoleMailbox) -> Iterator[str]:
    yield f"  - role: {_text(mailbox.role)}"
    yield f"    title: {_text(mailbox.title)}"
    yield f"    members: [{', '.join(map(_quoted, mailbox.members))}]"
    if mailbox.former_addresses:
        yield "    former_addresses:"
    for address in mailbox.former_addresses:
        yield f"      - {_text(address)}"


def _list(texts: Iterable[str]) -> str:
    return ", ".join(map(_text, texts))


def _text(text: str) -> str:
    """A text as it is where YAML reads it as that, else in quotes."""
    return text if _PLAIN.fullmatch(text) and read_plain(text) == (text, None, None) else _quoted(text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
