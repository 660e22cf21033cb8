"""Where a cross-validation stands, of folds that train side by side."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from classifier.training import BatchProgress


@dataclass(frozen=True)
class Progress:
    """Where a cross-validation stands. fold, epoch and batch count from 1.

    Folds train side by side, so fold, epoch and batch are of the one that made this step.
    loss: mean training loss of its epoch so far, in nats. fraction: of all folds' steps, 0 to 1.
    held_out_loss: of that fold after the epoch before, in nats; None in its first epoch.
    seconds_left: an upper estimate; early stopping may end a fold sooner. drafting: whether what is
    trained is a fold's first draft, which only guesses for its training proper.
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
    drafting: bool = False


class Watch:
    """Turns the steps of folds that train side by side into the progress of the whole."""

    def __init__(self, folds: int, on_progress: Callable[[Progress], None]) -> None:
        self.folds, self.on_progress = folds, on_progress
        self.started = time.monotonic()
        self.done = [0.0] * folds
        self.turn = Lock()
        self.failure: BaseException | None = None

    def of_fold(
        self, fold: int, begin: float = 0.0, end: float = 1.0
    ) -> Callable[[BatchProgress], None]:
        """The callback for a training of a fold, which is this share of all that the fold takes.

        Where it ends before 1, it is a draft. Raises what any fold's callback raised.
        """

        def on_batch(step: BatchProgress) -> None:
            with self.turn:
                if self.failure is not None:
                    raise self.failure
                here = (step.epoch - 1 + step.batch / step.batches) / step.epochs
                self.done[fold] = begin + (end - begin) * here
                try:
                    self.on_progress(self._progress(fold, step, drafting=end < 1))
                except BaseException as error:
                    # The other folds must stop as well, each at its next step.
                    self.failure = error
                    raise

        return on_batch

    def end(self, fold: int) -> None:
        """A fold is trained, perhaps sooner than its epochs said."""
        with self.turn:
            self.done[fold] = 1.0

    def _progress(self, fold: int, step: BatchProgress, *, drafting: bool) -> Progress:
        fraction = sum(self.done) / self.folds
        seconds_left = (time.monotonic() - self.started) * (1 - fraction) / fraction
        return Progress(
            fold + 1, self.folds, step.epoch, step.epochs, step.batch, step.batches,
            step.loss, fraction, seconds_left, step.held_out_loss, drafting,
        )  # fmt: skip
