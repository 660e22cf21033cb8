"""K folds: honest predictions for what is labeled, an ensemble for the rest."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from classifier.calibration import Calibration, noise_aware_calibration
from classifier.classes import CODES, DOUBTFUL
from classifier.config import MIN_LEARNING_RATE, TrainingConfig
from classifier.doubt import Doubt, fit_doubt
from classifier.ensemble import Ensemble, calibrated, of_members, with_measures
from classifier.examples import Examples, make_examples
from classifier.folds import FoldPlan, plan_folds
from classifier.guessing import Unlabeled, draft, draft_share, with_guesses
from classifier.inputs import Components
from classifier.metrics import classification_metrics
from classifier.progress import Progress, Watch
from classifier.training import (
    StateDict,
    TrainedModel,
    TrainingSet,
    configure_threads,
    train_model,
)

WATCHED = 500
"""Of a fold's tested components, for its learning curve: as many as show the course."""
WARM_EPOCHS_SHARE = 1 / 12
WARM_LEARNING_SHARE = 0.3


@dataclass(frozen=True, eq=False)
class WarmStart:
    """An earlier cross-validation to go on from: one pass in place of the default's twelve.

    ensemble: its models. fold_of: (components,) the fold that tested each component then, -1 where
    it had no part; those stay in their folds, so that no model is asked about what it has seen.
    """

    ensemble: Ensemble
    fold_of: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """What K folds give.

    out_of_fold: (components, 4) calibrated probabilities, each from the one fold whose networks
        never saw the component, by a calibration that was fitted on the other folds.
    fold_of: (components,) the fold that tested it. grouped: whether no recording spans two folds;
        `ungrouped_reason` says why not.
    ensemble: the fold models with the calibration fitted on all out-of-fold predictions.
    metrics: of `out_of_fold` against the labels; JSON can hold it.
    """

    out_of_fold: NDArray[np.float64]
    fold_of: NDArray[np.int64]
    grouped: bool
    ungrouped_reason: str
    ensemble: Ensemble
    metrics: dict[str, Any]

    @property
    def models(self) -> tuple[StateDict, ...]:
        """The state dict of each network."""
        return self.ensemble.models


def cross_validate(
    components: Components,
    labels: ArrayLike,
    config: TrainingConfig,
    *,
    unlabeled: Components | None = None,
    warm: WarmStart | None = None,
    device: torch.device | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> CrossValidation:
    """Trains networks for each fold and predicts each component by those that never saw it.

    components: raw; recordings are measured as a whole, so pass their measures where these are
        only a part of them. labels: (components,) codes 1 to 4; some may not occur.
    unlabeled: other components, with their measures where the config looks at measures. Each
        network learns from those that a first draft of it, which saw the same labels, is surest
        of; `guessing.drawn` says which may be. Recordings are named as in `components`.
    warm: go on from these models; the config must be theirs in all that shapes a network.
    on_progress: called after each step, by one thread at a time; what it raises ends the training
        and reaches the caller.
    Raises ValueError for fewer than 8 components, fewer than two classes, masks that cannot be
    used or arrays of different lengths.
    """
    device = device or torch.device("cpu")
    label_array = np.asarray(labels)
    if len(components) != len(label_array):
        raise ValueError(f"There are {len(components)} components, but {len(label_array)} labels.")
    if warm is not None and len(warm.ensemble.models) != config.folds * config.members:
        raise ValueError(
            f"The earlier ensemble has {len(warm.ensemble.models)} networks, not "
            f"{config.members} for each of {config.folds} folds."
        )
    before = None if warm is None else warm.fold_of
    plan = plan_folds(label_array, components.groups, config.folds, config.seed, before=before)
    if config.measured and components.measures is None:
        components = with_measures(components, config.inputs)
    others = Unlabeled.drawn_from(unlabeled, len(label_array), config)
    examples = make_examples(components, config)
    work = _Work(examples, label_array, components.groups, plan, config, device, others)
    start = None if warm is None else warm.ensemble.models
    trained = _train_all(work, start, Watch(plan.folds * config.members, on_progress))
    codes = tuple(code for code in config.codes if (label_array == code).any())
    logs = _out_of_fold_logs(work, trained)
    out_of_fold, calibration, doubt = _calibrate(logs, label_array, plan, codes, config)
    ensemble = Ensemble(
        config, tuple(_state(one) for one in trained), calibration, codes, _versions(), doubt
    )
    plain = calibrated(logs, Calibration(), codes, doubt)
    metrics = {
        **_metrics(out_of_fold, plain, label_array, plan, trained),
        "temperature": calibration.temperature,
        "offsets": list(calibration.offsets),
        "unlabeled": 0 if others is None else len(others.recordings),
    }
    return CrossValidation(out_of_fold, plan.fold_of, plan.grouped, plan.reason, ensemble, metrics)


@dataclass(frozen=True, eq=False)
class _Work:
    """What every fold's training needs."""

    examples: Examples
    labels: NDArray[np.integer]
    groups: NDArray[np.int64]
    plan: FoldPlan
    config: TrainingConfig
    device: torch.device
    unlabeled: Unlabeled | None

    def training_set(self, fold: int, start: StateDict | None) -> TrainingSet:
        """What the networks of this fold learn from: all that it does not test."""
        outside = self.plan.fold_of != fold
        tested = ~outside & (self.labels <= max(self.config.codes))
        if self.config.classes < len(CODES):
            outside = outside & (self.labels != DOUBTFUL)
        seen = np.flatnonzero(tested)[:WATCHED]
        return TrainingSet(
            self.examples.take(torch.from_numpy(np.flatnonzero(outside))),
            self.labels[outside],
            self.groups[outside],
            start,
            watched=(self.examples.take(torch.from_numpy(seen)), self.labels[seen]),
        )

    def unlabeled_beside(self, fold: int) -> Examples | None:
        """Those that this fold may learn from: none of a recording that it tests, where recordings
        are kept whole, so that it goes on knowing nothing of them.
        """
        if self.unlabeled is None:
            return None
        tested = self.groups[self.plan.fold_of == fold] if self.plan.grouped else ()
        found = self.unlabeled.without(tested)
        return found if len(found) else None


def _train_all(
    work: _Work, start: tuple[StateDict, ...] | None, watch: Watch
) -> list[TrainedModel]:
    """Every network of every fold, several at once on a CPU.

    These networks are so small that the threads of one operation mostly wait for each other, and
    the more so when other programs want the cores. A core a network wastes nothing.
    """
    config, before = work.config, torch.get_num_threads()
    networks = work.plan.folds * config.members
    side_by_side = 1 if work.device.type == "cuda" else max(1, min(config.threads, networks))
    # A thread each: how the work of one network is divided would show in its last digits.
    threads = config.threads if work.device.type == "cuda" else 1
    if start is not None:
        config = replace(
            config,
            epochs=max(1, round(config.epochs * WARM_EPOCHS_SHARE)),
            learning_rate=max(config.learning_rate * WARM_LEARNING_SHARE, MIN_LEARNING_RATE),
        )

    def one(network: int) -> TrainedModel:
        configure_threads(threads)
        fold = network // config.members
        part = work.training_set(fold, None if start is None else start[network])
        seed = int(np.random.SeedSequence([config.seed, network]).generate_state(1)[0]) >> 1
        watched = watch.of_fold(network)
        others = work.unlabeled_beside(fold)
        if others is not None:
            share = draft_share(config)
            first = draft(part, config, seed, work.device, watch.of_fold(network, 0, share))
            part = with_guesses(part, first, others)
            watched = watch.of_fold(network, share)
        result = train_model(part, config, seed=seed, device=work.device, on_batch=watched)
        watch.end(network)
        return result

    try:
        with ThreadPoolExecutor(side_by_side) as pool:
            return list(pool.map(one, range(networks)))
    finally:
        configure_threads(before)


def _out_of_fold_logs(work: _Work, trained: list[TrainedModel]) -> NDArray[np.float64]:
    """(components, classes) log-probabilities, each by its own fold's networks."""
    logs = np.zeros((len(work.labels), work.config.classes))
    for fold in range(work.plan.folds):
        tested = np.flatnonzero(work.plan.fold_of == fold)
        members = trained[fold * work.config.members : (fold + 1) * work.config.members]
        logs[tested] = of_members(
            [one.model for one in members], work.examples.take(torch.from_numpy(tested))
        )
    return logs


def _calibrate(
    logs: NDArray[np.float64],
    labels: NDArray[np.integer],
    plan: FoldPlan,
    codes: tuple[int, ...],
    config: TrainingConfig,
) -> tuple[NDArray[np.float64], Calibration, Doubt | None]:
    """Out-of-fold probabilities, each by the calibration of the other folds; and that of all."""

    def fit(rows: NDArray[np.bool_]) -> tuple[Calibration, Doubt | None]:
        plain = calibrated(logs[rows], Calibration(), codes, None)
        if config.classes == len(CODES):
            limited = np.log(np.maximum(plain, 1e-300))
            return noise_aware_calibration(limited, labels[rows]), None
        # How sure the three classes are is the doubt's to say; it sees the plain probabilities.
        return Calibration(), fit_doubt(plain, labels[rows])

    out_of_fold = np.zeros((len(labels), len(CODES)))
    for fold in range(plan.folds):
        tested = plan.fold_of == fold
        calibration, doubt = fit(~tested)
        out_of_fold[tested] = calibrated(logs[tested], calibration, codes, doubt)
    return out_of_fold, *fit(np.ones(len(labels), dtype=np.bool_))


def _metrics(
    out_of_fold: NDArray[np.float64],
    uncalibrated: NDArray[np.float64],
    labels: NDArray[np.integer],
    plan: FoldPlan,
    trained: list[TrainedModel],
) -> dict[str, Any]:
    before = classification_metrics(uncalibrated, labels)
    members = len(trained) // plan.folds
    return {
        **classification_metrics(out_of_fold, labels),
        "before_temperature": {
            name: before[name] for name in ("cross_entropy", "calibration_error", "reliability")
        },
        "grouped": plan.grouped,
        "ungrouped_reason": plan.reason,
        "folds": [
            {
                "components": int((plan.fold_of == network // members).sum()),
                "best_epoch": result.best_epoch,
                "training_loss": list(result.training_loss),
                "validation_loss": list(result.validation_loss),
            }
            for network, result in enumerate(trained)
        ],
    }


def _state(result: TrainedModel) -> StateDict:
    return {name: tensor.cpu() for name, tensor in result.model.state_dict().items()}


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("torch", "numpy", "safetensors")}
