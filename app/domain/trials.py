"""The states of a tuning's trial, as every layer names them."""

from enum import StrEnum


class TrialState(StrEnum):
    """What became of a trial. Only a complete one has a value."""

    RUNNING = "running"
    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"
