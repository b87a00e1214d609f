"""One YAML file as a tree of nodes with lines, read event by event, so that every limit holds before memory is spent.

YAML is used as a plain notation: mappings, lists and scalars. Anchors, aliases, tags, merge keys, duplicate keys and
several documents are findings, and so is every scalar that YAML 1.1 would read as something else than it looks like.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import yaml

from haicap.inventory.limits import MAX_BYTES, MAX_DEPTH, MAX_ENTRIES, MAX_KEYS, MAX_TRAPS
from haicap.inventory.marks import Node
from haicap.inventory.marks import Path as KeyPath
from haicap.inventory.scalars import hidden, nfc, read_plain, shown

TRAP_RULES = (
    "yaml-syntax",
    "yaml-tab",
    "yaml-character",
    "yaml-encoding",
    "yaml-bom",
    "yaml-empty",
    "yaml-top",
    "yaml-documents",
    "yaml-key",
    "yaml-duplicate-key",
    "yaml-merge-key",
    "yaml-alias",
    "yaml-tag",
    "yaml-boolean",
    "yaml-number",
    "limit-size",
    "limit-items",
    "limit-depth",
    "limit-findings",
    "missing-file",
)

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Stop(Exception):
    """The rest of the file cannot be read."""


class Trap(NamedTuple):
    """Something wrong in the file itself, at a path of keys and list places."""

    path: KeyPath
    line: int
    rule: str
    reason: str


class Reader:
    """Reads one file; `traps` holds what was wrong."""

    def __init__(self) -> None:
        self.traps: list[Trap] = []
        self._path: list[str | int] = []

    def read(self, path: Path) -> Node | None:
        """The file's top mapping; None when it cannot be used at all (the findings say why)."""
        try:
            text = self._decode(path)
            node = self._document(_events(text))
            if not isinstance(node.value, dict):
                self._stop(node.line, "yaml-top", f"the file holds {describe(node)}; it must hold `key: value` lines")
        except _Stop:
            return None
        except yaml.MarkedYAMLError as error:
            self._syntax(error, text)
            return None
        except yaml.reader.ReaderError as error:
            self._unreadable(error, text)
            return None
        return node

    def _decode(self, path: Path) -> str:
        size = path.stat().st_size
        if size > MAX_BYTES:
            limit = f"{MAX_BYTES // 1_000_000} MB"
            self._stop(0, "limit-size", f"{size / 1e6:.1f} MB is more than the limit of {limit}; split the inventory")
        data = path.read_bytes()
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            self._stop(1, "yaml-encoding", "the file is UTF-16; save it as UTF-8")
        if data.startswith(b"\xef\xbb\xbf"):
            self._trap(1, "yaml-bom", "the file starts with a byte order mark; save it as UTF-8 without BOM")
            data = data[3:]
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            self._stop(line, "yaml-encoding", f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8")
        return text

    def _document(self, events: Iterator[Any]) -> Node:
        """The first document's node; another document is a finding."""
        top: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if top is not None:
                    self._trap(
                        _line(event),
                        "yaml-documents",
                        "a second document starts here (`---`); put everything in one",
                    )
                    break
                top = self._node(next(events), events)
        if top is None or (top.value is None and top.raw == ""):
            self._stop(0, "yaml-empty", "the file is empty; `haicap init PROVINCE` writes a complete one")
        return top

    def _node(self, event: Any, events: Iterator[Any]) -> Node:
        line = _line(event)
        if isinstance(event, yaml.AliasEvent):
            self._trap(line, "yaml-alias", f"`*{event.anchor}` is an alias; write the value out")
            return Node(None, line)
        if event.anchor is not None:
            self._trap(line, "yaml-alias", f"`&{event.anchor}` is an anchor; aliases are not used here, remove it")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, line)
        if event.tag is not None:
            self._tag(event.tag, line)
        if len(self._path) >= MAX_DEPTH:
            self._stop(line, "limit-depth", f"values are nested more than {MAX_DEPTH} deep")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(line, events)
        return self._list(line, events)

    def _scalar(self, event: Any, line: int) -> Node:
        if event.tag is not None:
            self._tag(event.tag, line)
        elif event.implicit[0]:
            meaning = read_plain(event.value)
            if meaning.trap:
                self._trap(line, *meaning.trap)
            if meaning.raw is not None:
                return Node(meaning.value, line, meaning.raw)
        if unseen := hidden(event.value):
            self._trap(line, "yaml-character", f"the text holds {unseen}; write it in one plain line")
        return Node(nfc(event.value), line)

    def _tag(self, tag: str, line: int) -> None:
        short = tag.replace("tag:yaml.org,2002:", "!!")
        self._trap(line, "yaml-tag", f"`{short}` is a tag; tags are not used here, remove it")

    def _list(self, line: int, events: Iterator[Any]) -> Node:
        items: list[Node] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            self._path.append(len(items))
            if len(items) >= MAX_ENTRIES:
                self._stop(
                    _line(event), "limit-items", f"the list has more than {MAX_ENTRIES} entries; split the inventory"
                )
            items.append(self._node(event, events))
            self._path.pop()
        return Node(items, line)

    def _mapping(self, line: int, events: Iterator[Any]) -> Node:
        node = Node({}, line)
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key_line = _line(event)
            key = self._key(event, events, key_line)
            self._path.append(key)
            if key in node.value:
                first = node.key_lines[key]
                self._trap(
                    key_line, "yaml-duplicate-key", f"`{key}` is written twice, first in line {first}; remove one"
                )
            if len(node.value) >= MAX_KEYS:
                self._stop(key_line, "limit-items", f"the mapping has more than {MAX_KEYS} keys; split the inventory")
            node.value[key] = self._node(next(events), events)
            node.key_lines[key] = key_line
            self._path.pop()
        return node

    def _key(self, event: Any, events: Iterator[Any], line: int) -> str:
        """A key's text. Keys that YAML reads as something else are findings, and keep their text."""
        if not isinstance(event, yaml.ScalarEvent):
            self._trap(line, "yaml-key", "a key must be one word")
            self._path.append("?")
            self._node(event, events)
            self._path.pop()
            return "?"
        text = nfc(event.value)
        if event.implicit[0]:
            meaning = read_plain(event.value)
            if text == "<<":
                self._trap(line, "yaml-merge-key", "`<<` merges another mapping; write the keys out")
            elif meaning.raw is not None:
                self._trap(line, "yaml-key", f'the key {text} is not read as text; quote it: "{text}"')
        return text

    def _syntax(self, error: yaml.MarkedYAMLError, text: str) -> None:
        """A parser's error in plain words; a tab in the indentation is the usual cause."""
        mark: Any = error.problem_mark or error.context_mark
        line = mark.line + 1
        here = [*text.split("\n"), ""][mark.line]
        self._path.clear()
        if "\t" in here[: len(here) - len(here.lstrip())] or here[mark.column : mark.column + 1] == "\t":
            self._trap(line, "yaml-tab", "a tab indents this line; YAML wants spaces")
        else:
            start = error.context_mark.line + 1 if error.context_mark else line
            since = f" (in what starts in line {start}: a quote or bracket left open?)" if start != line else ""
            self._trap(line, "yaml-syntax", f"this is not YAML: {error.problem or error.context}{since}")

    def _unreadable(self, error: Any, text: str) -> None:
        """A character that YAML does not allow."""
        self._path.clear()
        bad = next((place for place, char in enumerate(text) if _forbidden(char)), 0)
        line = text.count("\n", 0, bad) + 1
        self._trap(line, "yaml-character", f"the character U+{ord(text[bad]):04X} is not allowed; remove it")

    def _trap(self, line: int, rule: str, reason: str) -> None:
        self.traps.append(Trap(tuple(self._path), line, rule, reason))
        if len(self.traps) >= MAX_TRAPS:
            self._stop(line, "limit-findings", f"more than {MAX_TRAPS} findings in this file; the rest was not read")

    def _stop(self, line: int, rule: str, reason: str) -> NoReturn:
        self.traps.append(Trap((), line, rule, reason))
        raise _Stop


def _events(text: str) -> Iterator[Any]:
    return iter(yaml.parse(text, Loader=_LOADER))


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _forbidden(char: str) -> bool:
    return (ord(char) < 0x20 and char not in "\t\n\r") or (0x7F <= ord(char) < 0xA0 and char != "\x85")


def describe(node: Node) -> str:
    """What a node holds, in plain words."""
    if isinstance(node.value, dict):
        return "keys and values" if node.value else "an empty mapping"
    if isinstance(node.value, list):
        return "a list"
    if node.value is None:
        return "nothing"
    if isinstance(node.value, bool):
        return f"the boolean {node.raw}"
    if isinstance(node.value, int | float):
        return f"the number {node.raw}"
    return f'the text "{shown(str(node.value))}"'
