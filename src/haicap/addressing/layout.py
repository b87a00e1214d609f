"""The lock files' layout: values to plain trees of text and back, and trees to YAML, a value a line.

Written by hand, not by a YAML library: the order, the quotes and the line breaks are then ours for good, so that a diff
shows what changed and nothing else. Any YAML reader reads it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from haicap.addressing.model import Cutover, Keys, Locks, Member, Name, Placed, Segment, Tunnel

Tree = dict[str, Any]  # text, or such a tree
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9./@+=_-]*")


def member_tree(member: Member) -> Tree:
    """A member as text, in the order of the file; what it has not is left out."""
    tree: Tree = {"uplink": member.uplink, "loopback": member.loopback, "loopback6": member.loopback6}
    tree["asn"] = str(member.asn)
    tunnels = {hub: {"v4": ends.v4, "v6": ends.v6} for hub, ends in sorted(member.tunnels.items())}
    segments = {name: _segment_tree(segment) for name, segment in sorted(member.segments.items())}
    rest = {"tunnels": tunnels, "block": member.block, "block6": member.block6, "segments": segments}
    return tree | {key: value for key, value in rest.items() if value} | _removed_tree(member.removed)


def _segment_tree(segment: Segment) -> Tree:
    hosts = {"hosts": dict(sorted(segment.hosts.items()))} if segment.hosts else {}
    return {"v4": segment.v4, "v6": segment.v6} | hosts


def _removed_tree(removed: date | None) -> Tree:
    return {"removed": removed.isoformat()} if removed else {}


def name_tree(name: Name) -> Tree:
    return {"label": name.label, "given": name.given} | _removed_tree(name.removed)


def keys_tree(keys: Keys) -> Tree:
    dkim = {"dkim": dict(sorted(keys.dkim.items()))} if keys.dkim else {}
    wireguard = {"wireguard": keys.wireguard} if keys.wireguard else {}
    return {**wireguard, "ssh": keys.ssh, **dkim}


def placed_tree(placed: Placed) -> Tree:
    tree: Tree = {"hypervisor": placed.hypervisor, "address": placed.address, "address6": placed.address6}
    tree["root_gib"] = str(placed.root_gib)
    disks = {name: str(size) for name, size in sorted(placed.disks.items())}
    return tree | ({"disks": disks} if disks else {}) | _removed_tree(placed.removed)


def cutover_tree(cutover: Cutover) -> Tree:
    later = {"switched": cutover.switched, "back": cutover.back}
    return {"frozen": cutover.frozen} | {key: moment for key, moment in later.items() if moment}


def locks_trees(locks: Locks) -> tuple[Tree, Tree, Tree, Tree, Tree]:
    """The trees of the files: addresses, names, keys, machines, cut-overs."""
    return (
        {"members": {identity: member_tree(member) for identity, member in sorted(locks.members.items())}},
        {"names": {identity: name_tree(name) for identity, name in sorted(locks.names.items())}},
        {"keys": {host: keys_tree(keys) for host, keys in sorted(locks.keys.items())}},
        {"machines": {name: placed_tree(placed) for name, placed in sorted(locks.machines.items())}},
        {"cutovers": {name: cutover_tree(cutover) for name, cutover in sorted(locks.cutovers.items())}},
    )


def member_of(tree: Tree) -> Member:
    """A member from its tree, which has been checked."""
    removed = tree.get("removed")
    return Member(
        uplink=tree["uplink"],
        loopback=tree["loopback"],
        loopback6=tree["loopback6"],
        asn=int(tree["asn"]),
        tunnels={hub: Tunnel(ends["v4"], ends["v6"]) for hub, ends in tree.get("tunnels", {}).items()},
        block=tree.get("block"),
        block6=tree.get("block6"),
        segments={
            name: Segment(nets["v4"], nets["v6"], nets.get("hosts", {}))
            for name, nets in tree.get("segments", {}).items()
        },
        removed=date.fromisoformat(removed) if removed else None,
    )


def name_of(tree: Tree) -> Name:
    removed = tree.get("removed")
    return Name(tree["label"], tree["given"], date.fromisoformat(removed) if removed else None)


def keys_of(tree: Tree) -> Keys:
    return Keys(tree.get("wireguard", ""), tree["ssh"], tree.get("dkim", {}))


def placed_of(tree: Tree) -> Placed:
    """A machine's place from its tree, which has been checked."""
    removed = tree.get("removed")
    return Placed(
        hypervisor=tree["hypervisor"],
        address=tree["address"],
        address6=tree["address6"],
        root_gib=int(tree["root_gib"]),
        disks={name: int(size) for name, size in tree.get("disks", {}).items()},
        removed=date.fromisoformat(removed) if removed else None,
    )


def cutover_of(tree: Tree) -> Cutover:
    return Cutover(tree["frozen"], tree.get("switched"), tree.get("back"))


def to_yaml(tree: Tree, head: str) -> str:
    """A tree as YAML in block style below a comment. The same tree is always the same text."""
    return "".join(f"{line}\n" for line in (*head.splitlines(), *_yaml_lines(tree, "")))


def to_json(trees: tuple[Tree, ...]) -> bytes:
    """Canonical JSON: sorted keys, no blanks, UTF-8."""
    return json.dumps(trees, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _yaml_lines(tree: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, value in tree.items():
        if isinstance(value, str):
            yield f"{indent}{_scalar(key)}: {_scalar(value)}"
        elif value:
            yield f"{indent}{_scalar(key)}:"
            yield from _yaml_lines(value, indent + "  ")
        else:
            yield f"{indent}{_scalar(key)}: {{}}"


def _scalar(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    as_is = text.isprintable() and '"' not in text and "\\" not in text
    return f'"{text if as_is else "".join(map(_escape, text))}"'


def _escape(char: str) -> str:
    """A character inside double quotes (YAML 1.1, section 5.6)."""
    if char in '"\\':
        return f"\\{char}"
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"
