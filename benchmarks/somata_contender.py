"""Somata's own classifier as a contender."""

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.contenders import FoldModels, Predictor, Trained
from benchmarks.hand_features import RECORDING
from benchmarks.simulated import Fields, Probabilities
from classifier.config import TrainingConfig
from classifier.crossval import cross_validate
from classifier.ensemble import Ensemble
from classifier.folds import FoldPlan
from classifier.inputs import Components


@dataclass(frozen=True)
class Somata:
    """A configuration of the classifier. inputs: the kinds of input it looks at, and whether at
    the recording too; else it is shown each component by itself. unlabeled: what it may learn
    from beside the fields' labels.
    """

    name: str
    inputs: str
    config: TrainingConfig
    most_seeds: int = 100
    unlabeled: Components | None = None

    @property
    def own_config(self) -> TrainingConfig:
        """The configuration with what it looks at."""
        kinds = self.inputs.split(" + ")
        return replace(
            self.config,
            inputs=tuple(kind for kind in kinds if kind != RECORDING),
            measures="recording" if RECORDING in kinds else "alone",
        )

    def train(self, fields: Fields, plan: FoldPlan, seed: int) -> Trained:
        """See `Contender.train`. Raises RuntimeError where its folds are not the plan's."""
        config = replace(self.own_config, seed=seed, folds=plan.folds)
        result = cross_validate(fields.components, fields.labels, config, unlabeled=self.unlabeled)
        if not np.array_equal(result.fold_of, plan.fold_of):
            raise RuntimeError(f"{self.name} made other folds than its rivals got.")
        predictors = [_one(result.ensemble, fold) for fold in range(plan.folds)]
        return FoldModels(predictors, result.out_of_fold)


def _one(ensemble: Ensemble, fold: int) -> Predictor:
    members = ensemble.config.members
    alone = replace(ensemble, models=ensemble.models[fold * members : (fold + 1) * members])

    def predict(components: Components) -> Probabilities:
        return np.asarray(alone.predict(components))

    return predict
