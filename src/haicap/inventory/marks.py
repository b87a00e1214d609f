"""Where each value was written: a tree of nodes, and marks that turn a path into file and line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str | int, ...]


class Node:
    """A value and its line, counted from 1. `raw` is a plain scalar's text where the value is no text."""

    __slots__ = ("key_lines", "line", "raw", "value")

    def __init__(self, value: Any, line: int, raw: str | None = None) -> None:
        self.value: Any = value  # dict[str, Node], list[Node], or a scalar
        self.line = line
        self.raw = raw
        self.key_lines: dict[str, int] = {}

    def child(self, step: str | int) -> Node | None:
        """The node under a key or an index; None where there is none."""
        if isinstance(self.value, dict):
            found = self.value.get(step)
            return found if isinstance(found, Node) else None
        if isinstance(self.value, list) and isinstance(step, int) and step < len(self.value):
            item = self.value[step]
            return item if isinstance(item, Node) else None
        return None

    def plain(self) -> Any:
        """The data without lines: dictionaries, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def find(self, path: Sequence[str | int]) -> tuple[Node, int]:
        """The deepest node on a path, and the line to name: that of the last key that was found."""
        node, line = self, self.line
        for step in path:
            below = node.child(step)
            if below is None:
                break
            line = node.key_lines.get(step, below.line) if isinstance(step, str) else below.line
            node = below
        return node, line


@dataclass(frozen=True)
class Marks:
    """Files and lines of an inventory's values. `order[i]` is the place in the file of the inventory's i-th unit,
    `platform_order[i]` that of its i-th platform."""

    province_file: str = "province.yml"
    units_file: str = "units.yml"
    province_node: Node | None = None
    units_node: Node | None = None
    order: tuple[int, ...] | None = None
    platforms_file: str = "platforms.yml"
    platforms_node: Node | None = None
    platform_order: tuple[int, ...] | None = None

    def province(self, *path: str | int) -> tuple[str, int]:
        """File and line of a value in province.yml; line 0 when it is not known."""
        line = self.province_node.find(path)[1] if self.province_node else 0
        return self.province_file, line

    def unit(self, index: int, *path: str | int) -> tuple[str, int]:
        """File and line of a value of the inventory's unit at `index`."""
        place = self.order[index] if self.order is not None else index
        line = self.units_node.find(("units", place, *path))[1] if self.units_node else 0
        return self.units_file, line

    @property
    def codes(self) -> frozenset[str]:
        """Every unit's code that is written in units.yml, also of units that did not fit the schema."""
        return _written(self.units_node, "units", "code")

    @property
    def names(self) -> frozenset[str]:
        """Every platform's name that is written in platforms.yml, also of those that did not fit the schema."""
        return _written(self.platforms_node, "platforms", "name")

    def platform(self, index: int, *path: str | int) -> tuple[str, int]:
        """File and line of a value of the inventory's platform at `index`."""
        place = self.platform_order[index] if self.platform_order is not None else index
        line = self.platforms_node.find(("platforms", place, *path))[1] if self.platforms_node else 0
        return self.platforms_file, line


def _written(node: Node | None, key: str, field: str) -> frozenset[str]:
    """The texts of one field of all entries of a file's list."""
    entries = node.child(key) if node is not None else None
    listed = entries.value if entries is not None and isinstance(entries.value, list) else []
    found = (entry.child(field) for entry in listed)
    return frozenset(one.raw or str(one.value) for one in found if one is not None and isinstance(one.value, str | int))


@dataclass(frozen=True)
class FileMarks:
    """Lines of one file's values. `order["people"][i]` is the place in the file of the i-th person that was read."""

    file: str
    node: Node
    order: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def at(self, *path: str | int) -> tuple[str, int]:
        """File and line of a value; the path counts in what was read."""
        match path:
            case (str(key), int(index), *rest) if key in self.order:
                return self.file, self.node.find((key, self.order[key][index], *rest))[1]
        return self.file, self.node.find(path)[1]
