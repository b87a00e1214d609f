"""What an apply hands its provider, by one environment variable: how hosts are reached, and the plan's fence."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from haicap.errors import HaicapError, Refused
from haicap.plan.model import Json, Plan, digest_of
from haicap.reach.context import Connection

VARIABLE = "HAICAP_RUN"


@dataclass(frozen=True)
class RunContext:
    """One run. `fence` maps a resource's name to what the plan holds of it: action, digest of its inputs, and whether
    something of people's own goes with it for good.

    `sealed` is the folder for sealed first passwords.
    """

    connection: Connection
    fence: Mapping[str, tuple[str, str, bool]]
    sealed: Path

    def destroys(self, name: str) -> bool:
        """Whether what the plan names as destroyed with this resource may be: it says nothing of any other's."""
        return self.fence.get(name, ("", "", False))[2]

    def allow(self, name: str, actions: tuple[str, ...], inputs: Json) -> None:
        """Refused unless the plan holds one of these actions on this resource, with exactly these inputs."""
        action, digest, _ = self.fence.get(name, ("", "", False))
        if action not in actions:
            raise Refused(f"{name}: the plan does not hold this {actions[0]}. Make a plan, and apply that.")
        if "delete" not in actions and digest != digest_of(inputs):
            raise Refused(f"{name}: what is to be written is not what the plan holds. Make a new plan, and apply that.")


def write_context(path: Path, connection: Connection, plan: Plan, sealed: Path) -> None:
    """Write a run's context to `path`, readable by its owner only; it holds no secret (a key's path, not the key)."""
    document = {
        "connection": asdict(connection) | {"key_file": str(connection.key_file) if connection.key_file else None},
        "sealed": str(sealed),
        "fence": {change.resource: [change.action, change.digest, bool(change.destroys)] for change in plan.changes},
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(document), encoding="utf-8")


def read_context() -> RunContext:
    """The context of the run that started this process. HaicapError when there is none."""
    name = os.environ.get(VARIABLE)
    if not name:
        raise HaicapError("Hosts are changed and read by `haicap apply` and `haicap drift` only: they hold the plan.")
    document = json.loads(Path(name).read_text(encoding="utf-8"))
    values = document["connection"]
    values["key_file"] = Path(values["key_file"]) if values["key_file"] else None
    values["jumps"] = {name: (through, place) for name, (through, place) in values["jumps"].items()}
    fence = {name: (action, digest, destroys) for name, (action, digest, destroys) in document["fence"].items()}
    return RunContext(Connection(**values), fence, Path(document["sealed"]))
