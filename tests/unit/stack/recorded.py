"""A state as the engine would write it."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date

from haicap.stack.resources import resources_of
from haicap.stack.state import PROJECT, TYPES
from haicap.stack.workspace import Workspace


def record(workspace: Workspace, as_of: date, without: Collection[str] = ()) -> None:
    """After an apply of everything that stands on a date, `without` some: numbers come back as floats."""
    entries = [
        {
            "urn": f"urn:pulumi:{workspace.stack_name}::{PROJECT}::{TYPES[resource.kind]}::{resource.name}",
            "type": TYPES[resource.kind],
            "inputs": json.loads(json.dumps(resource.inputs), parse_int=float),
            "outputs": json.loads(json.dumps(resource.inputs), parse_int=float),
        }
        for resource in resources_of(workspace.design(as_of))
        if resource.name not in without
    ]
    path = workspace.state_folder / ".pulumi" / "stacks" / PROJECT / f"{workspace.stack_name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"checkpoint": {"latest": {"resources": entries}}}), encoding="utf-8")
