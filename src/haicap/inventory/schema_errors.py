"""A schema error in plain words: which key, what is wrong, what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, NamedTuple, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from haicap.inventory import approvers, base, model, platforms, staff
from haicap.inventory.marks import Node
from haicap.inventory.marks import Path as KeyPath
from haicap.inventory.reader import describe

SCHEMA_RULES = (
    "missing-key",
    "unknown-key",
    "wrong-type",
    "bad-format",
    "bad-choice",
    "bad-network",
    "bad-date",
    "out-of-range",
)


class Problem(NamedTuple):
    """One schema error: the path of keys, the line, the rule's name and the reason."""

    path: KeyPath
    line: int
    rule: str
    reason: str


def explain(error: ErrorDetails, base: type[BaseModel], node: Node, prefix: KeyPath = ()) -> Problem:
    """Put a pydantic error into words. `prefix` leads from the file's top to `node`, which `base` was to describe."""
    path = tuple(step for step in error["loc"] if step != "[key]")
    found, line = node.find(path)
    rule, reason = _words(error, base, path, found)
    return Problem((*prefix, *path), line, rule, reason)


def _words(error: ErrorDetails, base: type[BaseModel], path: KeyPath, found: Node) -> tuple[str, str]:
    kind = error["type"]
    if kind == "missing":
        return "missing-key", "the key is missing; add it"
    if kind == "extra_forbidden":
        return "unknown-key", _unknown_key(str(path[-1]), _fields(base, path[:-1]))
    if error["loc"][-1:] == ("[key]",):
        return "bad-format", _pattern(error, Node(path[-1], 0))
    target = _leaf(base, path)
    if target in _NETWORKS:
        return "bad-network", _network(_NETWORKS[target], found)
    if kind in _EXPECTED:
        return _wrong_type(kind, found)
    for words in (_choice, _date, _bounds):
        if text := words(error, found):
            return _RULES[words], text
    if kind == "string_pattern_mismatch":
        return "bad-format", _pattern(error, found)
    return "bad-value", f"{describe(found)} does not fit: {error['msg'].lower()}"


_EXPECTED: Mapping[str, str] = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "date_type": "a date",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
    "tuple_type": "a list",
}


def _wrong_type(kind: str, found: Node) -> tuple[str, str]:
    """`expected a whole number, found ...`; an unquoted number in place of a text has its own way out."""
    if kind == "string_type" and isinstance(found.value, int | float) and not isinstance(found.value, bool):
        return "yaml-number", f'{found.raw} is read as a number; quote it: "{found.raw}"'
    if kind == "string_type" and isinstance(found.value, bool):
        return "yaml-boolean", f'{found.raw} is read as a boolean; quote it: "{found.raw}"'
    way_out = "; remove the quotes" if kind.startswith("int") and str(found.value).isdecimal() else ""
    return "wrong-type", f"expected {_EXPECTED[kind]}, found {describe(found)}{way_out}"


def _choice(error: ErrorDetails, found: Node) -> str | None:
    if error["type"] != "literal_error":
        return None
    choices = error["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
    return f"{describe(found)} is not one of {', '.join(choices)}{_did_you_mean(str(found.value), choices)}"


def _network(version: int, found: Node) -> str:
    sample = "10.64.0.0/13" if version == 4 else "2001:db8::/40"
    if not isinstance(found.value, str):
        return f'expected an IPv{version} network as text ("{sample}"), found {describe(found)}'
    try:
        network = ip_network(found.value, strict=False)
    except ValueError:
        return f'{describe(found)} is not an IPv{version} network, such as "{sample}"'
    if network.version != version:
        return f"{describe(found)} is an IPv{network.version} network; IPv{version} belongs here"
    return f"{describe(found)} has host bits set; did you mean {network}?"


def _date(error: ErrorDetails, found: Node) -> str | None:
    if not error["type"].startswith("date_"):
        return None
    return f"{describe(found)} is not a date; write year-month-day, such as 2025-07-01"


def _bounds(error: ErrorDetails, found: Node) -> str | None:
    """Numbers and lengths outside their limits."""
    context = error.get("ctx", {})
    at_least = {"greater_than_equal": "ge", "too_short": "min_length", "string_too_short": "min_length"}
    at_most = {"less_than_equal": "le", "too_long": "max_length", "string_too_long": "max_length"}
    kind = error["type"]
    if kind not in at_least and kind not in at_most:
        return None
    least = kind in at_least
    limit = context[at_least[kind] if least else at_most[kind]]
    if least and limit == 1 and kind != "greater_than_equal":
        return f"{'the list' if kind == 'too_short' else 'the text'} must not be empty"
    word = "at least" if least else "at most"
    if kind.startswith("string_"):
        return f"{describe(found)} must have {word} {limit} characters"
    return f"{describe(found)} must be {word} {limit:g}"


_NETWORKS: Mapping[Any, int] = {IPv4Network: 4, IPv6Network: 6}
_RULES: Mapping[Callable[[ErrorDetails, Node], str | None], str] = {
    _choice: "bad-choice",
    _date: "bad-date",
    _bounds: "out-of-range",
}


def _pattern_of(annotated: Any) -> str:
    """The regular expression of an annotated string type of the schema."""
    return str(annotated.__metadata__[0].pattern)


_FORMATS: Mapping[str, str] = {
    _pattern_of(base.Label): "a DNS label: a-z, 0-9 and inner hyphens, at most 63 characters",
    _pattern_of(base.Domain): "a domain name in lower case, such as lamdong.gov.vn",
    _pattern_of(base.UnitCode): 'a unit code: five digits in quotes, such as "24958"',
    _pattern_of(model.AgencyCode): "an agency code (Decision 20/2020), such as H36 or H36.101",
    _pattern_of(model.MacAddress): "a MAC address in lower case with colons, such as 02:00:5e:10:00:01",
    _pattern_of(model.HostName): "a host name: a-z first, then a-z, 0-9 and inner hyphens, at most 12 characters",
    _pattern_of(staff.StaffNumber): "a staff number: letters, digits, inner dots and hyphens, at most 32 characters",
    _pattern_of(staff.RoleName): "a role: a-z, 0-9 and inner hyphens, at most 32 characters, such as motcua",
    _pattern_of(staff.MailAddress): "a mail address in lower case, such as hainv@lacduong.lamdong.gov.vn",
    _pattern_of(model.Sha256): "a SHA-256 sum: 64 digits of 0-9 and a-f, as sha256sum prints it",
    _pattern_of(model.ImageSource): "a place to fetch from: https://..., or file:///... on each hypervisor",
    _pattern_of(platforms.PlatformName): "a platform's name: a-z first, then a-z, 0-9 and inner hyphens, at most 50",
    _pattern_of(approvers.Principal): "who it is to git and in plans: a mail address",
    _pattern_of(approvers.SigningKey): "a public key of SSH: the line of its .pub file",
    _pattern_of(approvers.LimitPattern): "a limit's name; * stands for any part of it",
    r"^\d{2}$": 'a province code: two digits in quotes, such as "68"',
    r"^(any|icmp|(tcp|udp)/\d{1,5})$": "a service: any, icmp, tcp/443 or udp/53",
}


def _pattern(error: ErrorDetails, found: Node) -> str:
    pattern = error.get("ctx", {}).get("pattern", "")
    return f"{describe(found)} is not {_FORMATS.get(pattern, f'of the form {pattern}')}"


def _unknown_key(key: str, known: Sequence[str]) -> str:
    return f"unknown key{_did_you_mean(key, known) or '; the keys here are ' + ', '.join(known)}"


def _did_you_mean(word: str, choices: Sequence[str]) -> str:
    near = difflib.get_close_matches(word.lower(), choices, n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def _fields(base: type[BaseModel], path: KeyPath) -> list[str]:
    """The keys that are known at a path below a model."""
    return [field.alias or name for name, field in _leaf(base, path).model_fields.items()]


def _leaf(base: type[BaseModel], path: KeyPath) -> Any:
    """The type at a path; None where no key of the schema leads."""
    current: Any = base
    try:
        for step in path:
            current = _below(current, step)
    except (StopIteration, IndexError):
        return None
    return current


def _below(current: Any, step: str | int) -> Any:
    """The type one step below: a model's field, a list's entry, a mapping's value."""
    if isinstance(current, type) and issubclass(current, BaseModel):
        matching = (field for name, field in current.model_fields.items() if step in (field.alias, name))
        return _without_none(next(matching).annotation)
    arguments = get_args(current)
    return _without_none(arguments[1] if get_origin(current) is dict else arguments[0])


def _without_none(annotation: Any) -> Any:
    """`Ports | None` -> `Ports`."""
    kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
    optional = type(None) in get_args(annotation)
    return kinds[0] if optional else annotation
