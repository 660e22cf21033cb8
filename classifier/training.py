"""Train one model on prepared masks: the loop that knows no architecture."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from math import cos, pi
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from classifier.augment import augment
from classifier.classes import CLASSES, columns_of
from classifier.config import TrainingConfig
from classifier.folds import hold_out
from classifier.models import build_model, hand_generator

PREDICTION_BATCH = 512
WARM_UP = 0.2


@dataclass(frozen=True)
class BatchProgress:
    """A step done. epoch and batch count from 1; loss is the mean of the epoch so far, in nats.

    held_out_loss: after the epoch before, in nats; None in the first, or where nothing is held out.
    """

    epoch: int
    epochs: int
    batch: int
    batches: int
    loss: float
    held_out_loss: float | None = None


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A model and how it came about.

    best_epoch: the epoch whose weights were kept, from 1.
    training_loss, validation_loss: (epochs run,) in nats; the second empty where nothing could be
        held out, and then the last weights were kept.
    """

    model: nn.Module
    best_epoch: int
    training_loss: tuple[float, ...]
    validation_loss: tuple[float, ...]


def configure_threads(threads: int) -> None:
    """Gives torch this many threads in this process. For the caller, once, before training."""
    torch.set_num_threads(threads)


def batches_per_epoch(examples: int, config: TrainingConfig) -> int:
    """Steps an epoch: one pass over the examples, or `min_batches` where that is more."""
    return max(-(-examples // config.batch_size), config.min_batches)


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """What one model is trained on.

    masks: (components, 1, 50, 50) prepared. labels: codes 1 to 4. groups: the recordings.
    """

    masks: torch.Tensor
    labels: NDArray[np.integer]
    groups: NDArray[np.integer]


def train_model(
    data: TrainingSet,
    config: TrainingConfig,
    *,
    seed: int,
    device: torch.device,
    on_batch: Callable[[BatchProgress], None] = lambda progress: None,
) -> TrainedModel:
    """A model with the weights of its best epoch on a held-out part of `data`.

    The same data, config and seed give the same weights on the CPU; nothing global is drawn from.
    on_batch: called after each step; what it raises stops the training and reaches the caller.
    Raises ValueError where the labels are not codes or are fewer than one.
    """
    held = hold_out(data.labels, data.groups, config.validation_fraction, seed)
    targets = torch.from_numpy(columns_of(data.labels)).to(device)
    masks = data.masks.to(device)
    train_rows, held_rows = (torch.from_numpy(np.flatnonzero(part)) for part in (~held, held))
    model = _new_model(config, seed).to(device)
    hand_generator(model, torch.Generator(device).manual_seed(seed))
    loop = _Loop(model, masks[train_rows], targets[train_rows], config, seed)
    return loop.run(masks[held_rows], targets[held_rows], on_batch)


def predict_log_probabilities(model: nn.Module, masks: torch.Tensor) -> NDArray[np.float64]:
    """(components, 4) log-probabilities of prepared masks, computed in batches without gradients.

    The masks go to the model's device batch by batch; the result is on the CPU.
    """
    device = next(model.parameters()).device
    model.eval()
    parts = [np.zeros((0, CLASSES))]
    with torch.inference_mode():
        for batch in masks.split(PREDICTION_BATCH):
            batch = batch.to(device, memory_format=torch.channels_last)
            parts.append(model(batch).double().cpu().numpy())
    return np.concatenate(parts)


# Initial weights can only be drawn from torch's global generator: one model at a time.
_DRAWING_WEIGHTS = Lock()


def _new_model(config: TrainingConfig, seed: int) -> nn.Module:
    """A model whose initial weights follow from the seed; the global generator stays as it was."""
    with _DRAWING_WEIGHTS, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build_model(config)


class _Loop:
    """The state of one training: model, optimiser, schedule and the draws."""

    def __init__(
        self,
        model: nn.Module,
        masks: torch.Tensor,
        targets: torch.Tensor,
        config: TrainingConfig,
        seed: int,
    ) -> None:
        self.model, self.masks, self.targets, self.config = model, masks, targets, config
        self.batches = batches_per_epoch(len(masks), config)
        self.generator = torch.Generator().manual_seed(seed)
        self.example_weights = balancing_weights(targets.cpu())
        self.optimizer = torch.optim.AdamW(
            model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        steps = config.epochs * self.batches
        self.held_out_loss: float | None = None
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: one_cycle(step / steps)
        )

    def run(
        self,
        held_masks: torch.Tensor,
        held_targets: torch.Tensor,
        on_batch: Callable[[BatchProgress], None],
    ) -> TrainedModel:
        """Epochs until the schedule ends or `patience` of them brought nothing better."""
        training, validation = [], []
        best_epoch, best_weights = 0, self.model.state_dict()
        for epoch in range(1, self.config.epochs + 1):
            training.append(self._epoch(epoch, on_batch))
            if len(held_targets) == 0:
                best_epoch = epoch
                continue
            self.held_out_loss = self._held_out_loss(held_masks, held_targets)
            validation.append(self.held_out_loss)
            if validation[-1] <= min(validation):
                best_epoch, best_weights = epoch, deepcopy(self.model.state_dict())
            elif epoch - best_epoch >= self.config.patience:
                break
        if validation:
            self.model.load_state_dict(best_weights)
        self.model.eval()
        return TrainedModel(self.model, best_epoch, tuple(training), tuple(validation))

    def _epoch(self, epoch: int, on_batch: Callable[[BatchProgress], None]) -> float:
        self.model.train()
        total = 0.0
        for batch in range(1, self.batches + 1):
            total += self._step()
            on_batch(
                BatchProgress(
                    epoch, self.config.epochs, batch, self.batches, total / batch,
                    self.held_out_loss,
                )
            )  # fmt: skip
        return total / self.batches

    def _step(self) -> float:
        rows = torch.multinomial(
            self.example_weights, self.config.batch_size, replacement=True,
            generator=self.generator,
        )  # fmt: skip
        masks, targets = self.masks[rows], self.targets[rows]
        if self.config.augment:
            masks = augment(masks, self.generator)
        log_probabilities = self.model(masks.contiguous(memory_format=torch.channels_last))
        loss = smoothed_nll(log_probabilities, targets, self.config.label_smoothing)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.schedule.step()
        return float(loss.detach())

    def _held_out_loss(self, masks: torch.Tensor, targets: torch.Tensor) -> float:
        """Class-balanced cross-entropy: the loss that the balanced batches aim at."""
        log_probabilities = torch.from_numpy(predict_log_probabilities(self.model, masks))
        chosen = log_probabilities.gather(1, targets.cpu()[:, None]).squeeze(1)
        weights = balancing_weights(targets.cpu()).double()
        return float(-(chosen * weights).sum() / weights.sum())


def one_cycle(done: float) -> float:
    """The share of the peak learning rate at a share of all steps: a rise, then a cosine to 0.

    Source: Smith and Topin, Super-Convergence (2018).
    """
    if done < WARM_UP:
        return 0.05 + 0.95 * done / WARM_UP
    return 0.5 * (1 + cos(pi * min((done - WARM_UP) / (1 - WARM_UP), 1.0)))


def balancing_weights(targets: torch.Tensor) -> torch.Tensor:
    """(examples,) chances of being drawn that give every class present the same total."""
    counts = torch.bincount(targets, minlength=CLASSES).float()
    return 1.0 / counts[targets]


def smoothed_nll(
    log_probabilities: torch.Tensor, targets: torch.Tensor, smoothing: float
) -> torch.Tensor:
    """Categorical cross-entropy of log-probabilities, with a share spread over all classes."""
    nll = functional.nll_loss(log_probabilities, targets)
    return (1 - smoothing) * nll - smoothing * log_probabilities.mean()
