"""What each part of how the default is trained brings: balance, noise-robust targets, and others.

    python -m benchmarks.ablation             every change, 3 seeds (under 30 minutes)
    python -m benchmarks.ablation --quick     a few fields, 1 seed (under 2 minutes)
    python -m benchmarks.ablation --publish   and write docs/benchmarks.md

Each row changes one setting of the default and trains it on the same folds by field of view. The
last column is what may be chosen by, since it knows no truth: cross-entropy of the labels.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.hand_features import ALL
from benchmarks.harness import Figures, Options, basic_scores, run
from benchmarks.report import table
from benchmarks.simulated import Fields, Probabilities, Referee
from benchmarks.somata_contender import Somata
from classifier.classes import CODES, NAMES

CHANGES: dict[str, dict[str, Any]] = {
    "the default": {},
    "balance 0": {"balance": 0.0},
    "balance 1": {"balance": 1.0},
    "balance 0.5 by weights": {"balance_by": "weights"},
    "balance 1 by weights": {"balance_by": "weights", "balance": 1.0},
    "no label smoothing": {"label_smoothing": 0.0},
    "no mixup": {"mixup": 0.0},
    "neither of these two": {"label_smoothing": 0.0, "mixup": 0.0},
    "no measures hidden": {"augment": False},
    "no boosted trees": {"trees": 0},
    "three classes": {"classes": 3},
}
"""Name of a row to the settings that differ from the default's."""

BY_LABELS = "cross-entropy of labels"
COLUMNS = ("macro F1", "accuracy", "cross-entropy", "calibration error", BY_LABELS)


def measure(options: Options) -> str:
    """Every figure, as one text."""
    started = time.perf_counter()
    fields, referee = options.load()
    config = options.training()
    figures, recalls = Figures(), Figures()
    chosen = options.chosen(list(CHANGES))
    for seed in range(options.seeds):
        for name in chosen:
            contender = Somata(name, ALL, replace(config, **CHANGES[name]))
            found = run(contender, fields, seed).trained.out_of_fold
            scores, by_class = scored(found, fields, referee)
            figures.add((name,), scores)
            recalls.add((name,), by_class)
    return options.report("ablation", tables(figures, recalls), started)


def scored(
    found: Probabilities, fields: Fields, referee: Referee
) -> tuple[dict[str, float], dict[str, float]]:
    """Scores against truth and labels, and each class's recall against truth."""
    scores = referee.scores(found)
    of_label = found[np.arange(len(fields)), fields.labels - 1]
    by_labels = float(-np.log(np.maximum(of_label, 1e-6)).mean())
    by_class = {
        name: float(scores["classes"][str(code)]["recall"])
        for code, name in zip(CODES, NAMES, strict=True)
    }
    return {**basic_scores(scores), BY_LABELS: by_labels}, by_class


def tables(figures: Figures, recalls: Figures) -> Sequence[str]:
    """The scores, and what balance is about: how many of each class are found."""
    return [
        "Out of fold, against truth but for the last column:",
        table(("changed", *COLUMNS, "seeds"), figures.rows(COLUMNS)),
        "Share of each true class that is found:",
        table(("changed", *NAMES, "seeds"), recalls.rows(NAMES)),
    ]


if __name__ == "__main__":
    measure(Options.parse(__doc__))
