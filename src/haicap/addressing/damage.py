"""Reading a lock file's text: every damage is a finding with its line, never a traceback."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

import yaml

from haicap.addressing.layout import Tree
from haicap.addressing.overlaps import Place
from haicap.addressing.shapes import Check
from haicap.errors import Finding

_MARKER = re.compile(rb"^(<{7}|\|{7}|={7}|>{7})( .*)?\r?$", re.MULTILINE)


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

    def finding(self, path: Place, reason: str, rule: str) -> Finding:
        """A finding at an entry's value, `("24958@2025-07-01", "block")`."""
        return Finding(self.shown, self._line((self._root, *path)), "/".join(path), reason, rule)

    def line(self, *path: str) -> int:
        """The line of an entry or a value in it, of the deepest that is there; 0 where not even the entry is."""
        return self._line((self._root, *path)) if path[0] in self.entries else 0

    def _take(self, entries: Tree, check: Check) -> None:
        for name, entry in entries.items():
            faults = list(check(name, entry))
            self.findings += [self.finding((name, *path), reason, "lock-format") for path, reason in faults]
            if not faults:
                self.entries[name] = entry

    def _find(self, line: int, reason: str, rule: str) -> None:
        self.findings.append(Finding(self.shown, line, "the lock file", reason, rule))

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

    def _line(self, path: Place) -> int:
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


def _damaged(event: yaml.Event, reason: str, rule: str = "lock-format") -> DamagedError:
    return DamagedError(event.start_mark.line + 1 if event.start_mark else 0, reason, rule)


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
            raise _damaged(event, "holds a list or an alias; a lock has only keys and values")
    return tree


def _fresh_key(event: yaml.ScalarEvent, open_trees: list[Tree]) -> str:
    if not open_trees:
        raise _damaged(event, "holds text, not keys and values")
    if event.value in open_trees[-1]:
        raise _damaged(event, f'"{event.value}" is there twice', "lock-overlap")
    return str(event.value)


def _open(event: yaml.MappingStartEvent, outer: Tree, key: str | None) -> Tree:
    if key is None:
        raise _damaged(event, "has a key that is not text")
    inner: Tree = {}
    outer[key] = inner
    return inner
