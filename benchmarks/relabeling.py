"""What relabeling the most suspect labels brings, by the order in which they are asked about.

    python -m benchmarks.relabeling                  every order, 3 seeds (under 30 minutes)
    python -m benchmarks.relabeling --quick          a few fields, 1 seed (under 2 minutes)
    python -m benchmarks.relabeling --only cleanlab  the orders of that name
    python -m benchmarks.relabeling --publish        and write docs/benchmarks.md

A simulated labeler answers a round of 3% of all components as truth, with the error rates of the
shared data's labelers. Then the model is trained again, Somata's from its last weights, and the
next round is chosen, five times: 15% as many answers as there are labels. Somata is tried with its
own orders, its rival with the usual ones too. The answer is the label; where one is asked about
again, the majority is, and the latest among equals, as in Somata. One order asks three labelers
about each component, as a round may: three times as many answers.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from cleanlab.rank import get_label_quality_scores
from numpy.typing import NDArray

from benchmarks.hand_features import EVERYTHING, FeatureTable
from benchmarks.harness import FOLDS, Figures, Options, plan_of, say
from benchmarks.peers import HandMade, gradient_boosting, logistic_regression
from benchmarks.report import table
from benchmarks.simulated import Fields, Labels, Probabilities, Referee
from classifier.classes import CLASSES, CODES
from classifier.config import TrainingConfig
from classifier.crossval import CrossValidation, WarmStart, cross_validate
from classifier.label_noise import chance_wrong
from classifier.uncertainty import label_cross_entropy, predictive_entropy

ROUNDS, SHARE = 5, 0.03

MEASURES = ("labels right", "cross-entropy", "macro F1")


@dataclass(frozen=True, eq=False)
class Known:
    """What an order may look at.

    probabilities: out of fold. answers: (components, 4) how often each code was given.
    """

    probabilities: Probabilities
    labels: Labels
    answers: NDArray[np.int64]
    rng: np.random.Generator


Order = Callable[[Known], NDArray[np.float64]]
"""How suspect each label is, the larger the sooner."""


def cleanlab_order(known: Known) -> NDArray[np.float64]:
    """Its usual score: self-confidence, adjusted for how sure the model is of each class."""
    safe = np.maximum(known.probabilities, 1e-6)
    return -np.asarray(
        get_label_quality_scores(
            known.labels - 1, safe / safe.sum(axis=1, keepdims=True), adjust_pred_probs=True
        )
    )


ONE_LABELER = "chance wrong"

EVERY_LOOK = "chance wrong, every look"
"""The one order that knows what was asked already, and so may ask it once more."""

THREE_LABELERS = "chance wrong, three labelers each"
"""The one order that spends three answers on a component."""

ORDERS: dict[str, Order] = {
    "random": lambda known: known.rng.random(len(known.labels)),
    "entropy": lambda known: predictive_entropy(known.probabilities),
    "cleanlab": cleanlab_order,
    ONE_LABELER: lambda known: chance_wrong(known.probabilities, known.labels),
    THREE_LABELERS: lambda known: chance_wrong(known.probabilities, known.labels),
    EVERY_LOOK: lambda known: chance_wrong(
        known.probabilities, known.labels, answers=known.answers
    ),
}


OWN_ORDERS = (ONE_LABELER, THREE_LABELERS, EVERY_LOOK)


@dataclass(frozen=True, eq=False)
class Opinion:
    """Out-of-fold predictions, and the models behind them where the next training needs these."""

    out_of_fold: Probabilities
    models: CrossValidation | None = None


Learn = Callable[[Fields, int, Opinion | None], Opinion]
"""Trains on the labels as they are, with this seed; the opinion before, if there was one."""


@dataclass(frozen=True, eq=False)
class Learner:
    """Who trains between the rounds.

    orders: those that are tried with it. side_by_side: how many of them at once.
    """

    name: str
    learn: Learn
    orders: tuple[str, ...]
    side_by_side: int = 1


@dataclass(frozen=True)
class Lab:
    """Who trains, who answers, and the draws of both."""

    learner: Learner
    referee: Referee
    seed: int

    def relabel(self, fields: Fields, first: Opinion, name: str) -> list[dict[str, float]]:
        """Labels and model before any round and after each, scored against truth.

        first: of these fields before any round, which is the same for every order.
        """
        rng = np.random.default_rng([self.seed, 1])
        answers = np.eye(CLASSES, dtype=np.int64)[fields.labels - 1]
        found = first
        course = [self.scores(found.out_of_fold, fields.labels)]
        for _ in range(ROUNDS):
            known = Known(found.out_of_fold, fields.labels, answers, rng)
            asked = (answers.sum(axis=1) > 1) & (name != EVERY_LOOK)
            suspicion = np.where(asked, -np.inf, ORDERS[name](known))
            rows = np.argsort(-suspicion, kind="stable")[: round(SHARE * len(fields))]
            said = fields.labels[rows]
            for _ in range(3 if name == THREE_LABELERS else 1):
                said = self.referee.answer(rows, rng)
                answers[rows, said - 1] += 1
            labels = fields.labels.copy()
            labels[rows] = consensus(answers[rows], said)
            fields = replace(fields, labels=labels)
            found = self.learner.learn(fields, self.seed, found)
            course.append(self.scores(found.out_of_fold, fields.labels))
        return course

    def scores(self, found: Probabilities, labels: Labels) -> dict[str, float]:
        """The share of labels that are right, their cross-entropy, and the model's macro F1."""
        return {
            "labels right": self.referee.agreement(labels),
            "cross-entropy": float(label_cross_entropy(found, labels).mean()),
            "macro F1": float(self.referee.scores(found)["macro_f1"]),
        }


def consensus(answers: NDArray[np.int64], latest: Labels) -> Labels:
    """The code that most answers agree on; among equals the latest, where it is one of them."""
    most = answers.max(axis=1)
    is_one = answers[np.arange(len(latest)), latest - 1] == most
    return np.where(is_one, latest, np.asarray(CODES)[answers.argmax(axis=1)])


def hand_made(peer: HandMade) -> Learn:
    """A reference, trained all over again each time."""

    def learn(fields: Fields, seed: int, _before: Opinion | None) -> Opinion:
        return Opinion(peer.train(fields, plan_of(fields, seed), seed).out_of_fold)

    return learn


def somata(config: TrainingConfig) -> Learn:
    """Somata's default; after the first time from the last weights, as "train on" does."""

    def learn(fields: Fields, seed: int, before: Opinion | None) -> Opinion:
        warm = None
        if before is not None and before.models is not None:
            warm = WarmStart(before.models.ensemble, before.models.fold_of)
        seeded = replace(config, seed=seed, folds=FOLDS)
        found = cross_validate(fields.components, fields.labels, seeded, warm=warm)
        return Opinion(found.out_of_fold, found)

    return learn


def learners(options: Options, orders: Sequence[str]) -> list[Learner]:
    """Who trains between the rounds, with those of the orders that each is tried with."""
    own = tuple(order for order in orders if order in OWN_ORDERS)
    references = {
        "gradient boosting": gradient_boosting,
        "logistic regression": logistic_regression,
    }
    name = "logistic regression" if options.quick else "gradient boosting"
    peer = HandMade(name, EVERYTHING, references[name], FeatureTable())
    found = [
        Learner("Somata", somata(options.training()), own),
        Learner(f"{name} on {peer.inputs}", hand_made(peer), tuple(orders), options.threads),
    ]
    return [one for one in found if one.orders]


def measure(options: Options) -> str:
    """Every figure, as one text."""
    started = time.perf_counter()
    fields, referee = options.load()
    by_learner: dict[str, dict[str, Figures]] = {}
    chosen = options.chosen(list(ORDERS))
    for learner in learners(options, chosen):
        figures = by_learner.setdefault(learner.name, {name: Figures() for name in MEASURES})
        for seed in range(options.seeds):
            add_seed(figures, Lab(learner, referee, seed), fields)
    return options.report("relabeling", tables(by_learner, referee), started)


def add_seed(figures: dict[str, Figures], lab: Lab, fields: Fields) -> None:
    """Note every order's course with this seed."""
    say(f"seed {lab.seed}: {lab.learner.name}, before any round")
    first = lab.learner.learn(fields, lab.seed, None)

    def course(order: str) -> list[dict[str, float]]:
        say(f"seed {lab.seed}: {lab.learner.name}, {order}")
        return lab.relabel(fields, first, order)

    orders = lab.learner.orders
    with ThreadPoolExecutor(lab.learner.side_by_side) as pool:
        for order, found in zip(orders, pool.map(course, orders), strict=True):
            add_course(figures, order, found)


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
        + " of the answers. Three labelers each means three answers a component; the majority of "
        "these and of the first label is the label.",
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
