"""How right every contender is: on unseen fields, on shifted recordings, about wrong labels.

    python -m benchmarks.accuracy                 every contender, 3 seeds (under 30 minutes)
    python -m benchmarks.accuracy --quick         a few fields, 1 seed (under 2 minutes)
    python -m benchmarks.accuracy --only boosting the contenders of that name
    python -m benchmarks.accuracy --publish       and write docs/benchmarks.md

All learn one imperfect labeler's labels, on the same folds by field of view.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from numpy.typing import NDArray

from benchmarks.caiman_cnn import CaimanCnn
from benchmarks.contenders import Contender
from benchmarks.hand_features import (
    ALL,
    EVERYTHING,
    MASK,
    MASK_AND_RECORDING,
    RECORDING,
    FeatureTable,
)
from benchmarks.harness import QUICK_TRAINING, Figures, Options, Run, basic_scores, run, say
from benchmarks.peers import HandMade, gradient_boosting, hand_made_peers
from benchmarks.report import table
from benchmarks.shifted import other_simulator, shifted
from benchmarks.simulated import Fields, Labels, Probabilities, Referee
from benchmarks.somata_contender import Somata
from classifier.config import TrainingConfig
from classifier.ensemble import with_measures
from classifier.inputs import Components
from classifier.label_noise import chance_wrong
from classifier.uncertainty import label_quality, margin, predictive_entropy, self_confidence

THREE_MEMBERS = "Somata, three models a fold"
BESIDE_CONVOLUTIONS = "Somata, convolutions beside"
MASK_TRACE = f"mask + trace + {RECORDING}"
DOCUMENT: dict[str, Any] = {
    "learning_rate": 0.008,
    "weight_decay": 0.01,
    "channels": (16, 16, 32, 32),
    "hidden": 64,
}

SCORES = ("macro F1", "accuracy", "cross-entropy", "calibration error")


def contenders(quick: bool, threads: int, features: FeatureTable) -> list[Contender]:
    """Every contender, the peers first. features: shared by those that use them."""
    config = TrainingConfig(threads=threads)
    if quick:
        config = replace(config, **QUICK_TRAINING)
    document = replace(config, architecture="cnn", **DOCUMENT)
    boosting = partial(gradient_boosting, rounds=20) if quick else gradient_boosting
    ablated = (MASK_AND_RECORDING,) if quick else (MASK_AND_RECORDING, MASK_TRACE)
    return [
        *hand_made_peers(features, (MASK, EVERYTHING), boosting),
        HandMade("gradient boosting", MASK_AND_RECORDING, boosting, features),
        HandMade("gradient boosting", ALL, boosting, features),
        Somata("Somata", ALL, config),
        *(Somata("Somata", inputs, config) for inputs in ablated),
        Somata(THREE_MEMBERS, ALL, replace(config, members=3)),
        # What convolves gets one seed, so that all ends in time.
        Somata(BESIDE_CONVOLUTIONS, ALL, replace(config, architecture="fusion"), most_seeds=1),
        Somata("the document's CNN", MASK, document, most_seeds=1),
        CaimanCnn(passes=1 if quick else 4),
    ]


def suspicions(probabilities: Probabilities, labels: Labels) -> dict[str, NDArray[np.float64]]:
    """Name to (components,) how suspect each label is by each ranking; bigger is more so."""
    columns = labels - 1
    # cleanlab divides by what it is given.
    safe = np.maximum(probabilities, 1e-6)
    safe = safe / safe.sum(axis=1, keepdims=True)
    found = {
        "chance wrong (ours)": chance_wrong(probabilities, labels),
        "label quality (ours)": label_quality(probabilities, labels),
        "self-confidence": -self_confidence(probabilities, labels),
        "margin": -margin(probabilities),
        "entropy": predictive_entropy(probabilities),
    }
    for method in ("self_confidence", "normalized_margin", "confidence_weighted_entropy"):
        # cleanlab adjusts all but the entropy for how sure a model is of each class.
        adjusts = method != "confidence_weighted_entropy"
        found[f"cleanlab {method}"] = -get_label_quality_scores(
            columns, safe, method=method, adjust_pred_probs=adjusts
        )
    first = find_label_issues(columns, safe, return_indices_ranked_by="self_confidence", n_jobs=1)
    # It names some labels only, in order; the others follow by their scores.
    issues = found["cleanlab self_confidence"].copy()
    issues[first] = issues.max() + np.arange(len(first), 0, -1)
    return {**found, "cleanlab find_label_issues": issues}


def looks_for_wrong_labels(contender: Contender) -> bool:
    """Nobody who has all inputs would look for wrong labels by some; nor by a single seed."""
    return contender.inputs in (EVERYTHING, ALL) and contender.most_seeds > 1


class Tests:
    """Everything that a trained contender is asked, and the figures that come of it."""

    def __init__(self, fields: Fields, referee: Referee, *, quick: bool) -> None:
        self.fields, self.referee, self.quick = fields, referee, quick
        self.in_fold, self.elsewhere, self.wrong = Figures(), Figures(), Figures()
        self.sets: dict[int, tuple[Components, Components, Referee]] = {}

    def ask(self, done: Run) -> None:
        """Let one trained contender predict all sets, and note its scores."""
        row = (done.contender.name, done.contender.inputs)
        found = done.trained.out_of_fold
        scores = basic_scores(self.referee.scores(found))
        self.in_fold.add(row, {**scores, "seconds": done.seconds})
        moved, simulated, their_referee = self._sets_of(done.seed)
        shifted_scores = self.referee.scores(done.trained.by_fold(moved, done.plan.fold_of))
        other = their_referee.scores(done.trained.together(simulated))
        self.elsewhere.add(
            row, {**basic_scores(shifted_scores), "macro F1, our simulator": other["macro_f1"]}
        )
        if not looks_for_wrong_labels(done.contender):
            return
        for name, suspicion in suspicions(found, self.fields.labels).items():
            outcome = self.referee.finding(suspicion, self.fields.labels)
            self.wrong.add(
                (*row, name), {"first 10%": outcome["first_tenth"], "AUC": outcome["auc"]}
            )

    def _sets_of(self, seed: int) -> tuple[Components, Components, Referee]:
        if seed not in self.sets:
            simulated, their_referee = other_simulator(seed, 40 if self.quick else 300)
            # One seed's sets at a time: they are large.
            self.sets = {
                seed: (
                    with_measures(shifted(self.fields.components, seed)),
                    with_measures(simulated),
                    their_referee,
                )
            }
        return self.sets[seed]

    def tables(self) -> list[str]:
        """Two or three tables as text."""
        agreement = self.referee.agreement(self.fields.labels)
        about = ("contender", "inputs")
        found = [
            f"{len(self.fields)} components; {agreement:.1%} of the labels that all learn from "
            "are right. Against truth, out of fold, folds by field of view. Where the inputs name "
            "the recording, a component is compared with its neighbours' masks and traces, as far "
            "as these are inputs, and ranked within its recording:",
            table((*about, *SCORES, "seconds", "seeds"), self.in_fold.rows((*SCORES, "seconds"))),
            "The same models on recordings with other zoom, indicator, frame rate, brightness and "
            "noise: the held-out fields after such changes; and recordings of the project's own "
            "simulator:",
            table(
                (*about, *SCORES, "macro F1, our simulator", "seeds"),
                self.elsewhere.rows((*SCORES, "macro F1, our simulator")),
            ),
        ]
        if self.wrong.values:
            found += [
                "Wrong labels among those that a ranking by out-of-fold probabilities puts first "
                f"(chance: {1 - agreement:.1%}):",
                table(
                    (*about, "ranking", "first 10%", "AUC", "seeds"),
                    self.wrong.rows(("first 10%", "AUC")),
                ),
            ]
        return found


def compare(
    name: str,
    options: Options,
    contenders: Callable[[bool, int, FeatureTable], Sequence[Contender]],
) -> str:
    """Every figure of these contenders, as one text; published under this name.

    contenders: as `contenders` in here.
    """
    started = time.perf_counter()
    fields, referee = options.load()
    tests = Tests(fields, referee, quick=options.quick)
    features = FeatureTable()
    making = time.perf_counter()
    features.of(fields.components, EVERYTHING)
    making = time.perf_counter() - making
    everyone = contenders(options.quick, options.threads, features)
    named = {f"{one.name} ({one.inputs})": one for one in everyone}
    for seed in range(options.seeds):
        for one in options.chosen(list(named)):
            contender = named[one]
            if seed < contender.most_seeds:
                tests.ask(run(contender, fields, seed))
    say("done")
    note = f"Seconds are of training all folds; the hand-made features took {making:.0f} s more."
    return options.report(name, [*tests.tables(), note], started)


def measure(options: Options) -> str:
    """Every figure, as one text."""
    return compare("accuracy", options, contenders)


if __name__ == "__main__":
    measure(Options.parse(__doc__))
