"""What an entry of each lock file has to look like."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from haicap.addressing.layout import Tree
from haicap.addressing.mailtext import mailbox_of
from haicap.addressing.networks import span
from haicap.addressing.overlaps import Place

Fault = tuple[Place, str]  # where in the entry, and why
Check = Callable[[str, Tree | str], Iterator[Fault]]
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class _Fields:
    """A mapping with these keys, and no other."""

    required: Mapping[str, _Shape]
    optional: Mapping[str, _Shape] = field(default_factory=dict)


@dataclass(frozen=True)
class _Each:
    """A mapping of any keys to one shape."""

    shape: _Shape


_Shape = _Fields | _Each | Callable[[str], object]


def _address(version: int) -> Callable[[str], object]:
    def check(text: str) -> None:
        if "/" in text or span(text).version != version:
            raise ValueError(f"{text!r} is not an IPv{version} address without a prefix length")

    return check


def _interface(version: int) -> Callable[[str], object]:
    def check(text: str) -> None:
        if "/" not in text or span(text).version != version:
            raise ValueError(f"{text!r} is not an IPv{version} address with its prefix length")

    return check


def _network(version: int) -> Callable[[str], object]:
    def check(text: str) -> None:
        found = span(text)
        if "/" not in text or found.version != version or found.value != found.first:
            raise ValueError(f"{text!r} is not an IPv{version} network")

    return check


def _number(text: str) -> None:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 1 << 32):
        raise ValueError(f"{text!r} is not an AS number")


def _label(text: str) -> None:
    if not _LABEL.fullmatch(text):
        raise ValueError(f"{text!r} is not a DNS label")


def _wireguard(text: str) -> None:
    if len(text) != 44 or len(base64.b64decode(text, validate=True)) != 32:
        raise ValueError(f"{text!r} is not a WireGuard public key")


def _ssh(text: str) -> None:
    if not re.fullmatch(r"[a-z0-9@.-]+ [A-Za-z0-9+/]+=*( .*)?", text):
        raise ValueError("is not an SSH public key")


def _dkim(text: str) -> None:
    if len(base64.b64decode(text, validate=True)) < 128:
        raise ValueError("is not a DKIM public key: base64 of its DER")


def _day(text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a day, like 2025-07-01") from error


def _moment(text: str) -> None:
    form = "%Y-%m-%dT%H:%M:%SZ"
    try:
        exact = datetime.strptime(text, form).strftime(form) == text
    except ValueError:
        exact = False
    if not exact:
        raise ValueError(f"{text!r} is not a moment in UTC, like 2025-07-01T02:00:00Z")


def _size(text: str) -> None:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 65536):
        raise ValueError(f"{text!r} is not a size in GiB")


def _text(text: str) -> None:
    if not text:
        raise ValueError("is empty")


_COMMON: Mapping[str, _Shape] = {
    "uplink": _interface(4),
    "loopback": _address(4),
    "loopback6": _address(6),
    "asn": _number,
}
_ENDS = _Fields({"v4": _interface(4), "v6": _interface(6)})
_OPTIONAL: Mapping[str, _Shape] = {"tunnels": _Each(_ENDS), "removed": _day}
_SEGMENT = _Fields({"v4": _network(4), "v6": _network(6)}, {"hosts": _Each(_address(4))})
_SERVER = _Fields(_COMMON, _OPTIONAL)
_UNIT = _Fields({**_COMMON, "block": _network(4), "block6": _network(6)}, {**_OPTIONAL, "segments": _Each(_SEGMENT)})
_NAME = _Fields({"label": _label, "given": _text}, {"removed": _day})
_KEYS = _Fields({"ssh": _ssh}, {"wireguard": _wireguard, "dkim": _Each(_dkim)})
_PLACED = _Fields(
    {"hypervisor": _label, "address": _address(4), "address6": _address(6), "root_gib": _size},
    {"disks": _Each(_size), "removed": _day},
)
_CUTOVER = _Fields({"frozen": _moment}, {"switched": _moment, "back": _moment})


def check_members(identity: str, entry: Tree | str) -> Iterator[Fault]:
    """Faults of a member. A unit, `24958@2025-07-01`, has blocks; a server has none."""
    return _faults(entry, _UNIT if "@" in identity else _SERVER, ())


def check_names(_identity: str, entry: Tree | str) -> Iterator[Fault]:
    """Faults of a unit's name."""
    return _faults(entry, _NAME, ())


def check_mail(_key: str, entry: Tree | str) -> Iterator[Fault]:
    """Faults of a mailbox's line."""
    return _faults(entry, mailbox_of, ())


def check_keys(_host: str, entry: Tree | str) -> Iterator[Fault]:
    """Faults of a host's public keys."""
    return _faults(entry, _KEYS, ())


def check_machines(_name: str, entry: Tree | str) -> Iterator[Fault]:
    """Faults of a machine's place."""
    return _faults(entry, _PLACED, ())


def check_cutovers(_platform: str, entry: Tree | str) -> Iterator[Fault]:
    """Faults of a cut-over."""
    return _faults(entry, _CUTOVER, ())


def _faults(value: Tree | str, shape: _Shape, path: Place) -> Iterator[Fault]:
    if isinstance(shape, _Fields | _Each):
        if isinstance(value, str):
            yield path, "holds text, not keys and values"
        elif isinstance(shape, _Each):
            for key, item in value.items():
                yield from _faults(item, shape.shape, (*path, key))
        else:
            yield from _field_faults(value, shape, path)
        return
    if not isinstance(value, str):
        yield path, "holds keys and values, not one value"
        return
    try:
        shape(value)
    except ValueError as error:
        yield path, str(error)


def _field_faults(tree: Tree, shape: _Fields, path: Place) -> Iterator[Fault]:
    for key in shape.required.keys() - tree.keys():
        yield path, f'"{key}" is missing'
    for key, value in tree.items():
        known = shape.required.get(key) or shape.optional.get(key)
        if known is None:
            yield (*path, key), "unknown key"
        else:
            yield from _faults(value, known, (*path, key))
