"""Somata's own classifier as a contender."""

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.components import Components
from benchmarks.contenders import FoldModels, Predictor, Trained
from benchmarks.simulated import Fields, Probabilities
from classifier.config import TrainingConfig
from classifier.crossval import cross_validate
from classifier.ensemble import Ensemble
from classifier.folds import FoldPlan


@dataclass(frozen=True)
class Somata:
    """A configuration of the classifier. inputs: the kinds of input it is given."""

    name: str
    inputs: str
    config: TrainingConfig
    most_seeds: int = 100

    def train(self, fields: Fields, plan: FoldPlan, seed: int) -> Trained:
        """See `Contender.train`. Raises RuntimeError where its folds are not the plan's."""
        seen = given(fields.components, self.inputs)
        config = replace(self.config, seed=seed, folds=plan.folds)
        result = cross_validate(seen.masks, fields.labels, seen.recordings, config)
        if not np.array_equal(result.fold_of, plan.fold_of):
            raise RuntimeError(f"{self.name} made other folds than its rivals got.")
        predictors = [_one(result.ensemble, fold) for fold in range(plan.folds)]
        return FoldModels(predictors, result.out_of_fold)


def _one(ensemble: Ensemble, fold: int) -> Predictor:
    alone = replace(ensemble, models=(ensemble.models[fold],))

    def predict(components: Components) -> Probabilities:
        return np.asarray(alone.predict(components.masks))

    return predict


def given(components: Components, inputs: str) -> Components:
    """The components without the kinds of input that are not named."""
    kinds = inputs.split(" + ")
    return replace(
        components,
        traces=components.traces if "trace" in kinds else None,
        frame_rates_hz=components.frame_rates_hz if "trace" in kinds else None,
        contexts=components.contexts if "context" in kinds else None,
    )
