"""The engine's recorded state, read without the engine: what was last written, and what stood at the last look."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from haicap import assets
from haicap.errors import HaicapError
from haicap.plan.model import Json, digest_of
from haicap.plan.values import normalise
from haicap.stack.resources import Kind
from haicap.stack.workspace import Workspace

PROJECT, VERSION = "haicap-province", "3.232.0"  # the stack's project, and the engine that writes the state
TYPES: Mapping[Kind, str] = {kind: f"haicap:index:{kind}" for kind in get_args(Kind)}
_KINDS = {urn_type: kind for kind, urn_type in TYPES.items()}
_SYSTEMS: Mapping[Kind, str] = {"Records": "dns", "Directory": "mail", "Accounts": "mail", "Machine": "machine"}


@dataclass(frozen=True)
class Recorded:
    """One resource of the state.

    `inputs` are what the last apply wrote; `found` is the same as it stood when it was last looked at (the engine's
    outputs): they differ where something was changed by hand. `incomplete`: its last create or update did not end well.
    """

    name: str
    kind: Kind
    urn: str
    inputs: dict[str, Json]
    found: dict[str, Json]
    incomplete: bool

    @property
    def unit(self) -> str | None:
        """The unit's code, None for what is shared."""
        return self.inputs.get("unit") or None

    @property
    def system(self) -> str:
        """A host's role, or what the kind belongs to."""
        if "platform" in self.inputs:
            return "machine"
        return _SYSTEMS.get(self.kind) or str(self.inputs.get("role", ""))


@dataclass(frozen=True)
class State:
    """All of a stack's own resources by name."""

    resources: dict[str, Recorded]

    @property
    def digest(self) -> str:
        """SHA-256 of what plans are made from: names, what stands there, and what is incomplete."""
        return digest_of({name: [r.found, r.found == r.inputs, r.incomplete] for name, r in self.resources.items()})


def urn_of(workspace: Workspace, kind: Kind, name: str) -> str:
    """The engine's name of a resource."""
    return f"urn:pulumi:{workspace.stack_name}::{PROJECT}::{TYPES[kind]}::{name}"


def read_state(workspace: Workspace) -> State:
    """The state of a province's stack; empty where there is none yet. HaicapError when it can't be read."""
    document = _read_file(workspace) if workspace.backend_url.startswith("file://") else _export(workspace)
    resources = (_recorded(entry) for entry in document.get("resources") or ())
    return State({resource.name: resource for resource in resources if resource is not None})


def _read_file(workspace: Workspace) -> dict[str, Any]:
    """The file:// backend's own file: DIR/.pulumi/stacks/PROJECT/STACK.json, `checkpoint.latest`."""
    folder = Path(workspace.backend_url.removeprefix("file://"))
    path = folder / ".pulumi" / "stacks" / PROJECT / f"{workspace.stack_name}.json"
    if not path.is_file():
        return {}
    try:
        document = _parse(path.read_bytes())
        return document["checkpoint"].get("latest") or {}
    except (ValueError, KeyError, TypeError) as error:
        raise HaicapError(
            f"{path}: the recorded state can't be read ({error}).\nPut back {path.name}.bak from the same folder, "
            f"or a version from git, and run `haicap plan {workspace.slug}`."
        ) from error


def _export(workspace: Workspace) -> dict[str, Any]:
    """Any other backend: as `pulumi stack export` tells it."""
    command = [
        "pulumi",
        "stack",
        "export",
        "--stack",
        workspace.stack_name,
        "--cwd",
        str(assets.path("stacks") / "province"),
    ]
    environment = {**os.environ, "PULUMI_BACKEND_URL": workspace.backend_url, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode == 0:
        return dict(_parse(done.stdout).get("deployment") or {})
    if "no stack named" in done.stderr:
        return {}
    raise HaicapError(f"{workspace.backend_url}: the recorded state can't be read: {done.stderr.strip()}")


def _parse(text: str | bytes) -> dict[str, Any]:
    """A document of the engine's. It may write a whole number as `1e+06`: that is an integer all the same."""
    return dict(json.loads(text, parse_float=lambda number: normalise(float(number))))


def _recorded(entry: dict[str, Any]) -> Recorded | None:
    kind = _KINDS.get(entry.get("type", ""))
    if kind is None or entry.get("delete"):
        return None
    urn = str(entry["urn"])
    inputs, found = entry.get("inputs") or {}, entry.get("outputs") or {}
    return Recorded(
        name=urn.rpartition("::")[2],
        kind=kind,
        urn=urn,
        inputs=inputs,
        found=inputs if found == inputs else found,  # one copy of them in memory, for nearly all
        incomplete=bool(entry.get("initErrors")),
    )
