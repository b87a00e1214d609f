"""Which stage is each system of a unit in, on a given date."""

from haicap.lifecycle.accounts import Stay, account_edges, account_stage
from haicap.lifecycle.stages import dates_of, is_standing, stage_of, stages_of

__all__ = ["Stay", "account_edges", "account_stage", "dates_of", "is_standing", "stage_of", "stages_of"]
