"""Reading a lock file's text: every damage is a finding with its line, never a traceback."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import yaml

from haicap.addressing.layout import Tree
from haicap.addressing.networks import span
from haicap.addressing.overlaps import Path
from haicap.errors import Finding

Fault = tuple[Path, str]  # where in the file, and why
Check = Callable[[str, Tree | str], Iterator[Fault]]
_MARKER = re.compile(rb"^(<{7}|\|{7}|={7}|>{7})( .*)?\r?$", re.MULTILINE)
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


class LockText:
    """One lock file: `entries` below its root key that are sound, and `findings` for all that is not.

    Lines are looked up in a second reading, only when something is wrong: a sound file is read fast.
    """

    def __init__(self, shown: str, content: bytes, root: str, check: Check) -> None:
        self.shown = shown
        self.findings: list[Finding] = []
        self.entries: dict[str, Tree] = {}
        self._root, self._content = root, content
        tree = self._parse()
        for key in tree.keys() - {root}:
            self._find(self._line((key,)), f'unknown key "{key}"', "lock-format")
        entries = tree.get(root, {})
        if isinstance(entries, dict):
            self._take(entries, check)
        else:
            self._find(self._line((root,)), f'"{root}" holds text, not entries', "lock-format")

    def finding(self, path: Path, reason: str, rule: str) -> Finding:
        """A finding at an entry's value, `("24958@2025-07-01", "block")`."""
        return Finding(self.shown, self._line((self._root, *path)), "/".join(path), reason, rule)

    def _take(self, entries: Tree, check: Check) -> None:
        for name, entry in entries.items():
            faults = list(check(name, entry))
            self.findings += [self.finding((name, *path), reason, "lock-format") for path, reason in faults]
            if not faults:
                self.entries[name] = entry

    def _find(self, line: int, reason: str, rule: str) -> None:
        self.findings.append(Finding(self.shown, line, "", reason, rule))

    def _parse(self) -> Tree:
        try:
            marker = _MARKER.search(self._content)
            if marker:
                line = self._content.count(b"\n", 0, marker.start()) + 1
                raise DamagedError(line, "a merge's conflict markers are still in it", "lock-conflict")
            return read_tree(self._content)
        except DamagedError as damage:
            self._find(damage.line, damage.reason, damage.rule)
            return {}

    def _line(self, path: Path) -> int:
        node, line = self._nodes, 0
        for key in path:
            pairs = node.value if isinstance(node, yaml.MappingNode) else []
            found = next(((at, value) for at, value in pairs if at.value == key), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        return line

    @cached_property
    def _nodes(self) -> yaml.Node | None:
        root: yaml.Node | None = yaml.compose(self._content.decode(), Loader=yaml.CBaseLoader)
        return root


class DamagedError(Exception):
    """A lock's text that cannot be read on from `line`."""

    def __init__(self, line: int, reason: str, rule: str = "lock-format") -> None:
        self.line, self.reason, self.rule = line, reason, rule
        super().__init__(reason)


def read_tree(content: bytes) -> Tree:
    """Mappings and text from YAML, straight from the parser's events; everything is text. Raises DamagedError."""
    try:
        return _build(yaml.parse(content.decode(), Loader=yaml.CBaseLoader))
    except UnicodeDecodeError as error:
        raise DamagedError(content.count(b"\n", 0, error.start) + 1, "is not UTF-8") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise DamagedError(line, f"is not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise DamagedError(0, f"is not YAML: {str(error).splitlines()[0]}") from error


def _build(events: Iterator[yaml.Event]) -> Tree:
    tree: Tree = {}
    open_trees: list[Tree] = []
    key: str | None = None
    for event in events:
        if isinstance(event, yaml.ScalarEvent):
            if key is None:
                key = _fresh_key(event, open_trees)
                continue
            open_trees[-1][key], key = event.value, None
        elif isinstance(event, yaml.MappingStartEvent):
            inner = tree if not open_trees else _open(event, open_trees[-1], key)
            open_trees.append(inner)
            key = None
        elif isinstance(event, yaml.MappingEndEvent):
            open_trees.pop()
        elif isinstance(event, yaml.SequenceStartEvent | yaml.AliasEvent):
            raise DamagedError(event.start_mark.line + 1, "holds a list or an alias; a lock has only keys and values")
    return tree


def _fresh_key(event: yaml.ScalarEvent, open_trees: list[Tree]) -> str:
    if not open_trees:
        raise DamagedError(event.start_mark.line + 1, "holds text, not keys and values")
    if event.value in open_trees[-1]:
        raise DamagedError(event.start_mark.line + 1, f'"{event.value}" is there twice', "lock-overlap")
    return str(event.value)


def _open(event: yaml.MappingStartEvent, outer: Tree, key: str | None) -> Tree:
    if key is None:
        raise DamagedError(event.start_mark.line + 1, "has a key that is not text")
    inner: Tree = {}
    outer[key] = inner
    return inner


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
_OPTIONAL: Mapping[str, _Shape] = {"tunnels": _Each(_ENDS), "removed": date.fromisoformat}
_SEGMENT = _Fields({"v4": _network(4), "v6": _network(6)}, {"hosts": _Each(_address(4))})
_SERVER = _Fields(_COMMON, _OPTIONAL)
_UNIT = _Fields({**_COMMON, "block": _network(4), "block6": _network(6)}, {**_OPTIONAL, "segments": _Each(_SEGMENT)})
_NAME = _Fields({"label": _label, "given": _text}, {"removed": date.fromisoformat})
_KEYS = _Fields({"wireguard": _wireguard, "ssh": _ssh})


def check_members(identity: str, entry: Tree | str) -> Iterator[Fault]:
    """Faults of a member. A unit, `24958@2025-07-01`, has blocks; a server has none."""
    return _faults(entry, _UNIT if "@" in identity else _SERVER, ())


def check_names(_identity: str, entry: Tree | str) -> Iterator[Fault]:
    """Faults of a unit's name."""
    return _faults(entry, _NAME, ())


def check_keys(_host: str, entry: Tree | str) -> Iterator[Fault]:
    """Faults of a host's public keys."""
    return _faults(entry, _KEYS, ())


def _faults(value: Tree | str, shape: _Shape, path: Path) -> Iterator[Fault]:
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


def _field_faults(tree: Tree, shape: _Fields, path: Path) -> Iterator[Fault]:
    for key in shape.required.keys() - tree.keys():
        yield path, f'"{key}" is missing'
    for key, value in tree.items():
        known = shape.required.get(key) or shape.optional.get(key)
        if known is None:
            yield (*path, key), "unknown key"
        else:
            yield from _faults(value, known, (*path, key))
