"""Interface names, for the defaults and for single units."""

from __future__ import annotations

import re
from collections.abc import Iterator

from haicap.inventory.marks import Path as KeyPath
from haicap.inventory.model import Ports

_LONGEST = 15  # Linux: IFNAMSIZ holds 16 bytes with the closing zero


def port_problems(ports: Ports) -> Iterator[tuple[KeyPath, str]]:
    """Names that no interface can have, and interfaces with two purposes, as (path below `ports`, reason)."""
    seen: dict[str, str] = {}
    for path, name in _written(ports):
        purpose = str(path[1] if path[0] == "segments" else path[0])
        if len(name.encode()) > _LONGEST:
            yield path, f'"{name}" has {len(name)} characters; an interface name has at most {_LONGEST}'
        elif not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
            yield path, f'"{name}" is no interface name; use letters, digits, . _ and -'
        if name in seen:
            yield path, f'"{name}" is for {seen[name]} already; a port has one purpose (several segments: use trunk)'
        seen.setdefault(name, purpose)


def _written(ports: Ports) -> Iterator[tuple[KeyPath, str]]:
    yield ("uplink",), ports.uplink
    if ports.trunk is not None:
        yield ("trunk",), ports.trunk
    for segment, names in ports.segments.items():
        for i, name in enumerate(names):
            yield ("segments", segment, i), name
