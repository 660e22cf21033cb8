"""K folds: honest predictions for what is labeled, an ensemble for the rest."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from classifier.calibration import apply_temperature, fit_temperature
from classifier.classes import CLASSES, CODES
from classifier.config import TrainingConfig
from classifier.ensemble import Ensemble, StateDict, restrict
from classifier.folds import FoldPlan, plan_folds
from classifier.metrics import classification_metrics
from classifier.prepare import prepare_masks
from classifier.training import (
    BatchProgress,
    TrainedModel,
    TrainingSet,
    configure_threads,
    predict_log_probabilities,
    train_model,
)


@dataclass(frozen=True)
class Progress:
    """Where a cross-validation stands. fold, epoch and batch count from 1.

    Folds train side by side, so fold, epoch and batch are of the one that made this step.
    loss: mean training loss of its epoch so far, in nats. fraction: of all folds' steps, 0 to 1.
    held_out_loss: of that fold after the epoch before, in nats; None in its first epoch.
    seconds_left: an upper estimate; early stopping may end a fold sooner.
    """

    fold: int
    folds: int
    epoch: int
    epochs: int
    batch: int
    batches: int
    loss: float
    fraction: float
    seconds_left: float
    held_out_loss: float | None = None


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """What K folds give.

    out_of_fold: (components, 4) calibrated probabilities, each from the one model that never saw
        the component, by a temperature that was fitted on the other folds.
    fold_of: (components,) the fold that tested it. grouped: whether no recording spans two folds;
        `ungrouped_reason` says why not.
    ensemble: the fold models with the temperature fitted on all out-of-fold predictions.
    metrics: of `out_of_fold` against the labels; JSON can hold it.
    """

    out_of_fold: NDArray[np.float64]
    fold_of: NDArray[np.int64]
    grouped: bool
    ungrouped_reason: str
    ensemble: Ensemble
    metrics: dict[str, Any]

    @property
    def temperature(self) -> float:
        """The ensemble's temperature."""
        return self.ensemble.temperature

    @property
    def models(self) -> tuple[StateDict, ...]:
        """The state dict of each fold's model."""
        return self.ensemble.models


def cross_validate(
    masks: NDArray[np.floating],
    labels: ArrayLike,
    groups: ArrayLike,
    config: TrainingConfig,
    *,
    device: torch.device | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> CrossValidation:
    """Trains one model a fold and predicts each component by the model that never saw it.

    masks: (components, 50, 50) raw. labels: (components,) codes 1 to 4; some may not occur.
    groups: (components,) the recording of each.
    on_progress: called after each step, by one thread at a time; what it raises ends the training
        and reaches the caller.
    Raises ValueError for fewer than 8 components, fewer than two classes, masks that cannot be
    used or arrays of different lengths.
    """
    device = device or torch.device("cpu")
    label_array, group_array = np.asarray(labels), np.asarray(groups)
    if not len(masks) == len(label_array) == len(group_array):
        raise ValueError(
            f"There are {len(masks)} masks, {len(label_array)} labels and "
            f"{len(group_array)} groups; they must be as many."
        )
    plan = plan_folds(label_array, group_array, config.folds, config.seed)
    data = TrainingSet(prepare_masks(masks), label_array, group_array)
    codes = tuple(code for code in CODES if (label_array == code).any())
    folds = _train_folds(data, plan, config, device, _Watch(plan.folds, on_progress))
    log_probabilities = np.zeros((len(masks), CLASSES))
    for fold, (_, tested) in enumerate(folds):
        log_probabilities[plan.fold_of == fold] = restrict(tested, codes)
    trained = [result for result, _ in folds]
    out_of_fold, temperature = _calibrate(log_probabilities, label_array, plan)
    ensemble = Ensemble(
        config, tuple(_state(result) for result in trained), temperature, codes, _versions()
    )
    metrics = _metrics(out_of_fold, log_probabilities, label_array, temperature, plan, trained)
    return CrossValidation(out_of_fold, plan.fold_of, plan.grouped, plan.reason, ensemble, metrics)


class _Watch:
    """Turns the steps of folds that train side by side into the progress of the whole."""

    def __init__(self, folds: int, on_progress: Callable[[Progress], None]) -> None:
        self.folds, self.on_progress = folds, on_progress
        self.started = time.monotonic()
        self.done = [0.0] * folds
        self.turn = Lock()
        self.failure: BaseException | None = None

    def of_fold(self, fold: int) -> Callable[[BatchProgress], None]:
        """The callback for the training of one fold. Raises what any fold's callback raised."""

        def on_batch(step: BatchProgress) -> None:
            with self.turn:
                if self.failure is not None:
                    raise self.failure
                self.done[fold] = (step.epoch - 1 + step.batch / step.batches) / step.epochs
                try:
                    self.on_progress(self._progress(fold, step))
                except BaseException as error:
                    # The other folds must stop as well, each at its next step.
                    self.failure = error
                    raise

        return on_batch

    def end(self, fold: int) -> None:
        """A fold is trained, perhaps sooner than its epochs said."""
        with self.turn:
            self.done[fold] = 1.0

    def _progress(self, fold: int, step: BatchProgress) -> Progress:
        fraction = sum(self.done) / self.folds
        seconds_left = (time.monotonic() - self.started) * (1 - fraction) / fraction
        return Progress(
            fold + 1, self.folds, step.epoch, step.epochs, step.batch, step.batches,
            step.loss, fraction, seconds_left, step.held_out_loss,
        )  # fmt: skip


TrainedFold = tuple[TrainedModel, NDArray[np.float64]]
"""A fold's model, and its log-probabilities of the components that it was not trained on."""


def _train_folds(
    data: TrainingSet,
    plan: FoldPlan,
    config: TrainingConfig,
    device: torch.device,
    watch: _Watch,
) -> list[TrainedFold]:
    """Every fold, several at once on a CPU.

    These networks are so small that the threads of one operation mostly wait for each other, and
    the more so when other programs want the cores. A core a fold wastes nothing.
    """
    before = torch.get_num_threads()
    side_by_side = 1 if device.type == "cuda" else max(1, min(config.threads, plan.folds))
    threads = max(1, config.threads // side_by_side)

    def one(fold: int) -> TrainedFold:
        configure_threads(threads)
        return _train_fold(data, plan.fold_of == fold, config, fold, device, watch)

    try:
        with ThreadPoolExecutor(side_by_side) as pool:
            return list(pool.map(one, range(plan.folds)))
    finally:
        configure_threads(before)


def _train_fold(
    data: TrainingSet,
    tested: NDArray[np.bool_],
    config: TrainingConfig,
    fold: int,
    device: torch.device,
    watch: _Watch,
) -> TrainedFold:
    rows = ~tested
    part = TrainingSet(data.masks[torch.from_numpy(rows)], data.labels[rows], data.groups[rows])
    seed = int(np.random.SeedSequence([config.seed, fold]).generate_state(1)[0]) >> 1
    result = train_model(part, config, seed=seed, device=device, on_batch=watch.of_fold(fold))
    watch.end(fold)
    return result, predict_log_probabilities(result.model, data.masks[torch.from_numpy(tested)])


def _calibrate(
    log_probabilities: NDArray[np.float64], labels: NDArray[np.integer], plan: FoldPlan
) -> tuple[NDArray[np.float64], float]:
    """Out-of-fold probabilities, each by the temperature of the other folds; and that of all."""
    out_of_fold = np.zeros_like(log_probabilities)
    for fold in range(plan.folds):
        tested = plan.fold_of == fold
        temperature = fit_temperature(log_probabilities[~tested], labels[~tested])
        out_of_fold[tested] = apply_temperature(log_probabilities[tested], temperature)
    return out_of_fold, fit_temperature(log_probabilities, labels)


def _metrics(
    out_of_fold: NDArray[np.float64],
    log_probabilities: NDArray[np.float64],
    labels: NDArray[np.integer],
    temperature: float,
    plan: FoldPlan,
    trained: list[TrainedModel],
) -> dict[str, Any]:
    before = classification_metrics(apply_temperature(log_probabilities, 1.0), labels)
    return {
        **classification_metrics(out_of_fold, labels),
        "temperature": temperature,
        "before_temperature": {
            name: before[name] for name in ("cross_entropy", "calibration_error")
        },
        "grouped": plan.grouped,
        "ungrouped_reason": plan.reason,
        "folds": [
            {
                "components": int((plan.fold_of == fold).sum()),
                "best_epoch": result.best_epoch,
                "training_loss": list(result.training_loss),
                "validation_loss": list(result.validation_loss),
            }
            for fold, result in enumerate(trained)
        ],
    }


def _state(result: TrainedModel) -> StateDict:
    return {name: tensor.cpu() for name, tensor in result.model.state_dict().items()}


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("torch", "numpy", "safetensors")}
