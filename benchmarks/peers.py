"""References: logistic regression and gradient boosting on hand-made features."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from benchmarks.contenders import Trained
from benchmarks.hand_features import FeatureTable
from benchmarks.simulated import Fields, Probabilities
from classifier.classes import CLASSES, CODES
from classifier.folds import FoldPlan
from classifier.inputs import Components

Estimator = Any
"""scikit-learn's classifiers carry no types."""


def one_thread() -> threadpool_limits:
    """As a context: boosting's threads wait by spinning, so that on a machine with anything else
    to do two take several times what one takes; on an idle one they save a quarter.
    """
    return threadpool_limits(1, user_api="openmp")


def logistic_regression(seed: int, strength: float = 0.03) -> Estimator:
    """On standardised features; the inverse ridge `strength` was chosen by folds on the labels."""
    return make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(C=strength, max_iter=500, random_state=seed),
    )


def gradient_boosting(seed: int, rounds: int = 150) -> Estimator:
    """Histogram gradient boosting; its settings were chosen by folds on the labels."""
    return HistGradientBoostingClassifier(
        max_iter=rounds,
        learning_rate=0.06,
        max_leaf_nodes=12,
        min_samples_leaf=40,
        l2_regularization=5.0,
        max_features=0.3,
        early_stopping=False,
        random_state=seed,
    )


def class_probabilities(model: Estimator, features: NDArray[np.float64]) -> Probabilities:
    """(components, 4) of a fitted classifier; 0 for a class it never met."""
    found = np.zeros((len(features), CLASSES))
    with one_thread():
        found[:, np.searchsorted(CODES, model.classes_)] = model.predict_proba(features)
    return found


@dataclass(frozen=True, eq=False)
class HandMade:
    """A learner on hand-made features. table: shared by all, so that features are made once."""

    name: str
    inputs: str
    learner: Callable[[int], Estimator]
    table: FeatureTable
    most_seeds: int = 100

    def train(self, fields: Fields, plan: FoldPlan, seed: int) -> Trained:
        """See `Contender.train`."""
        features = self.table.of(fields.components, self.inputs)
        models = []
        for fold in range(plan.folds):
            rows = plan.fold_of != fold
            with one_thread():
                models.append(self.learner(seed).fit(features[rows], fields.labels[rows]))
        return _HandMadeModels(self, models, fields, plan.fold_of)


class _HandMadeModels:
    def __init__(
        self, peer: HandMade, models: list[Estimator], fields: Fields, fold_of: NDArray[np.int64]
    ) -> None:
        self.peer, self.models = peer, models
        self.out_of_fold = self.by_fold(fields.components, fold_of)

    def by_fold(self, components: Components, fold_of: NDArray[np.int64]) -> Probabilities:
        features = self.peer.table.of(components, self.peer.inputs)
        found = np.zeros((len(components), CLASSES))
        for fold, model in enumerate(self.models):
            rows = fold_of == fold
            if rows.any():
                found[rows] = class_probabilities(model, features[rows])
        return found

    def together(self, components: Components) -> Probabilities:
        features = self.peer.table.of(components, self.peer.inputs)
        every = [class_probabilities(model, features) for model in self.models]
        return np.asarray(np.mean(every, axis=0))


def hand_made_peers(
    table: FeatureTable, inputs: tuple[str, ...], boosting: Callable[[int], Estimator]
) -> list[HandMade]:
    """Logistic regression and gradient boosting, each on every choice of inputs."""
    return [
        HandMade(name, kinds, learner, table)
        for kinds in inputs
        for name, learner in (
            ("logistic regression", logistic_regression),
            ("gradient boosting", boosting),
        )
    ]
