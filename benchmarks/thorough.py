"""What Train thoroughly brings over the default, asked as benchmarks.accuracy asks.

    python -m benchmarks.thorough             3 seeds (half an hour)
    python -m benchmarks.thorough --quick     a few fields, 1 seed (under 2 minutes)
    python -m benchmarks.thorough --publish   and write docs/benchmarks.md

The best reference of benchmarks.accuracy, the default and a thorough training, by all inputs, on
the same folds by field of view. benchmarks.thorough_by_masks: by what masks alone tell.
"""

from dataclasses import replace
from functools import partial

from app.actions.training import THOROUGH
from benchmarks.accuracy import compare
from benchmarks.contenders import Contender
from benchmarks.hand_features import ALL, MASK_AND_RECORDING, FeatureTable
from benchmarks.harness import QUICK_TRAINING, Options
from benchmarks.peers import HandMade, gradient_boosting
from benchmarks.somata_contender import Somata
from classifier.config import TrainingConfig

NAME = "Somata, trained thoroughly"
SHARES = {ALL: 0.6, MASK_AND_RECORDING: 0.4}
"""Of the committee: by masks alone its measures tell less. Chosen by half of the fields' labels."""


def contenders(inputs: str, quick: bool, threads: int, features: FeatureTable) -> list[Contender]:
    """See `accuracy.contenders`. inputs: what all of them look at."""
    config = TrainingConfig(threads=threads)
    if quick:
        config = replace(config, **{**QUICK_TRAINING, "epochs": 1})
    boosting = partial(gradient_boosting, rounds=20) if quick else gradient_boosting
    return [
        HandMade("gradient boosting", inputs, boosting, features),
        Somata("Somata", inputs, config),
        Somata(NAME, inputs, replace(config, **THOROUGH, committee_share=SHARES[inputs])),
    ]


def measure(options: Options) -> str:
    """Every figure, as one text."""
    return compare("thorough", options, partial(contenders, ALL))


if __name__ == "__main__":
    measure(Options.parse(__doc__))
