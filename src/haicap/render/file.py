"""One file of a host: where it stands, which template makes it, and what that template is given beside the host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from haicap import assets


@dataclass(frozen=True)
class File:
    """A path on the host, a template below `templates/`, and the values that only this file needs."""

    path: str
    template: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class HostFiles:
    """What stands on one host: file texts by path, the state of services by systemd unit, Debian packages."""

    files: Mapping[str, str]
    services: Mapping[str, str]
    packages: tuple[str, ...]


def fill(template: str, **values: Any) -> str:
    """The text that a template makes; one that names an unknown value is our bug (StrictUndefined)."""
    text: str = _environment().get_template(template).render(**values)
    return text


def texts(host: Any, files: Iterable[File]) -> dict[str, str]:
    """The text of each file of a host, by path. Every template is given the host and a header for its first line."""
    header = f"{host.fqdn}: made by haicap from {host.source}; a change made here is drift, and is undone"
    return {
        file.path: fill(file.template, host=host, header=header, **file.values)
        for file in sorted(files, key=lambda file: file.path)
    }


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(assets.path("templates")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - configuration files; a template of HTML escapes by itself
    )
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    return environment
