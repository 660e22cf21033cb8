"""Models that are kept in memory between jobs."""

from functools import lru_cache

from app.actions import training
from app.actions.context import Context
from app.domain.errors import NoModel
from classifier.ensemble import Ensemble


@lru_cache(maxsize=2)
def load_ensemble(context: Context, run_id: int) -> Ensemble:
    """A run's model, kept in memory for the next time. Raises NoModel."""
    weights = training.weights_of(context, run_id)
    if weights is None:
        raise NoModel(f"Training run {run_id} has no weights. Train again.")
    return Ensemble.from_bytes(weights)
