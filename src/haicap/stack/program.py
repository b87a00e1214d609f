"""The Pulumi program: register the resources of a design, as they are. The command line and stacks/ run the same."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pulumi

from haicap.stack.resources import Resource, resources_of
from haicap.stack.state import TYPES
from haicap.stack.workspace import Workspace


class _Registered(pulumi.CustomResource):
    """A resource of the provider, with its inputs as they are."""

    def __init__(self, resource: Resource, depends_on: list[pulumi.Resource]) -> None:
        options = pulumi.ResourceOptions(depends_on=depends_on)
        super().__init__(TYPES[resource.kind], resource.name, dict(resource.inputs), options)


def register(resources: Iterable[Resource]) -> None:
    """Register resources, those that others stand on first."""
    _silence()
    registered: dict[str, pulumi.Resource] = {}
    for resource in resources:
        depends_on = [registered[name] for name in resource.depends_on if name in registered]
        registered[resource.name] = _Registered(resource, depends_on)


def run_stack() -> None:
    """The program of stacks/province: the stack's name is the province's (`lam-dong`, `lam-dong.lab`).

    HAICAP_DIRECTORY names the folder that holds `inventories/` (default: the checkout), HAICAP_AS_OF the date.
    """
    slug, _, lab = pulumi.get_stack().partition(".")
    directory = Path(os.environ.get("HAICAP_DIRECTORY", Path(__file__).parents[3]))
    as_of = date.fromisoformat(os.environ.get("HAICAP_AS_OF", date.today().isoformat()))
    workspace = Workspace.open(directory, slug, "lab" if lab else "live")
    register(resources_of(workspace.design(as_of)))


def _silence() -> None:
    """The SDK sends each debug line as a blocking call to the engine, four a resource."""
    pulumi.log.debug = lambda *_args, **_kwargs: None
