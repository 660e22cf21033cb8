"""The states of a tuning's trial, as every layer names them."""

from enum import StrEnum


class TrialState(StrEnum):
    """What became of a trial. Only a complete one has a value."""

    RUNNING = "running"
    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"


THE_WORKER_DIED = "The worker died."
THE_WORKER_STOPPED = "The worker was stopped."
INTERRUPTIONS = (THE_WORKER_DIED, THE_WORKER_STOPPED)
"""Reasons that say nothing against the trial's settings."""
