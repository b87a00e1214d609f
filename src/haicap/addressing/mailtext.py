"""A mailbox as one line of `mail.lock.yml`: terms with their first and last day, former addresses, and the name.

    NV-1: "hai.tanha@lamdong.gov.vn 24958@2025-07-01 2025-07-01..2026-03-31, former hai@danang.gov.vn for Hải"

A line a person keeps a province's file short, and a review shows one changed line for one moved person.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from haicap.addressing.model import Mailbox, Term

_ADDRESS = r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,63}"
_TERM = re.compile(
    rf"(?P<address>{_ADDRESS}) (?P<unit>\d{{5}}@\d{{4}}-\d\d-\d\d) "
    r"(?P<since>\d{4}-\d\d-\d\d)\.\.(?P<until>\d{4}-\d\d-\d\d)?"
)
_FORMER = re.compile(rf"former ({_ADDRESS})")


def mailbox_text(mailbox: Mailbox) -> str:
    """A mailbox's line; the same mailbox is always the same text."""
    terms = [f"{term.address} {term.unit} {term.since}..{term.until or ''}" for term in mailbox.terms]
    former = [f"former {address}" for address in mailbox.former]
    return f"{', '.join([*terms, *former])} for {mailbox.name}"


def mailbox_of(text: str) -> Mailbox:
    """A mailbox from its line. Raises ValueError with what is wrong."""
    listed, found, name = text.partition(" for ")
    if not found or not name:
        raise ValueError("has no name; a line is ADDRESS UNIT FROM..UNTIL, former ADDRESS for NAME")
    items = listed.split(", ")
    former = [match[1] for match in map(_FORMER.fullmatch, items) if match]
    terms = tuple(_term_of(item) for item in items[: len(items) - len(former)])
    _check(terms, former)
    return Mailbox(name, terms, tuple(former))


def _term_of(item: str) -> Term:
    match = _TERM.fullmatch(item)
    if match is None:
        raise ValueError(f"{item!r} is not ADDRESS UNIT FROM..UNTIL")
    until = match["until"]
    try:
        return Term(
            match["address"],
            match["unit"],
            date.fromisoformat(match["since"]),
            date.fromisoformat(until) if until else None,
        )
    except ValueError as error:
        raise ValueError(f"{item!r} has a day that does not exist") from error


def _check(terms: Sequence[Term], former: Sequence[str]) -> None:
    for term in terms:
        if term.until and term.until < term.since:
            raise ValueError(f"{term.address} ends before it begins")
    for term, following in pairwise(terms):
        if term.until is None or term.until >= following.since:
            raise ValueError(f"{term.address} is not over when {following.address} begins")
    if list(former) != sorted(set(former) - {term.address for term in terms}):
        raise ValueError("former addresses are out of order, or there twice")
