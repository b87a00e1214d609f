"""The part of an official address before the `@`: the words of a name, and the province's template for them.

A Vietnamese name has the family name first and the given name last, so `Nguyễn Thị Hải` is given `hai`, initials `nt`,
family `nguyen`. Two things differ, and are read as their bearers do:

- After the marker `Y`, or with the marker `H'` (Ê Đê, M'Nông, Gia Rai), the given name comes first and the clan last:
  `Y Wăn Êban` is given `ywan`, initials `e`, family `eban`; `H'Hen Niê` is `hhen`, `n`, `nie`.
- An apostrophe or a hyphen joins what it stands between, with or without a blank: `K' Brêu` and `K'Brêu` are `kbreu`.

A name of one word is a given name. Case, accents and Unicode's form (NFC, NFD) make no difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from string import Formatter
from typing import NamedTuple

from haicap.inventory.model import Mail
from haicap.inventory.naming import fold

MAX_LOCAL = 64  # octets, RFC 5321 section 4.5.3.1.1
MAX_ADDRESS = 254  # octets: a path of 256 (RFC 5321 section 4.5.3.1.3) without its angle brackets
PERSON_FIELDS = frozenset({"given", "initials", "family", "number", "unit"})
ROLE_FIELDS = frozenset({"role", "unit"})
RESERVED = frozenset((
    *("abuse", "hostmaster", "info", "marketing", "news", "noc", "postmaster", "sales", "security"),  # RFC 2142
    *("support", "usenet", "uucp", "webmaster", "www", "ftp", "list", "request"),  # the same
    *("admin", "administrator", "anonymous", "bin", "daemon", "mailer-daemon", "nobody", "null", "operator", "root"),
    *("all", "contact", "dmarc", "everyone", "mail", "no-reply", "noreply", "office", "owner", "sysadmin", "system"),
    *("congan", "dangky", "dichvucong", "hdnd", "mattran", "motcua", "tiepdan", "ubnd", "vanphong", "vanthu"),
))  # fmt: skip
_SEPARATORS = "._-"
_LOCAL = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_LITERAL = re.compile(r"[a-z0-9._-]*")
_SPELLINGS = str.maketrans({"Ð": "Đ", "ð": "đ", "Ɖ": "Đ"} | dict.fromkeys("’‘ʼʹ`´′", "'") | dict.fromkeys("‐‑–—", "-"))
_JOINT = re.compile(r"\s*-\s*|'\s+")


class Parts(NamedTuple):
    """A name's words as fields of a template, in the letters a to z and digits; all empty without such a letter."""

    given: str
    initials: str
    family: str


@lru_cache(maxsize=65536)
def name_parts(name: str) -> Parts:
    """The parts of a full name. The module says how it is read."""
    text = _JOINT.sub(lambda joint: "'" if "'" in joint[0] else "", fold(name.translate(_SPELLINGS)))
    raw = text.split()
    words = [word for word in (re.sub(r"[^a-z0-9]", "", part) for part in raw) if word]
    if not words:
        return Parts("", "", "")
    given_first = raw[0] == "y" or raw[0].startswith("h'")
    if given_first:
        cut = 2 if raw[0] == "y" else 1
        clan = words[cut:]
        return Parts("".join(words[:cut]), _initials(clan), "".join(clan))
    return Parts(words[-1], _initials(words[:-1]), words[0] if len(words) > 1 else "")


def _initials(words: list[str]) -> str:
    return "".join(word[0] for word in words)


def pattern_faults(mail: Mail) -> Iterator[tuple[str, str]]:
    """What is wrong with the province's templates: the template's place (`mail.person`), and why."""
    for place, template, known in (
        ("mail.person", mail.person, PERSON_FIELDS),
        ("mail.role", mail.role, ROLE_FIELDS),
    ):
        for reason in _faults(template, known):
            yield place, f'"{template}" {reason}'


def _faults(template: str, known: frozenset[str]) -> Iterator[str]:
    try:
        parsed = list(Formatter().parse(template))
    except ValueError as error:
        yield f"is not a template: {str(error).lower()}"
        return
    named = {field for _, field, _, _ in parsed if field is not None}
    unknown = sorted(named - known)
    listed = " ".join(f"{{{field}}}" for field in sorted(known))
    if unknown or any(spec or conversion for _, _, spec, conversion in parsed):
        shown = " ".join(f"{{{field}}}" for field in unknown) or "a format"
        yield f"has {shown}; the fields are {listed}, as they are"
        return
    if known == ROLE_FIELDS and named != ROLE_FIELDS:
        yield "does not tell the units' mailboxes apart; it needs {role} and {unit}"
    if known == PERSON_FIELDS and not ("number" in named and named & {"given", "family"}):
        yield "does not tell persons apart; it needs {number}, and {given} or {family}"
    if not (all(_LITERAL.fullmatch(literal) for literal, _, _, _ in parsed) and _makes_addresses(template)):
        yield f"cannot be the part of an address before the @: letters a to z, digits and . _ -, {MAX_LOCAL} octets"


def _makes_addresses(template: str) -> bool:
    """Whether the shortest and a usual value of each field give a local part."""
    fields = PERSON_FIELDS | ROLE_FIELDS
    shortest = dict.fromkeys(fields, "a") | {"initials": "", "number": "", "family": ""}
    usual = dict.fromkeys(fields, "abcd") | {"number": "2"}
    return all(local_part(template, values) is not None for values in (shortest, usual))


def local_part(template: str, fields: Mapping[str, str]) -> str | None:
    """The template filled in; an empty field takes the separators before it along.

    Over 64 octets the given name is cut, or the family name where there is none; None if nothing would be left of it,
    or if the result is no local part.
    """
    text = _fill(template, fields)
    excess = len(text) - MAX_LOCAL
    if excess > 0:
        name = "given" if "{given}" in template else "family"
        long = fields.get(name, "")
        if excess >= len(long):
            return None
        text = _fill(template, {**fields, name: long[:-excess]})
    return text if _LOCAL.fullmatch(text) else None


def person_part(template: str, parts: Parts, label: str, number: int) -> str | None:
    """A person's local part in the unit of this label; the first of a name has no number. None: see `local_part`."""
    return local_part(
        template,
        {
            "given": parts.given,
            "initials": parts.initials,
            "family": parts.family,
            "number": "" if number < 2 else str(number),
            "unit": label,
        },
    )


def is_reserved(template: str, parts: Parts, label: str, number: int) -> bool:
    """Whether the name in a person's local part, or all of that, is a function's name and so never a person's."""
    return _alone(template, parts, number) in RESERVED or person_part(template, parts, label, number) in RESERVED


@lru_cache(maxsize=65536)
def _alone(template: str, parts: Parts, number: int) -> str | None:
    return person_part(template, parts, "", number)


def _fill(template: str, fields: Mapping[str, str]) -> str:
    text = ""
    for literal, field in _pieces(template):
        text += literal if text else literal.lstrip(_SEPARATORS)
        value = fields[field] if field else ""
        text = text + value if value else text.rstrip(_SEPARATORS) if field else text
    return text.rstrip(_SEPARATORS)


@lru_cache(maxsize=64)
def _pieces(template: str) -> tuple[tuple[str, str | None], ...]:
    return tuple((literal, field) for literal, field, _, _ in Formatter().parse(template))
