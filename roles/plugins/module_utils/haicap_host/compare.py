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
    pristine = pristine_test(host)
    for path in sorted(set(files) | set(manifest.files)):
        try:
            if path in files:
                changes.append(_wanted(host, path, files[path].encode(), manifest, rules, pristine))
            else:
                changes.append(_leaving(host, path, manifest, rules))
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


def _wanted(
    host: Host,
    path: str,
    new: bytes,
    manifest: Manifest,
    rules: Sequence[Rule],
    pristine: Callable[[str, bytes], bool],
) -> Change:
    bad = check_path(path)
    order, rule = rule_for(rules, path)
    if bad or rule is None:
        raise HostError(bad or f"{path}: no rule of this role covers it")
    target = host.at(path)
    old = read(target)
    ours = manifest.files.get(path)
    if old is None:
        return Change(path, CREATED, order, rule, None, new, drifted=ours is not None)
    if ours is None and old != new and not rule.adopt and not pristine(path, old):
        raise HostError(
            f"{path} exists and was not written by haicap: move it away, or put its content in the inventory"
        )
    same = old == new and _same_owner(target, rule)
    drifted = ours is not None and (sha256(old) != ours or (old == new and not same))
    return Change(path, UNCHANGED if same else UPDATED, order, rule, old, new, drifted, keep=ours is None)


def _leaving(host: Host, path: str, manifest: Manifest, rules: Sequence[Rule]) -> Change:
    order, rule = rule_for(rules, path)
    old = read(host.at(path))
    kept = original(host, path)
    new = kept.read_bytes() if kept.is_file() else None
    drifted = old is None or sha256(old) != manifest.files[path]
    return Change(path, REMOVED, order, rule, old, new, drifted)


def _same_owner(target: Path, rule: Rule) -> bool:
    now = target.lstat()
    return (now.st_uid, now.st_gid) == owner_ids(rule) and stat.S_IMODE(now.st_mode) == int(rule.mode, 8)
