"""What every contender of a benchmark offers, so that one harness measures them all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulated import Fields, Probabilities
from classifier.classes import CLASSES
from classifier.folds import FoldPlan
from classifier.inputs import Components


class Trained(Protocol):
    """One model a fold."""

    @property
    def out_of_fold(self) -> Probabilities:
        """(components, 4) of what it was trained on, each by the model that never saw it."""

    def by_fold(self, components: Components, fold_of: NDArray[np.int64]) -> Probabilities:
        """(components, 4), each by the model of the fold that is named for it."""

    def together(self, components: Components) -> Probabilities:
        """(components, 4), the mean of all models."""


class Contender(Protocol):
    """Something that learns from labels."""

    @property
    def name(self) -> str:
        """As the tables call it."""

    @property
    def inputs(self) -> str:
        """The kinds of input it looks at, joined by " + "."""

    @property
    def most_seeds(self) -> int:
        """How many repetitions are affordable."""

    def train(self, fields: Fields, plan: FoldPlan, seed: int) -> Trained:
        """One model a fold of the plan, trained on everything outside it."""


Predictor = Callable[[Components], Probabilities]


@dataclass(frozen=True, eq=False)
class FoldModels:
    """Predictors, one a fold, and what they said of the components they had not seen."""

    predictors: Sequence[Predictor]
    out_of_fold: Probabilities

    @classmethod
    def tested(
        cls, predictors: Sequence[Predictor], fields: Fields, fold_of: NDArray[np.int64]
    ) -> "FoldModels":
        """The predictors with their predictions of the fields they were trained on."""
        return cls(predictors, _by_fold(predictors, fields.components, fold_of))

    def by_fold(self, components: Components, fold_of: NDArray[np.int64]) -> Probabilities:
        """See `Trained.by_fold`."""
        return _by_fold(self.predictors, components, fold_of)

    def together(self, components: Components) -> Probabilities:
        """See `Trained.together`."""
        return np.asarray(np.mean([predict(components) for predict in self.predictors], axis=0))


def _by_fold(
    predictors: Sequence[Predictor], components: Components, fold_of: NDArray[np.int64]
) -> Probabilities:
    found = np.zeros((len(components), CLASSES))
    for fold, predict in enumerate(predictors):
        rows = np.flatnonzero(fold_of == fold)
        if len(rows):
            # Of all there is no need to make a copy, which a fast predictor would be charged with.
            every = len(rows) == len(components)
            found[rows] = predict(components if every else components.take(rows))
    return found
