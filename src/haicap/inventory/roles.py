"""A role of the province's own, for the machines of a vendor's product: `roles/<name>/role.yml`, and files beside it.

It stands on the role `platform`. What it brings is in the plan like everything else: files, packages, services, and
the rules by which files arrive.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from haicap.inventory.base import Label, Model

OWN_ROLES = ("platform", "reference")

HostPath = Annotated[str, StringConstraints(pattern=r"^(/[A-Za-z0-9@._*+-]+)+$", max_length=250)]
Account = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_-]{0,31}$")]
Unit = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9@._-]+$", max_length=100)]
Package = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9+.-]+$", max_length=100)]
Command = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class OnChange(Model):
    """What happens on the host when a file of a rule has changed. `{path}`, `{name}` and `{stem}` are the file's."""

    service: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9@._{}-]+$", max_length=100)] | None = None
    action: Literal["restart", "reload"] | None = None
    command: Command | None = None
    fallback: Literal["restart"] | None = None


class FileRule(Model):
    """How the files of a path, or of a glob within one folder, stand on the host.

    `validate` is given the staged copy, `%s`, before anything is changed.
    """

    path: HostPath
    owner: Account = "root"
    group: Account = "root"
    mode: Annotated[str, StringConstraints(pattern=r"^0[0-7]{3}$")] = "0644"
    check: Command | None = Field(default=None, alias="validate")
    adopt: bool = False
    on_change: OnChange | None = None


class Initial(Model):
    """What the host makes itself, once: `command` is run while `creates` is not there."""

    creates: HostPath
    command: Command


class Role(Model):
    """`roles/<name>/role.yml`."""

    packages: tuple[Package, ...] = ()
    services: tuple[Unit, ...] = ()
    rules: tuple[FileRule, ...] = ()
    initial: tuple[Initial, ...] = ()


class Product(Model):
    """A role with the texts of its files, by their path on the host."""

    model_config = ConfigDict(str_strip_whitespace=False)

    name: Label
    role: Role = Role()
    files: Mapping[str, str] = Field(default_factory=dict)
