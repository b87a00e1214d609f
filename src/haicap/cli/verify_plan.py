"""What `haicap verify` does with a plan."""

from __future__ import annotations

from haicap.cli.verify import Answer, Asked
from haicap.errors import HaicapError
from haicap.inventory.approvers_loader import load_approvers
from haicap.plan.check import Check
from haicap.plan.file import read_plan
from haicap.stack.approving import find_approvers, verdict_of


def verify(asked: Asked) -> Answer:
    """Every check of a plan: of itself first; what was altered is judged no further."""
    try:
        saved = read_plan(asked.file)
    except HaicapError as error:
        return Answer((Check("digest", False, str(error).removeprefix(f"{asked.file}: ")),))
    whole = Check("digest", True, saved.plan.digest)
    try:
        approvers = (
            load_approvers(asked.approvers)
            if asked.approvers is not None
            else find_approvers(asked.directory, saved.plan.province)
        )
    except HaicapError as error:
        return Answer((whole, Check("approvers", False, f"{error}\n--approvers names one to hold it against.")))
    return Answer((whole, *verdict_of(saved, approvers, asked.at).checks))
