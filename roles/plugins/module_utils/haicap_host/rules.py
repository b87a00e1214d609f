"""The role's table: for each path (or glob) who owns the file, which program checks it, and what follows a change.

The first rule that matches a path holds. The order of the table is the order in which services start and reload.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import PurePosixPath
from typing import Any

from ansible.module_utils.haicap_host.command import HostError

# Paths reach shell commands by way of {stem} and {path}: nothing that a shell would read.
_PATH = re.compile(r"/[A-Za-z0-9._@+-]+(?:/[A-Za-z0-9._@+-]+)+")


@dataclass(frozen=True)
class OnChange:
    """What follows a change of a file. With neither service nor command, nothing does.

    service   the systemd unit that reads the file; it is started if it is wanted and not active
    action    "restart" (the default) or "reload"
    command   with a service: what reloads it, instead of `systemctl reload`; alone: what makes the file count
    sections  reload only while nothing outside these INI sections changed, else restart
    fallback  "restart": restart the service if its reload fails; otherwise a failed reload puts the old files back
    """

    service: str = ""
    action: str = "restart"
    command: str = ""
    sections: tuple[str, ...] = ()
    fallback: str = ""


@dataclass(frozen=True)
class Rule:
    """One row. `mode` is octal text; `validate` has %s for the staged file, {dir} for its folder.

    `adopt`: the file is written by the package's own scripts, so the one found there is taken over.
    """

    path: str
    owner: str = ""
    group: str = ""
    mode: str = "0644"
    validate: str = ""
    adopt: bool = False
    on_change: OnChange = OnChange()


def parse_rules(table: Sequence[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """The rules out of a role's variables. HostError names each row's unknown or missing word."""
    return tuple(_parse_rule(row) for row in table)


def rule_for(rules: Sequence[Rule], path: str) -> tuple[int, Rule | None]:
    """The first rule that matches the path, with its place in the table; (len(rules), None) if none does."""
    for index, rule in enumerate(rules):
        if PurePosixPath(path).match(rule.path):
            return index, rule
    return len(rules), None


def check_path(path: str) -> str | None:
    """Why a path cannot be a file of ours, or None."""
    if not _PATH.fullmatch(path) or ".." in path.split("/"):
        return f"{path} is not an absolute path of letters, digits and ._@+-"
    return None


def fill(template: str, path: str) -> str:
    """The template with {path}, {name} (the last part) and {stem} (without its suffix) of a file."""
    parts = PurePosixPath(path)
    return template.replace("{path}", path).replace("{stem}", parts.stem).replace("{name}", parts.name)


def _parse_rule(row: Mapping[str, Any]) -> Rule:
    values = dict(row)
    values["on_change"] = _parse_on_change(values.get("on_change") or {}, str(row.get("path")))
    _check_words(values, Rule, f"rule for {row.get('path')}")
    if not re.fullmatch(r"0?[0-7]{3}", str(values.get("mode", "0644"))):
        raise HostError(f'rule for {row.get("path")}: mode {values["mode"]} is not octal text like "0640"')
    return Rule(**values)


def _parse_on_change(row: Mapping[str, Any], path: str) -> OnChange:
    _check_words(row, OnChange, f"on_change of {path}")
    on_change = OnChange(**{**row, "sections": tuple(row.get("sections", ()))})
    if on_change.action not in ("reload", "restart"):
        raise HostError(f'on_change of {path}: action is "reload" or "restart", not "{on_change.action}"')
    return on_change


def _check_words(row: Mapping[str, Any], kind: type, where: str) -> None:
    known = {field.name for field in fields(kind)}
    unknown = sorted(set(row) - known)
    if unknown or (kind is Rule and "path" not in row):
        raise HostError(f"{where}: unknown {', '.join(unknown) or '(no path)'}; known are {', '.join(sorted(known))}")
