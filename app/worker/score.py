"""Opinions from a model that is there already: of new recordings, and of masks not stored."""

from functools import lru_cache
from typing import Any

import numpy as np

from app.actions import training
from app.actions.context import Context
from app.domain.errors import NoModel
from app.storage.columns import pack_array, unpack_array
from app.storage.tables import Job
from app.worker.machine import device
from app.worker.train import score_rest
from app.worker.work import Pulse
from classifier.ensemble import Ensemble
from classifier.uncertainty import predictive_entropy


@lru_cache(maxsize=2)
def load_ensemble(context: Context, run_id: int) -> Ensemble:
    """A run's model, kept in memory for the next time. Raises NoModel."""
    weights = training.weights_of(context, run_id)
    if weights is None:
        raise NoModel(f"Training run {run_id} has no weights. Train again.")
    return Ensemble.from_bytes(weights)


def score(context: Context, job: Job, pulse: Pulse) -> dict[str, Any]:
    """Let the newest model judge what was imported after its training."""
    run_id = int(job.request["run"])
    pulse({"stage": "scoring", "fraction": 0.0})
    scored = score_rest(context, run_id, load_ensemble(context, run_id), pulse)
    if run_id == training.newest_model(context):
        training.show_predictions(context, run_id, pulse.keep_alive)
    return {"progress": {"stage": "done", "fraction": 1.0, "scored": scored}}


def predict(context: Context, job: Job, pulse: Pulse) -> dict[str, Any]:
    """Probabilities and entropy of posted masks, as one (masks, 5) array."""
    pulse()
    if job.request_bytes is None:
        raise ValueError("the request holds no masks")
    ensemble = load_ensemble(context, int(job.request["run"]))
    probabilities = ensemble.predict(unpack_array(job.request_bytes), device=device())
    table = np.column_stack([probabilities, predictive_entropy(probabilities)])
    return {"result_bytes": pack_array(table.astype(np.float32)), "request_bytes": None}
