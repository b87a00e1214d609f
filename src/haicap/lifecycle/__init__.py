"""Which stage is each system of a unit in, on a given date."""

from haicap.lifecycle.stages import is_standing, stage_of, stages_of

__all__ = ["is_standing", "stage_of", "stages_of"]
