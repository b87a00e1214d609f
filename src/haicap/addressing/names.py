"""A unit's DNS label: `<label>.<province>.gov.vn`, level 4 of Decree 224/2026, article 11.

The plain label is the unit's full name without accents, its words run together: `Xuân Hương - Đà Lạt` is
`xuanhuongdalat`. The decree says nothing of two units of one province whose names are then the same. The rule here:

1. Who has a label keeps it: it is locked, and neither a renaming nor a later unit moves it. A removed unit's label
   rests as its addresses do.
2. A unit shares a plain label when another unit asks for it at the same lock, has it, or has it in a qualified form;
   or when it is reserved, or has no letter. Then every one of the newcomers gets a qualified label, and nobody the
   plain one. So the order of units never matters.
3. The qualified label is the kind before the name (`xa-dongtien`, `phuong-dongtien`) if no other unit that shares it
   is of that kind; else the code after it (`camgiang-00123`); and if that too is taken, also the day it is valid from
   (`camgiang-00123-20270701`).

`overrides.label` goes before all of this at a unit's first lock, and claims no plain label.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from itertools import chain, count

from haicap.addressing.draft import Draft, unit_subject
from haicap.addressing.model import Name
from haicap.addressing.rest import settle
from haicap.inventory.model import Inventory, Kind, Unit
from haicap.inventory.naming import dns_label

MAX_LABEL = 63  # octets, RFC 1035 section 2.3.4
KIND_PREFIX: Mapping[Kind, str] = {"commune": "xa", "ward": "phuong", "special_zone": "dackhu"}
_QUALIFIED = re.compile(r"(?:(?:xa|phuong|dackhu)-)?(?P<plain>[a-z0-9]+?)(?:-\d{5}(?:-\d{8})?)?")
_RESERVED = re.compile(
    r"(www|mail|webmail|smtp|imap|pop|mx|ns|dns|vpn|hub|gw|ntp|ldap|sip|ftp|web|proxy)\d*"
    r"|\d*|localhost|autoconfig|autodiscover|mtasts|wpad|isatap|hostmaster|postmaster|webmaster|root|admin|api"
    r"|portal|cong|motcua|dichvucong|ubnd|hdnd"
)


def plain_label(name: str) -> str:
    """The name without accents, words run together, at most 63 octets; empty if it has no Latin letter or digit."""
    return dns_label(name)[:MAX_LABEL]


def is_reserved(label: str, hosts: Collection[str] = ()) -> bool:
    """Whether a label is a service's, a province's server's (`hosts`) or only digits: never a unit's plain label."""
    return label in hosts or _RESERVED.fullmatch(label) is not None


def plan_names(inventory: Inventory, locked: Mapping[str, Name], today: date, draft: Draft) -> dict[str, Name]:
    """Every unit's label, by identity, and the labels that rest. What is locked stays; the module says the rule."""
    units = {unit.identity: unit for unit in inventory.units}
    names = settle(locked, units.keys(), today, inventory.province.pools.rest_days)
    fresh = sorted((unit for unit in inventory.units if unit.identity not in names), key=lambda unit: unit.identity)
    province = inventory.province
    hosts = province.servers.keys()
    taken = {name.label for name in names.values()}
    labels = _take_overrides(fresh, taken, hosts, draft)
    rest = [unit for unit in fresh if unit.identity not in labels]
    claims = _claims({identity: name.label for identity, name in names.items()} | labels, rest)
    labels |= _hand_out(rest, claims, units, taken, hosts)
    for unit in fresh:
        names[unit.identity] = Name(labels[unit.identity], unit.name)
        draft.added.append((unit_subject(unit), f"label {labels[unit.identity]}"))
    return dict(sorted(names.items()))


def _take_overrides(fresh: Iterable[Unit], taken: set[str], hosts: Collection[str], draft: Draft) -> dict[str, str]:
    """The labels that people chose. One that is not free is a finding, and its unit goes by the rule."""
    labels: dict[str, str] = {}
    for unit in fresh:
        label = unit.overrides.label
        if label is None:
            continue
        if label in taken or is_reserved(label, hosts):
            reason = f'overrides.label "{label}" is taken or reserved; choose another, or leave it out'
            draft.find(unit_subject(unit), reason, "label-taken")
            continue
        taken.add(label)
        labels[unit.identity] = label
    return labels


def _claims(held: Mapping[str, str], fresh: Iterable[Unit]) -> dict[str, set[str]]:
    """Who shares each plain label, by identity: who holds it, in whatever form, and who is without a label yet."""
    claims: dict[str, set[str]] = defaultdict(set)
    for identity, label in held.items():
        form = _QUALIFIED.fullmatch(label)
        claims[form["plain"] if form else label].add(identity)
    for unit in fresh:
        claims[plain_label(unit.name)].add(unit.identity)
    return claims


def _hand_out(
    fresh: Iterable[Unit],
    claims: Mapping[str, set[str]],
    units: Mapping[str, Unit],
    taken: set[str],
    hosts: Collection[str],
) -> dict[str, str]:
    labels: dict[str, str] = {}
    for unit in fresh:
        plain = plain_label(unit.name)
        others = claims[plain] - {unit.identity}
        kinds = {units[other].kind if other in units else unit.kind for other in others}
        forms = _qualified(unit, plain, alone_in_kind=unit.kind not in kinds)
        if not others and not is_reserved(plain, hosts):
            forms.insert(0, plain)
        numbered = (_join(forms[-1], str(number)) for number in count(2))  # only if people chose all the others
        labels[unit.identity] = next(form for form in chain(forms, numbered) if form not in taken)
        taken.add(labels[unit.identity])
    return labels


def _qualified(unit: Unit, plain: str, alone_in_kind: bool) -> list[str]:
    """The qualified labels of a unit, the best first; the last holds its identity."""
    prefix = KIND_PREFIX[unit.kind]
    stem = plain or prefix
    forms = [_join(stem, unit.code), _join(stem, f"{unit.code}-{unit.valid_from:%Y%m%d}")]
    if alone_in_kind and plain:
        forms.insert(0, f"{prefix}-{plain}"[:MAX_LABEL])
    return forms


def _join(stem: str, tail: str) -> str:
    return f"{stem[: MAX_LABEL - 1 - len(tail)]}-{tail}"
