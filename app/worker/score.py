"""Opinions from a model that is there already: of new recordings, and of masks not stored."""

from typing import Any

import numpy as np

from app.actions import embedding, judging, promoting, refitting
from app.actions.context import Context
from app.storage.columns import pack_array, unpack_array
from app.storage.tables import Job
from app.worker.kept import load_ensemble
from app.worker.machine import device
from app.worker.train import FOLDS_SHARE, score_rest
from app.worker.work import Pulse
from classifier.inputs import Components
from classifier.uncertainty import mutual_information, predictive_entropy


def serve(context: Context, job: Job, pulse: Pulse) -> dict[str, Any]:
    """Let the run that serves judge what was imported after its training, then sort the queue by
    it. If another is promoted meanwhile, begin again with that one.
    """
    scored = 0
    while (run_id := promoting.serving_run(context)) is not None:
        pulse({"stage": "scoring", "fraction": 0.0})
        # A model is large; where nothing is new it need not be read.
        if any(judging.unpredicted(context, run_id)):
            scored += score_rest(context, run_id, load_ensemble(context, run_id), pulse)
        pulse({"stage": "sorting the queue", "fraction": FOLDS_SHARE})
        if judging.show_predictions(context, run_id, pulse):
            refitting.request(context)
            embedding.request(context)
            break
    return {"progress": {"stage": "done", "fraction": 1.0, "scored": scored}}


def predict(context: Context, job: Job, pulse: Pulse) -> dict[str, Any]:
    """Probabilities, entropy and mutual information of posted masks, one (masks, 6) array."""
    pulse()
    if job.request_bytes is None:
        raise ValueError("the request holds no masks")
    ensemble = load_ensemble(context, int(job.request["run"]))
    # Masks that nobody has stored come without a recording: each is taken at the size it has.
    masks = unpack_array(job.request_bytes)
    loose = Components(masks, recordings=np.arange(len(masks)))
    by_fold = ensemble.predict_folds(loose, device=device())
    mean = by_fold.mean(axis=0)
    table = np.column_stack([mean, predictive_entropy(mean), mutual_information(by_fold)])
    return {"result_bytes": pack_array(table.astype(np.float32)), "request_bytes": None}
