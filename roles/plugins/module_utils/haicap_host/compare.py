"""Files wanted, files on disk and the manifest -> what is to change. Refuses what is not ours to write."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from ansible.module_utils.haicap_host.command import Host, HostError
from ansible.module_utils.haicap_host.disk import Manifest, original, read
from ansible.module_utils.haicap_host.packages import pristine_test
from ansible.module_utils.haicap_host.rules import Rule, check_path, rule_for
from ansible.module_utils.haicap_host.text import sha256

_WAY_OUT = "move it away, or put its content in the inventory"
CREATED, UPDATED, REMOVED, UNCHANGED = "created", "updated", "removed", "unchanged"


@dataclass(frozen=True)
class Change:
    """One file. `old` and `new` are its bytes before and after, None: no file.

    `order` is its rule's place in the table, `drifted`: someone changed it since we wrote it, `keep`: what is there was
    never ours and is kept as the original, `wanted`: it is one of the files we are to hold.
    """

    path: str
    action: str
    order: int
    rule: Rule | None
    old: bytes | None
    new: bytes | None
    drifted: bool = False
    keep: bool = False

    @property
    def wanted(self) -> bool:
        """Whether the file is ours after this change."""
        return self.action != REMOVED


def compare(host: Host, files: Mapping[str, str], manifest: Manifest, rules: Sequence[Rule]) -> list[Change]:
    """Every file of ours, in the order of the rules. HostError lists each path that is not ours to write."""
    changes: list[Change] = []
    reasons: list[str] = []
    there = _There(host, manifest, rules, pristine_test(host))
    for path in sorted(set(files) | set(manifest.files)):
        try:
            changes.append(there.wanted(path, files[path].encode()) if path in files else there.leaving(path))
        except HostError as error:
            reasons.append(str(error))
    if reasons:
        raise HostError("\n".join(reasons))
    return sorted(changes, key=lambda change: (change.order, change.path))


def owner_ids(rule: Rule) -> tuple[int, int]:
    """The numbers of a rule's owner and group; without names, those of this process (root). HostError if unknown."""
    try:
        uid = pwd.getpwnam(rule.owner).pw_uid if rule.owner else os.geteuid()
        gid = grp.getgrnam(rule.group).gr_gid if rule.group else os.getegid()
    except KeyError as error:
        raise HostError(f"{rule.path}: {error.args[0]}; is its package installed?") from error
    return uid, gid


@dataclass(frozen=True)
class _There:
    """What is there, against which each file is held."""

    host: Host
    manifest: Manifest
    rules: Sequence[Rule]
    pristine: Callable[[str, bytes], bool]

    def wanted(self, path: str, new: bytes) -> Change:
        """The change to a file that we are to hold."""
        bad = check_path(path)
        order, rule = rule_for(self.rules, path)
        if bad or rule is None:
            raise HostError(bad or f"{path}: no rule of this role covers it")
        target = self.host.at(path)
        old = read(target)
        ours = self.manifest.files.get(path)
        if old is None:
            return Change(path, CREATED, order, rule, None, new, drifted=ours is not None)
        if ours is None and old != new and not rule.adopt and not self.pristine(path, old):
            raise HostError(f"{path} exists and was not written by haicap: {_WAY_OUT}")
        same = old == new and _same_owner(target, rule)
        drifted = ours is not None and (sha256(old) != ours or (old == new and not same))
        return Change(path, UNCHANGED if same else UPDATED, order, rule, old, new, drifted, keep=ours is None)

    def leaving(self, path: str) -> Change:
        """The change to a file that was ours and is not wanted any more: its original comes back, if there was one."""
        order, rule = rule_for(self.rules, path)
        old = read(self.host.at(path))
        kept = original(self.host, path)
        new = kept.read_bytes() if kept.is_file() else None
        drifted = old is None or sha256(old) != self.manifest.files[path]
        return Change(path, REMOVED, order, rule, old, new, drifted)


def _same_owner(target: Path, rule: Rule) -> bool:
    now = target.lstat()
    return (now.st_uid, now.st_gid) == owner_ids(rule) and stat.S_IMODE(now.st_mode) == int(rule.mode, 8)
