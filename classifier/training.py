"""Train one model on prepared components: the loop that knows no architecture."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from classifier.augment import augment
from classifier.classes import columns_of
from classifier.config import TrainingConfig
from classifier.examples import Examples, channels_last, hide
from classifier.folds import hold_out
from classifier.inference import PREDICTION_BATCH
from classifier.late_fusion import LateFusion, parts_of
from classifier.layers import Classifier, hand_generator
from classifier.losses import balancing_weights, class_shares, loss_weights, smoothed_loss
from classifier.mixing import mix
from classifier.models import build_model
from classifier.schedule import decaying, one_cycle

GUESSES_COUNT = 0.3
"""Of what the labels count for, how much all guesses together may at most."""

StateDict = dict[str, torch.Tensor]


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
    training_loss, validation_loss: (epochs run,) in nats; where nothing was held out the second is
        of the components watched, or empty, and the last weights were kept.
    """

    model: Classifier
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

    examples: prepared. labels: codes 1 to 4 (1 to 3 for three classes). groups: the recordings.
    start: weights to go on from, in place of random ones.
    watched: other components and their labels, whose loss is noted after each epoch where nothing
        is held out. Nothing is decided by it.
    guessed: the labels of the last so many examples are guesses. Together they count for at most
        `GUESSES_COUNT` of the others, and none is held out.
    """

    examples: Examples
    labels: NDArray[np.integer]
    groups: NDArray[np.integer]
    start: StateDict | None = None
    watched: tuple[Examples, NDArray[np.integer]] | None = None
    guessed: int = 0

    @property
    def counts(self) -> torch.Tensor:
        """(examples,) what each counts for: 1, and a guess no more than that."""
        given = len(self.labels) - self.guessed
        found = torch.ones(len(self.labels))
        found[given:] = min(1.0, GUESSES_COUNT * given / max(self.guessed, 1))
        return found


def train_model(
    data: TrainingSet,
    config: TrainingConfig,
    *,
    seed: int,
    device: torch.device,
    on_batch: Callable[[BatchProgress], None] = lambda progress: None,
) -> TrainedModel:
    """A model with the weights of its best epoch on a held-out part of `data`, or of the last.

    The same data, config and seed give the same weights on the CPU; nothing global is drawn from.
    On a GPU the steps are taken in bfloat16 where it can.
    on_batch: called after each step; what it raises stops the training and reaches the caller.
    Raises ValueError where the labels are not codes or are fewer than one.
    """
    if len(data.labels) == 0:
        raise ValueError("There is nothing to train on in one of the folds; label more components.")
    if config.architecture == "late_fusion":
        return _train_parts(data, config, seed=seed, device=device, on_batch=on_batch)
    given = len(data.labels) - data.guessed
    held = np.zeros(len(data.labels), dtype=np.bool_)
    held[:given] = hold_out(
        data.labels[:given], data.groups[:given], config.validation_fraction, seed
    )
    targets = torch.from_numpy(columns_of(data.labels)).to(device)
    train_rows, held_rows = (torch.from_numpy(np.flatnonzero(part)) for part in (~held, held))
    model = new_model(config, seed).to(device)
    numbers = data.examples.numbers.to(device)
    if data.start is None:
        model.settle(numbers[train_rows])
    else:
        model.load_state_dict(data.start)
    # How much to hide is of this training, and in no weights that it may go on from.
    model.expect(len(train_rows))
    hand_generator(model, torch.Generator(device).manual_seed(seed))
    scaled = Examples(data.examples.images.to(device), model.scale(numbers))
    loop = _Loop(
        model, scaled.take(train_rows), targets[train_rows], data.counts[train_rows], config, seed
    )
    if not held.any() and data.watched is not None and len(data.watched[1]):
        others, labels = data.watched
        loop.watch = (
            Examples(others.images.to(device), model.scale(others.numbers.to(device))),
            torch.from_numpy(columns_of(labels)).to(device),
        )
    return loop.run(scaled.take(held_rows), targets[held_rows], on_batch)


def _train_parts(
    data: TrainingSet,
    config: TrainingConfig,
    *,
    seed: int,
    device: torch.device,
    on_batch: Callable[[BatchProgress], None],
) -> TrainedModel:
    """Each part of a late fusion as if it were alone, one after the other.

    Epoch and losses are those of the part that trains longest.
    """
    whole = new_model(config, seed).to(device)
    assert isinstance(whole, LateFusion)
    parts, before, first = parts_of(config), 0, None
    total = sum(part.epochs for part in parts.values())
    for name, part in parts.items():

        def shown(progress: BatchProgress, before: int = before) -> None:
            on_batch(replace(progress, epoch=before + progress.epoch, epochs=total))

        own = seen_by(data, name, part)
        trained = train_model(own, part, seed=seed, device=device, on_batch=shown)
        setattr(whole, name, trained.model)
        before, first = before + part.epochs, first or trained
    assert first is not None
    return replace(first, model=whole.eval())


def seen_by(data: TrainingSet, name: str, part: TrainingConfig) -> TrainingSet:
    """The set as one part of a late fusion is shown it. name, part: as `parts_of` has them."""

    def shown(examples: Examples) -> Examples:
        if part.pictured:
            return Examples(examples.images, examples.numbers[:, :0])
        return Examples(examples.images[:, 0, 0, :0], examples.numbers)

    prefix, start = f"{name}.", None
    if data.start is not None:
        mine = {key: value for key, value in data.start.items() if key.startswith(prefix)}
        start = {key.removeprefix(prefix): value for key, value in mine.items()}
    watched = None if data.watched is None else (shown(data.watched[0]), data.watched[1])
    return replace(data, examples=shown(data.examples), start=start, watched=watched)


# Initial weights can only be drawn from torch's global generator: one model at a time.
_DRAWING_WEIGHTS = Lock()


def new_model(config: TrainingConfig, seed: int) -> Classifier:
    """A model whose initial weights follow from the seed.

    The global generator stays as it was, and other threads that call this wait for each other.
    """
    with _DRAWING_WEIGHTS, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build_model(config)


class _Loop:
    """The state of one training: model, optimiser, schedule and the draws."""

    def __init__(
        self,
        model: Classifier,
        examples: Examples,
        targets: torch.Tensor,
        counts: torch.Tensor,
        config: TrainingConfig,
        seed: int,
    ) -> None:
        self.model, self.examples, self.targets, self.config = model, examples, targets, config
        # The same without images, for the steps that need none.
        self.measures = Examples(
            torch.zeros((len(examples), 0), device=examples.numbers.device), examples.numbers
        )
        self.batches = batches_per_epoch(len(examples), config)
        self.generator = torch.Generator().manual_seed(seed)
        self.shares = class_shares(targets.cpu(), config) * counts
        self.weights = loss_weights(targets, config)
        self.optimizer = torch.optim.AdamW(
            decaying(model, config.weight_decay), lr=config.learning_rate, fused=True
        )
        steps = config.epochs * self.batches
        self.held_out_loss: float | None = None
        self.watch: tuple[Examples, torch.Tensor] | None = None
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: one_cycle(step / steps)
        )
        device = targets.device
        self.half = device.type == "cuda" and torch.cuda.is_bf16_supported()

    def run(
        self,
        held: Examples,
        held_targets: torch.Tensor,
        on_batch: Callable[[BatchProgress], None],
    ) -> TrainedModel:
        """Epochs until the schedule ends or `patience` of them brought nothing better."""
        training, validation, watched = [], [], []
        best_epoch, best_weights = 0, self.model.state_dict()
        for epoch in range(1, self.config.epochs + 1):
            training.append(self._epoch(epoch, on_batch))
            if len(held_targets) == 0:
                best_epoch = epoch
                if self.watch is not None:
                    # Noted, and not shown as held out: a tuning prunes by what is.
                    watched.append(self._held_out_loss(*self.watch))
                continue
            self.held_out_loss = self._held_out_loss(held, held_targets)
            validation.append(self.held_out_loss)
            if validation[-1] <= min(validation):
                best_epoch, best_weights = epoch, deepcopy(self.model.state_dict())
            elif epoch - best_epoch >= self.config.patience:
                break
        if validation:
            self.model.load_state_dict(best_weights)
        self._finish()
        self.model.eval()
        seen = tuple(validation or watched)
        return TrainedModel(self.model, best_epoch, tuple(training), seen)

    def _finish(self) -> None:
        """Give the model everything at once, balanced as its batches were: as it is, and beside it
        with some of it hidden, so that what lacks a trace or an image is nothing new.
        """
        numbers, targets = self.measures.numbers, self.targets
        weights = self.shares.to(self.weights.device) * self.weights
        if self.config.augment:
            hidden = hide(self.measures, self.generator, self.config).numbers
            numbers = torch.cat([numbers, hidden])
            targets, weights = targets.repeat(2), weights.repeat(2)
        seed = int(torch.randint(2**31 - 1, (), generator=self.generator))
        self.model.finish(numbers, targets, weights / weights.mean(), seed)

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
        batch, targets, weights = self._draw(self.examples)
        images = channels_last(batch.images)
        with torch.autocast(images.device.type, torch.bfloat16, enabled=self.half):
            opinions = self.model.opinions(images, batch.numbers)
        loss = self._learn(opinions, targets, weights)
        for _ in range(self.model.rehearsals):
            batch, targets, weights = self._draw(self.measures)
            self._learn(self.model.by_measures(batch.numbers), targets, weights)
        self.schedule.step()
        return loss

    def _draw(self, examples: Examples) -> tuple[Examples, torch.Tensor, torch.Tensor]:
        """A batch as it is learned: balanced, augmented, mixed; its targets and weights."""
        rows = torch.multinomial(
            self.shares, self.config.batch_size, replacement=True, generator=self.generator
        ).to(self.targets.device)
        batch = examples.take(rows)
        targets = functional.one_hot(self.targets[rows], self.config.classes).float()
        weights = self.weights[rows]
        if self.config.augment:
            if batch.images.ndim == 4:
                batch = Examples(augment(batch.images, self.generator), batch.numbers)
            batch = hide(batch, self.generator, self.config)
        if self.config.mixup > 0:
            return mix(batch, targets, weights, self.config.mixup, self.generator)
        return batch, targets, weights

    def _learn(self, opinions: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> float:
        losses = smoothed_loss(opinions.float(), targets, self.config.label_smoothing).mean(dim=0)
        loss = (losses * weights).sum() / weights.sum()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return float(loss.detach())

    def _held_out_loss(self, held: Examples, targets: torch.Tensor) -> float:
        """Class-balanced cross-entropy: what fits rare classes as well as common ones."""
        # The held-out part is on the model's scale already.
        self.model.eval()
        with torch.inference_mode():
            parts = [
                self.model(part.images, part.numbers).double().cpu()
                for rows in torch.arange(len(held)).split(PREDICTION_BATCH)
                if (part := held.take(rows).to(targets.device))
            ]
        chosen = torch.cat(parts).gather(1, targets.cpu()[:, None]).squeeze(1)
        weights = balancing_weights(targets.cpu(), 1.0).double()
        return float(-(chosen * weights).sum() / weights.sum())
