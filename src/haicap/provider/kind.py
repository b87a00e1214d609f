"""What a resource kind does. The servicer calls it; it raises HaicapError with the cause and the next step."""

from __future__ import annotations

from typing import Protocol

from haicap.plan.model import Json

Inputs = dict[str, Json]


class Kind(Protocol):
    """Create and update adopt what is there by its natural key; a delete of what is gone succeeds."""

    def write(self, name: str, inputs: Inputs, previous: Inputs | None) -> None:
        """Bring what stands to `inputs`; `previous` are the inputs of the last write, None for a create."""

    def delete(self, name: str, inputs: Inputs) -> None:
        """Take away what `inputs` made."""

    def read(self, name: str, inputs: Inputs) -> Inputs:
        """The same inputs as they are found on the servers: what is gone is left out."""
