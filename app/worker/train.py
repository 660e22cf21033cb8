"""A training run: snapshot, folds, predictions for every component, all kept."""

import platform
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from app.actions import embedding, judging, refitting, training
from app.actions.context import Context
from app.actions.training import RunView, Snapshot
from app.domain.errors import NothingToTrainOn
from app.storage.tables import Job
from app.version import VERSION, commit
from app.worker.inputs import components_of, measure_all
from app.worker.kept import load_ensemble
from app.worker.looks import fit_look
from app.worker.machine import device, threads
from app.worker.orders import Orders, draw_diverse, orders_of
from app.worker.stopping import estimate
from app.worker.work import Pulse
from classifier.config import TrainingConfig
from classifier.crossval import CrossValidation, WarmStart, cross_validate
from classifier.ensemble import Ensemble
from classifier.guessing import drawn
from classifier.label_noise import chance_wrong
from classifier.progress import Progress
from classifier.training import configure_threads
from classifier.uncertainty import label_quality, predictive_entropy

FEWEST_LABELS = 8
# Folds take nearly all of the time; the rest is scoring what is not labeled.
FOLDS_SHARE = 0.9


def train(context: Context, job: Job, pulse: Pulse) -> dict[str, Any]:
    """Carry out a training run. Raises ValueError where its configuration or labels do not do."""
    run = training.get_run(context, job.id)
    config = make_config(context, run.config, stored=(run.start_from or run.repeats) is not None)
    pulse({"stage": "reading labels", "fraction": 0.0})
    snapshot = training.take_snapshot(context, run.id)
    check_labels(snapshot)
    measure_all(context, lambda done, total: pulse(measuring(done, total)))
    started = time.monotonic()
    found = learn(context, run, snapshot, config, pulse)
    scored = score_rest(context, run.id, found.ensemble, pulse)
    weights, made_with = found.ensemble.to_bytes(), environment(found.ensemble)
    metrics = {
        **found.metrics,
        **({} if run.repeats is None else {"repeat": repeated(context, run, weights, made_with)}),
        "stopping": estimate(context, run.id, config.to_dict(), scored),
        "train_seconds": round(time.monotonic() - started, 1),
        "scored_components": scored,
    }
    training.record_result(
        context,
        run.id,
        config=config.to_dict(),
        metrics=metrics,
        environment=made_with,
        weights=weights,
    )
    pulse({"stage": "sorting the queue", "fraction": 1.0})
    if judging.show_predictions(context, run.id, pulse.keep_alive):
        refitting.request(context)
        embedding.request(context)
    return {"progress": {"stage": "done", "fraction": 1.0, "seconds_left": 0.0}}


def repeated(
    context: Context, run: RunView, weights: bytes, made_with: dict[str, Any]
) -> dict[str, Any]:
    """Whether a run that repeats another came to the same, and what else differs between them.

    furthest: the most that any probability differs. differs: of the environment, by name, then and
    now.
    """
    assert run.repeats is not None
    before = training.get_run(context, run.repeats).environment or {}
    names = sorted({*before, *made_with})
    return {
        "same_model": training.weights_of(context, run.repeats) == weights,
        "furthest": training.furthest_apart(context, run.id, run.repeats),
        "differs": {
            name: [before.get(name), made_with.get(name)]
            for name in names
            if before.get(name) != made_with.get(name)
        },
    }


def learn(
    context: Context, run: RunView, snapshot: Snapshot, config: TrainingConfig, pulse: Pulse
) -> CrossValidation:
    """Train, and store what each component's own fold says of it."""
    keys = snapshot.component_ids.tolist()
    components = components_of(context, keys, pictured=config.pictured)
    drawing = drawn(len(snapshot.unlabeled), len(snapshot.labels), config)
    others = snapshot.unlabeled[drawing].tolist()
    configure_threads(config.threads)
    found = cross_validate(
        components,
        snapshot.labels,
        config,
        unlabeled=components_of(context, others, pictured=config.pictured) if others else None,
        warm=warm_start(context, run.start_from, snapshot),
        device=device(),
        on_progress=lambda progress: pulse(shown(progress)),
    )
    orders = orders_of(found.out_of_fold, components.measures, fit_look(context))
    judging.store_predictions(context, out_of_fold_rows(run.id, snapshot, found, orders))
    return found


def make_config(context: Context, asked: dict[str, Any], *, stored: bool = False) -> TrainingConfig:
    """What was asked for, with this machine's thread count where none was.

    stored: it is the config of an earlier run, whose models see the columns that there were then.
    """
    read = TrainingConfig.from_stored if stored else TrainingConfig.from_dict
    config = read(asked)
    if "threads" in asked:
        return config
    return replace(config, threads=threads(context.settings))


def warm_start(context: Context, run_id: int | None, snapshot: Snapshot) -> WarmStart | None:
    """The models of an earlier run, and which of them have not seen which component."""
    if run_id is None:
        return None
    folds = training.folds_before(context, run_id)
    fold_of = np.array([folds.get(key, -1) for key in snapshot.component_ids.tolist()], np.int64)
    return WarmStart(load_ensemble(context, run_id), fold_of)


def check_labels(snapshot: Snapshot) -> None:
    """Raises NothingToTrainOn with what is missing."""
    classes = len(np.unique(snapshot.labels))
    if len(snapshot.labels) < FEWEST_LABELS or classes < 2:
        raise NothingToTrainOn(
            f"There are {len(snapshot.labels)} labeled components of {classes} classes. Label at "
            f"least {FEWEST_LABELS}, of two classes or more, then train."
        )


def measuring(done: int, total: int) -> dict[str, Any]:
    """Progress while components are measured, which each needs once."""
    return {"stage": f"measuring recording {done + 1} of {total}", "fraction": 0.0}


def shown(progress: Progress) -> dict[str, Any]:
    """Progress as the run's page shows it."""
    return {
        "stage": "first draft" if progress.drafting else "training",
        "fold": progress.fold,
        "folds": progress.folds,
        "epoch": progress.epoch,
        "epochs": progress.epochs,
        "loss": round(progress.loss, 4),
        "fraction": round(FOLDS_SHARE * progress.fraction, 4),
        "seconds_left": round(progress.seconds_left, 1),
    }


def out_of_fold_rows(
    run_id: int, snapshot: Snapshot, found: CrossValidation, orders: Orders
) -> list[dict[str, Any]]:
    """Predictions of the labeled components, with the quality of their labels."""
    quality = label_quality(found.out_of_fold, snapshot.labels)
    wrong = chance_wrong(found.out_of_fold, snapshot.labels, answers=snapshot.answers)
    rows = prediction_rows(run_id, snapshot.component_ids.tolist(), found.out_of_fold, orders)
    for place, row in enumerate(rows):
        row.update(
            out_of_fold=True,
            trained_label=int(snapshot.labels[place]),
            quality=float(quality[place]),
            chance_wrong=float(wrong[place]),
            fold=int(found.fold_of[place]),
        )
    return rows


def prediction_rows(
    run_id: int,
    component_ids: Sequence[int],
    probabilities: NDArray[np.float64],
    orders: Orders,
) -> list[dict[str, Any]]:
    """Rows of `prediction`."""
    entropy = predictive_entropy(probabilities)
    return [
        {
            "run_id": run_id,
            "component_id": component_id,
            "p1": float(own[0]),
            "p2": float(own[1]),
            "p3": float(own[2]),
            "p4": float(own[3]),
            "entropy": float(own_entropy),
            "quality": None,
            "trained_label": None,
            "out_of_fold": False,
            "fold": None,
            "chance_wrong": None,
            **dict(zip(orders, own_orders, strict=True)),
        }
        for component_id, own, own_entropy, *own_orders in zip(
            component_ids, probabilities, entropy, *orders.values(), strict=True
        )
    ]


def score_rest(context: Context, run_id: int, ensemble: Ensemble, pulse: Pulse) -> int:
    """Store the ensemble's opinion of every component that has none; returns how many."""
    scored = 0
    measure_all(context, lambda done, total: pulse(measuring(done, total)))
    look = fit_look(context)
    for batch in judging.unpredicted(context, run_id):
        components = components_of(context, batch, pictured=ensemble.config.pictured)
        by_fold = ensemble.predict_folds(components, device=device())
        mean = by_fold.mean(axis=0)
        orders = orders_of(mean, components.measures, look, by_fold)
        rows = prediction_rows(run_id, batch, mean, orders)
        judging.store_predictions(context, rows)
        scored += len(batch)
        pulse({"stage": f"scoring, {scored:,} done", "fraction": FOLDS_SHARE})
    draw_diverse(context, run_id)
    return scored


def environment(ensemble: Ensemble) -> dict[str, Any]:
    """What else is needed to repeat the run and get the same numbers."""
    return {
        "somata": VERSION,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "device": str(device()),
        "threads": torch.get_num_threads(),
        **({"commit": found} if (found := commit()) else {}),
        **ensemble.versions,
    }
