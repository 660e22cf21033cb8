"""What Train thoroughly brings over the default, asked as benchmarks.accuracy asks.

    python -m benchmarks.thorough             3 seeds (under 30 minutes)
    python -m benchmarks.thorough --quick     a few fields, 1 seed (under 2 minutes)
    python -m benchmarks.thorough --publish   and write docs/benchmarks.md

The best reference of benchmarks.accuracy, the default and a thorough training, by all inputs and
by what masks alone tell, on the same folds by field of view.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from benchmarks.accuracy import compare
from benchmarks.contenders import Contender
from benchmarks.hand_features import ALL, MASK_AND_RECORDING, FeatureTable
from benchmarks.harness import QUICK_TRAINING, Options
from benchmarks.peers import HandMade, gradient_boosting
from benchmarks.somata_contender import Somata
from classifier.config import TrainingConfig

THOROUGH = "Somata, trained thoroughly"


def contenders(quick: bool, threads: int, features: FeatureTable) -> Sequence[Contender]:
    """See `accuracy.contenders`."""
    config = TrainingConfig(threads=threads)
    if quick:
        config = replace(config, **{**QUICK_TRAINING, "epochs": 1})
    thorough = replace(config, architecture="late_fusion")
    boosting = partial(gradient_boosting, rounds=20) if quick else gradient_boosting
    found: list[Contender] = []
    for inputs in (ALL, MASK_AND_RECORDING):
        found += [
            HandMade("gradient boosting", inputs, boosting, features),
            Somata("Somata", inputs, config),
            Somata(THOROUGH, inputs, thorough),
        ]
    return found


def measure(options: Options) -> str:
    """Every figure, as one text."""
    return compare("thorough", options, contenders)


if __name__ == "__main__":
    measure(Options.parse(__doc__))
