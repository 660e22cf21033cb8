"""Embeddings by the run that serves: what its networks see, in a few numbers and in a plane."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.actions import embedding, learning, promoting
from app.actions.context import Context
from app.actions.embedding import Space
from app.storage.tables import Job
from app.worker.inputs import components_of
from app.worker.kept import load_ensemble
from app.worker.work import Pulse
from classifier.ensemble import Ensemble
from classifier.plane import Basis, find_basis, lay_out, place_among, see

SEEN_AT_ONCE = 500
DRAWN = 4_000
DRAWN_BYTES = 128_000_000
"""Bounds of the draw that the basis is found on."""

LOOKING_SHARE = 0.6
WAIT_S = 0.2


def embed(context: Context, job: Job, pulse: Pulse) -> dict[str, Any]:
    """Embed every component by the run that serves.

    Those that came since are placed among the others; all are laid out anew where another run
    serves, or where the newcomers are the greater part.
    """
    run_id = promoting.serving_run(context)
    done: dict[str, Any] = {"stage": "done", "fraction": 1.0}
    if run_id is None:
        return {"progress": done}
    space = embedding.shown(context)
    if space is not None and space.run_id == run_id:
        missing = embedding.missing_from(context, space.id)
        if len(missing) + space.components <= 2 * space.laid_out:
            _place(context, job, space, missing, pulse)
            return {"progress": {**done, "run": run_id, "placed": len(missing)}}
    keys = learning.all_components(context)
    _lay_out_all(context, job, run_id, keys, pulse)
    return {"progress": {**done, "run": run_id, "placed": len(keys)}}


def _lay_out_all(
    context: Context, job: Job, run_id: int, keys: Sequence[int], pulse: Pulse
) -> None:
    if not keys:
        return
    ensemble = load_ensemble(context, run_id)
    basis = _basis(context, ensemble, keys, pulse)
    vectors = _seen(context, ensemble, basis, keys, pulse)

    def laying_out(share: float) -> None:
        _step(pulse, "laying out", LOOKING_SHARE + (1 - LOOKING_SHARE) * share)

    places = lay_out(vectors, laying_out)
    space_id = embedding.begin(context, job, run_id, basis.table)
    for start in range(0, len(keys), embedding.WRITTEN_AT_ONCE):
        part = slice(start, start + embedding.WRITTEN_AT_ONCE)
        embedding.store(context, job, space_id, keys[part], vectors[part], places[part])
        pulse({"stage": "storing", "fraction": 1.0})
    embedding.finish(context, job, space_id, len(keys))


def _place(context: Context, job: Job, space: Space, missing: Sequence[int], pulse: Pulse) -> None:
    if not missing:
        return
    ensemble = load_ensemble(context, space.run_id)
    basis = Basis(embedding.basis_of(context, space.id))
    _, known, places = embedding.vectors_of(context, space.id)
    vectors = _seen(context, ensemble, basis, missing, pulse)
    embedding.store(context, job, space.id, missing, vectors, place_among(vectors, known, places))
    embedding.added(context, space.id)


def _basis(context: Context, ensemble: Ensemble, keys: Sequence[int], pulse: Pulse) -> Basis:
    width = len(ensemble.models) * ensemble.load()[0].width
    most = min(DRAWN, max(2, DRAWN_BYTES // (4 * width)))
    drawn = np.sort(np.random.default_rng(0).permutation(np.array(keys))[:most]).tolist()
    parts = []
    for start in range(0, len(drawn), SEEN_AT_ONCE):
        _step(pulse, "looking at a draw of components", 0.0)
        part = drawn[start : start + SEEN_AT_ONCE]
        some = components_of(context, part, pictured=ensemble.config.pictured)
        parts.append(ensemble.embed(some))
    return find_basis(np.concatenate(parts, axis=1))


def _seen(
    context: Context, ensemble: Ensemble, basis: Basis, keys: Sequence[int], pulse: Pulse
) -> NDArray[np.float16]:
    """(components, numbers) what the networks see, a part at a time."""
    parts = []
    for start in range(0, len(keys), SEEN_AT_ONCE):
        stage = f"looking at components, {start:,} of {len(keys):,} done"
        _step(pulse, stage, LOOKING_SHARE * start / len(keys))
        part = keys[start : start + SEEN_AT_ONCE]
        some = components_of(context, part, pictured=ensemble.config.pictured)
        parts.append(see(ensemble, some, basis))
    return np.concatenate(parts)


def _step(pulse: Pulse, stage: str, fraction: float) -> None:
    """A sign of life; waits while trainings and refits want the cores."""
    pulse({"stage": stage, "fraction": round(fraction, 3)})
    while pulse.must_wait():
        pulse({"stage": "waiting for more urgent work", "fraction": round(fraction, 3)})
        time.sleep(WAIT_S)
