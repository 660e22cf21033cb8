"""How right the classifier is with few labels, learning from the unlabeled or not.

    python -m benchmarks.few_labels             3 seeds (under 30 minutes)
    python -m benchmarks.few_labels --quick     a few fields, 1 seed (under 2 minutes)
    python -m benchmarks.few_labels --publish   and write docs/benchmarks.md

Half of the fields of view are labeled, a few components each, drawn at random; what else they hold
is the unlabeled. All predict the other half, which nobody labeled, by the mean of their folds.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from app.actions.training import THOROUGH
from benchmarks.contenders import Contender
from benchmarks.hand_features import ALL, EVERYTHING, FeatureTable
from benchmarks.harness import Figures, Options, basic_scores, run
from benchmarks.peers import Estimator, HandMade, gradient_boosting, logistic_regression
from benchmarks.report import table
from benchmarks.simulated import Fields, Referee
from benchmarks.somata_contender import Somata
from classifier.config import TrainingConfig
from classifier.inputs import Components

LABELS, QUICK_LABELS = (100, 200, 400, 800), (60,)
FROM_LABELS_ALONE, FROM_ALL = "Somata, labels alone", "Somata, the unlabeled too"
THOROUGHLY, THOROUGH_LABELS = "Somata, trained thoroughly", (200, 800, *QUICK_LABELS)
"""It takes two minutes each time, so not with every number of labels."""
COLUMNS = ("macro F1", "accuracy", "cross-entropy", "calibration error", "seconds")


@dataclass(frozen=True, eq=False)
class Draw:
    """Who is labeled, what lies beside them, and whom all are asked about."""

    labeled: Fields
    unlabeled: Components
    asked: Components
    referee: Referee

    @classmethod
    def of(cls, fields: Fields, referee: Referee, labels: int, seed: int) -> "Draw":
        """So many labels at random, in half of the fields of view."""
        rng = np.random.default_rng([seed, labels])
        recordings = rng.permutation(np.unique(fields.components.groups))
        near = np.isin(fields.components.groups, recordings[: len(recordings) // 2])
        order = rng.permutation(np.flatnonzero(near))
        chosen, rest = np.sort(order[:labels]), np.sort(order[labels:])
        return cls(
            fields.take(chosen),
            fields.components.take(rest),
            fields.components.take(~near),
            referee.take(~near),
        )


def boosting(seed: int, labels: int) -> Estimator:
    """Gradient boosting with leaves that are no larger than so few labels bear."""
    return gradient_boosting(seed).set_params(min_samples_leaf=min(max(labels // 50, 5), 40))


def contenders(draw: Draw, config: TrainingConfig) -> list[Contender]:
    """The references, held back as few labels want it, Somata twice, and trained thoroughly."""
    features, grown = FeatureTable(), partial(boosting, labels=len(draw.labeled))
    thorough = replace(config, **THOROUGH)
    linear = partial(logistic_regression, strength=0.01)
    found: list[Contender] = [
        HandMade("logistic regression", EVERYTHING, linear, features),
        HandMade("gradient boosting", EVERYTHING, grown, features),
        Somata(FROM_LABELS_ALONE, ALL, config),
        Somata(FROM_ALL, ALL, config, unlabeled=draw.unlabeled),
    ]
    if len(draw.labeled) in THOROUGH_LABELS:
        found.append(Somata(THOROUGHLY, ALL, thorough, unlabeled=draw.unlabeled))
    return found


def measure(options: Options) -> str:
    """Every figure, as one text."""
    started = time.perf_counter()
    fields, referee = options.load()
    config = options.training()
    figures = Figures()
    for labels in QUICK_LABELS if options.quick else LABELS:
        for seed in range(options.seeds):
            draw = Draw.of(fields, referee, labels, seed)
            for contender in contenders(draw, config):
                done = run(contender, draw.labeled, seed)
                scores = draw.referee.scores(done.trained.together(draw.asked))
                row = (str(labels), contender.name, contender.inputs)
                figures.add(row, {**basic_scores(scores), "seconds": done.seconds})
    return options.report("few_labels", tables(figures), started)


def tables(figures: Figures) -> Sequence[str]:
    """The one table."""
    return [
        "Of other fields of view than the labeled ones, against truth:",
        table(("labels", "contender", "inputs", *COLUMNS, "seeds"), figures.rows(COLUMNS)),
    ]


if __name__ == "__main__":
    measure(Options.parse(__doc__))
