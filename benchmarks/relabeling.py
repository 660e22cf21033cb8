"""What relabeling the most suspect labels brings, by the order in which they are asked about.

    python -m benchmarks.relabeling                  every order, 3 seeds (under 30 minutes)
    python -m benchmarks.relabeling --quick          a few fields, 1 seed (under 2 minutes)
    python -m benchmarks.relabeling --only quality   the orders of that name
    python -m benchmarks.relabeling --publish        and write docs/benchmarks.md

A simulated labeler answers a round of 3% of all components as truth, with the error rates of the
shared data's labelers. Then the model is trained again and the next round is chosen, five times:
15% of the labels are asked about once more, none of them twice.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from cleanlab.rank import get_label_quality_scores
from numpy.typing import NDArray

from benchmarks.contenders import Contender
from benchmarks.hand_features import EVERYTHING, FeatureTable
from benchmarks.harness import Figures, Options, plan_of, say
from benchmarks.peers import HandMade, gradient_boosting, logistic_regression
from benchmarks.report import table
from benchmarks.simulated import Fields, Labels, Probabilities, Referee
from classifier.label_noise import chance_wrong
from classifier.uncertainty import (
    label_cross_entropy,
    label_quality,
    predictive_entropy,
    self_confidence,
)

ROUNDS, SHARE = 5, 0.03

Order = Callable[[Probabilities, Labels, np.random.Generator], NDArray[np.float64]]
"""How suspect each label is, the larger the sooner, by out-of-fold probabilities."""

MEASURES = ("labels right", "cross-entropy", "macro F1")


def cleanlab_order(
    probabilities: Probabilities, labels: Labels, _rng: np.random.Generator
) -> NDArray[np.float64]:
    """Its usual score: self-confidence, adjusted for how sure the model is of each class."""
    safe = np.maximum(probabilities, 1e-6)
    return -np.asarray(
        get_label_quality_scores(
            labels - 1, safe / safe.sum(axis=1, keepdims=True), adjust_pred_probs=True
        )
    )


ORDERS: dict[str, Order] = {
    "random": lambda probabilities, _labels, rng: rng.random(len(probabilities)),
    "entropy": lambda probabilities, _labels, _rng: predictive_entropy(probabilities),
    "cleanlab": cleanlab_order,
    "self-confidence": lambda probabilities, labels, _rng: -self_confidence(probabilities, labels),
    "label quality": lambda probabilities, labels, _rng: label_quality(probabilities, labels),
    "chance wrong": lambda probabilities, labels, _rng: chance_wrong(probabilities, labels),
}


@dataclass(frozen=True)
class Lab:
    """Who trains, who answers, and the draws of both."""

    learner: Contender
    referee: Referee
    seed: int

    def train(self, fields: Fields) -> Probabilities:
        """Out-of-fold predictions with the labels as they are."""
        return self.learner.train(fields, plan_of(fields, self.seed), self.seed).out_of_fold

    def relabel(self, fields: Fields, first: Probabilities, order: Order) -> list[dict[str, float]]:
        """Labels and model before any round and after each, scored against truth.

        first: what `train` gives for these fields, which is the same for every order.
        """
        rng = np.random.default_rng([self.seed, 1])
        asked = np.zeros(len(fields), dtype=bool)
        found = first
        course = [self.scores(found, fields.labels)]
        for _ in range(ROUNDS):
            suspicion = np.where(asked, -np.inf, order(found, fields.labels, rng))
            rows = np.argsort(-suspicion, kind="stable")[: round(SHARE * len(fields))]
            labels = fields.labels.copy()
            labels[rows] = self.referee.answer(rows, rng)
            asked[rows] = True
            fields = replace(fields, labels=labels)
            found = self.train(fields)
            course.append(self.scores(found, fields.labels))
        return course

    def scores(self, found: Probabilities, labels: Labels) -> dict[str, float]:
        """The share of labels that are right, their cross-entropy, and the model's macro F1."""
        return {
            "labels right": self.referee.agreement(labels),
            "cross-entropy": float(label_cross_entropy(found, labels).mean()),
            "macro F1": float(self.referee.scores(found)["macro_f1"]),
        }


def learners(quick: bool) -> list[Contender]:
    """Who trains between the rounds."""
    shared = FeatureTable()
    if quick:
        return [HandMade("logistic regression", EVERYTHING, logistic_regression, shared)]
    return [HandMade("gradient boosting", EVERYTHING, gradient_boosting, shared)]


def measure(options: Options) -> str:
    """Every figure, as one text."""
    started = time.perf_counter()
    fields, referee = options.load()
    by_learner: dict[str, dict[str, Figures]] = {}
    for learner in learners(options.quick):
        figures = by_learner.setdefault(
            f"{learner.name} on {learner.inputs}", {name: Figures() for name in MEASURES}
        )
        for seed in range(min(options.seeds, learner.most_seeds)):
            lab = Lab(learner, referee, seed)
            say(f"seed {seed}: {learner.name}, before any round")
            first = lab.train(fields)
            for name in options.chosen(list(ORDERS)):
                say(f"seed {seed}: {learner.name}, {name}")
                add_course(figures, name, lab.relabel(fields, first, ORDERS[name]))
    return options.report("relabeling", tables(by_learner, referee), started)


def add_course(figures: dict[str, Figures], order: str, course: list[dict[str, float]]) -> None:
    """Note one seed's rounds in each measure's table."""
    for name in MEASURES:
        after = {f"{number * SHARE:.0%}": scores[name] for number, scores in enumerate(course)}
        figures[name].add((order,), after)


def tables(by_learner: dict[str, dict[str, Figures]], referee: Referee) -> list[str]:
    """A table for each learner and measure; a column for each share relabeled."""
    right = np.diag(referee.confusion())
    found = [
        "The simulated labeler is right about neurons, processes, noise and doubtful neurons in "
        + ", ".join(f"{share:.1%}" for share in right)
        + " of the answers.",
    ]
    steps = [f"{number * SHARE:.0%}" for number in range(ROUNDS + 1)]
    titles = {
        "labels right": "share of labels that are right",
        "cross-entropy": "cross-entropy of the labels under out-of-fold predictions, nats",
        "macro F1": "macro F1 of out-of-fold predictions against truth, after training again",
    }
    for learner, figures in by_learner.items():
        for name, title in titles.items():
            found += [
                f"{learner}: {title}, by share relabeled:",
                table(("order", *steps, "seeds"), figures[name].rows(steps)),
            ]
    return found


if __name__ == "__main__":
    measure(Options.parse(__doc__))
