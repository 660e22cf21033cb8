"""How right a model is after how many labels, by the order in which components are labeled.

    python -m benchmarks.active_learning             every strategy, 3 seeds (under 30 minutes)
    python -m benchmarks.active_learning --quick     a few fields, 1 seed (under 2 minutes)
    python -m benchmarks.active_learning --publish   and write docs/benchmarks.md

Labels are asked for in batches, in two thirds of the fields; the macro F1 is against truth in the
rest. Each label is what the one imperfect labeler gave. Two learners: Somata's default, one model
that learns from the unlabeled too, as a training does; and logistic regression on hand-made
features, which is cheap.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.hand_features import EVERYTHING, hand_features
from benchmarks.harness import Figures, Options, say
from benchmarks.peers import class_probabilities, logistic_regression
from benchmarks.report import table
from benchmarks.simulated import Fields, Labels, Probabilities, Referee
from classifier import acquisition
from classifier.classes import CLASSES
from classifier.config import TrainingConfig
from classifier.ensemble import with_measures
from classifier.examples import make_examples
from classifier.folds import plan_folds
from classifier.guessing import Unlabeled, draft, with_guesses
from classifier.stopping import Batch, expected_changes
from classifier.training import TrainingSet, train_model
from classifier.uncertainty import mutual_information, predictive_entropy

RANDOM = ("random",)
"""The row of the tables that all others are held against."""

MUTUAL_INFORMATION = "mutual information"
"""Of the committee's networks and trees; the queue takes that of the folds' committees."""

FIRST = 50
CHECKPOINTS = (100, 200, 300, 400, 500, 700, 1000)
QUICK_CHECKPOINTS = (100, 200)
PARTS = 3
"""The fields are asked about in so many parts, each by what is labeled in the others."""
SIZES = (50, 100, 200, 300, 400, 500, 600, 700, 850, 1000)
"""Numbers of labels after which Somata is trained."""
AHEAD = 1.4
"""The stopping estimate is asked about so many times the labels that there are."""


@dataclass(frozen=True, eq=False)
class Pool:
    """What a strategy may look at: the components that could be labeled, and what is known.

    features: (components, features) standardised. labeled: which have a label by now.
    probabilities: of the model that learned those labels. opinions: (opinions, components, 4) of
    its parts, of which those are the mean.
    """

    features: NDArray[np.float64]
    labeled: NDArray[np.bool_]
    probabilities: Probabilities
    opinions: NDArray[np.float64]
    rng: np.random.Generator


Strategy = Callable[[Pool, int], NDArray[np.int64]]
Learn = Callable[[NDArray[np.intp], NDArray[np.intp], int], NDArray[np.float64]]
"""What a model that learned the first components' labels beside the second ones, which have none,
says of all components, with a seed: (opinions, components, 4), one by each of its parts.
"""


@dataclass(frozen=True, eq=False)
class Learner:
    """What is trained whenever there are as many labels as one of `sizes`.

    strategies: those that are tried with it. side_by_side: how many courses at once.
    """

    name: str
    learn: Learn
    sizes: Sequence[int]
    strategies: tuple[str, ...]
    side_by_side: int = 1


def linear(features: NDArray[np.float64], labels: Labels) -> Learner:
    """Logistic regression, held back more than with thousands of labels."""

    def learn(rows: NDArray[np.intp], others: NDArray[np.intp], seed: int) -> NDArray[np.float64]:
        model = logistic_regression(seed, strength=0.01).fit(features[rows], labels[rows])
        return class_probabilities(model, features)[None]

    sizes = (*range(FIRST, 500, 25), *range(500, CHECKPOINTS[-1] + 1, 50))
    # It has no parts that could disagree.
    strategies = tuple(name for name in STRATEGIES if name != MUTUAL_INFORMATION)
    return Learner("logistic regression", learn, sizes, strategies)


def somata(fields: Fields, options: Options) -> Learner:
    """One model of Somata's default, hardly trained for a quick look."""
    config = TrainingConfig(epochs=1, trees=2) if options.quick else TrainingConfig()
    measured = with_measures(fields.components, config.inputs)
    examples = make_examples(measured, config)

    def learn(rows: NDArray[np.intp], others: NDArray[np.intp], seed: int) -> NDArray[np.float64]:
        # As a training does: small networks on a core each, not one on all.
        torch.set_num_threads(1)
        device = torch.device("cpu")
        shown, groups = examples.take(torch.from_numpy(rows)), fields.components.groups[rows]
        part = TrainingSet(shown, fields.labels[rows], groups)
        beside = Unlabeled.drawn_from(measured.take(others), len(rows), config)
        if beside is not None:
            first = draft(part, config, seed, device)
            part = with_guesses(part, first, beside.examples)
        trained = train_model(part, config, seed=seed, device=device)
        with torch.inference_mode():
            scaled = trained.model.scale(examples.numbers)
            return trained.model.opinions(examples.images, scaled).exp().double().numpy()

    tried = ("random", "margin, CAL", "DCAL", MUTUAL_INFORMATION)
    return Learner("Somata", learn, SIZES, tried, options.threads)


def by_score(score: Callable[[Pool], NDArray[np.float64]]) -> Strategy:
    """The unlabeled ones with the largest scores."""
    return lambda pool, count: acquisition.best(score(pool), pool.labeled, count)


def dcal(pool: Pool) -> NDArray[np.float64]:
    """ActSort's mixture, with its usual weight."""
    return acquisition.mixed_score(pool.probabilities, pool.features, pool.labeled)


def diverse_among_undecided(pool: Pool, count: int) -> NDArray[np.int64]:
    """Spread out, with chances in proportion to how undecided the model is."""
    undecided = acquisition.confidence_score(pool.probabilities)
    return acquisition.spread_out(pool.features, pool.labeled, count, pool.rng, undecided)


STRATEGIES: dict[str, Strategy] = {
    "random": by_score(lambda pool: pool.rng.random(len(pool.labeled))),
    "entropy": by_score(lambda pool: predictive_entropy(pool.probabilities)),
    "margin, CAL": by_score(lambda pool: acquisition.confidence_score(pool.probabilities)),
    "DAL": by_score(lambda pool: acquisition.discriminative_score(pool.features, pool.labeled)),
    "DCAL": by_score(dcal),
    MUTUAL_INFORMATION: by_score(lambda pool: mutual_information(pool.opinions)),
    "diversity": lambda pool, count: acquisition.spread_out(
        pool.features, pool.labeled, count, pool.rng
    ),
    "diversity x CAL": diverse_among_undecided,
}


@dataclass(frozen=True, eq=False)
class Course:
    """One strategy in one arena.

    predictions: labels spent to (components asked about, 4). called: labels spent to (components
    of the pool,) the likeliest classes, for the stopping estimate.
    """

    predictions: dict[int, Probabilities]
    called: dict[int, NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class Arena:
    """A part of the fields. features: of all components. pool, inside: rows outside and in it."""

    features: NDArray[np.float64]
    pool: NDArray[np.intp]
    inside: NDArray[np.intp]
    checkpoints: Sequence[int]

    def run(self, learner: Learner, strategy: Strategy, seed: int) -> Course:
        """Label batch after batch as the strategy wants it."""
        rng = np.random.default_rng(seed)
        labeled = np.zeros(len(self.pool), dtype=bool)
        # Nobody has a model to begin with: everybody starts from the same random labels.
        labeled[rng.permutation(len(labeled))[:FIRST]] = True
        course = Course({}, {})
        while True:
            opinions = learner.learn(self.pool[labeled], self.pool[~labeled], seed)
            opinion = opinions.mean(axis=0)
            found = opinion[self.pool]
            now = int(labeled.sum())
            course.called[now] = found.argmax(axis=1)
            if now in self.checkpoints:
                course.predictions[now] = opinion[self.inside]
            if now >= self.checkpoints[-1]:
                return course
            count = min(size for size in learner.sizes if size > now) - now
            pool = Pool(self.features[self.pool], labeled, found, opinions[:, self.pool], rng)
            labeled[strategy(pool, count)] = True


def arenas(
    features: NDArray[np.float64], fields: Fields, options: Options, seed: int
) -> list[Arena]:
    """An arena a part."""
    plan = plan_folds(fields.labels, fields.components.groups, PARTS, seed)
    checkpoints = QUICK_CHECKPOINTS if options.quick else CHECKPOINTS
    folds = [plan.fold_of == fold for fold in range(plan.folds)]
    return [
        Arena(features, np.flatnonzero(~fold), np.flatnonzero(fold), checkpoints) for fold in folds
    ]


def labels_for(reached: float, labels: Sequence[int], scores: Sequence[float]) -> float:
    """How many labels give this score, between the checkpoints; infinite where none does.

    The score is taken never to fall, since one would keep the better model.
    """
    best = np.maximum.accumulate(scores)
    if best[-1] < reached:
        return float("inf")
    if best[0] >= reached:
        return float(labels[0])
    at = int(np.argmax(best >= reached))
    part = (reached - best[at - 1]) / (best[at] - best[at - 1])
    return float(labels[at - 1] + part * (labels[at] - labels[at - 1]))


def stopping_check(courses: Sequence[Course]) -> dict[str, float]:
    """How often the stopping estimate's interval held what later labels changed, asked at the
    third training and later ones, and by how much its middle was off.
    """
    held, off = [], []
    for course in courses:
        sizes = list(course.called)
        history = [
            Batch(before, after, _changed(course, before, after))
            for before, after in pairwise(sizes)
        ]
        for known in range(2, len(sizes)):
            now = sizes[known]
            later = [size for size in sizes if size >= AHEAD * now]
            if not later:
                break
            said = expected_changes(history[:known], later[0] - now)
            true = _changed(course, now, later[0])
            held.append(said.low <= true <= said.high)
            off.append(abs(said.expected - true) / max(true, 1))
    return {"held": float(np.mean(held)), "off": float(np.median(off))} if held else {}


def _changed(course: Course, before: int, after: int) -> int:
    return int((course.called[before] != course.called[after]).sum())


def measure(options: Options) -> str:
    """Every figure, as one text."""
    started = time.perf_counter()
    fields, referee = options.load()
    features = np.column_stack(list(hand_features(fields.components, EVERYTHING).values()))
    filled = np.where(np.isfinite(features), features, np.nanmedian(features, axis=0))
    scaled = acquisition.standardise(filled)
    by_learner: dict[str, Figures] = {}
    found: list[str] = []
    chosen = options.chosen(list(STRATEGIES))
    for learner in (somata(fields, options), linear(scaled, fields.labels)):
        curves, stopping = Figures(), Figures()
        for seed in range(options.seeds):
            every = arenas(scaled, fields, options, seed)
            tried = [name for name in learner.strategies if name in chosen]
            say(f"seed {seed}: {learner.name}, {', '.join(tried)}")
            for name, courses in zip(tried, run_all(every, learner, tried, seed), strict=True):
                curves.add((name,), curve(every, courses, referee))
                if checked := stopping_check(courses):
                    stopping.add((name,), checked)
        if curves.values:
            by_learner[learner.name] = curves
            found += tables(learner.name, curves, stopping)
    found += across(by_learner)
    return options.report("active_learning", found, started)


def run_all(
    every: Sequence[Arena], learner: Learner, strategies: Sequence[str], seed: int
) -> list[list[Course]]:
    """A course an arena, of each of these strategies."""
    with ThreadPoolExecutor(learner.side_by_side) as pool:
        courses = [
            [pool.submit(arena.run, learner, STRATEGIES[name], seed) for arena in every]
            for name in strategies
        ]
        return [[one.result() for one in own] for own in courses]


def curve(every: Sequence[Arena], courses: Sequence[Course], referee: Referee) -> dict[str, float]:
    """Macro F1 over all parts together, by the number of labels each was trained on."""
    found = {}
    for labels in courses[0].predictions:
        together = np.zeros((len(referee), CLASSES))
        for arena, course in zip(every, courses, strict=True):
            together[arena.inside] = course.predictions[labels]
        found[str(labels)] = float(referee.scores(together)["macro_f1"])
    return found


def tables(learner: str, curves: Figures, stopping: Figures) -> list[str]:
    """The curves, the labels that each strategy needs, and the stopping estimate, as text."""
    steps = list(next(iter(curves.values.values())))
    found = [
        f"{learner}: macro F1 against truth in fields that nobody labeled, after so many labels:",
        table(("strategy", *steps, "seeds"), curves.rows(steps)),
    ]
    if RANDOM in curves.values:
        found += [
            f"{learner}: labels that a strategy needs for what {steps[-1]} random labels give:",
            table(("strategy", "labels", "seeds"), needed(curves, curves).rows(("labels",))),
        ]
    if stopping.values:
        found += [
            f"{learner}: the stopping estimate, asked about {AHEAD} times the labels at the third "
            "training and later ones: how often its 80% interval held the number of predictions "
            "that changed till then, and by how much its middle was off (median):",
            table(("strategy", "held", "off", "seeds"), stopping.rows(("held", "off"))),
        ]
    return found


def across(by_learner: dict[str, Figures]) -> list[str]:
    """What the first learner needs for what the other reaches with random labels, as text."""
    if len(by_learner) < 2:
        return []
    (own, curves), (other, peer) = by_learner.items()
    if RANDOM not in peer.values:
        return []
    last = list(peer.values[RANDOM])[-1]
    return [
        f"Labels that {own} needs for what {last} random labels give {other}:",
        table(("strategy", "labels", "seeds"), needed(curves, peer).rows(("labels",))),
    ]


def needed(curves: Figures, peer: Figures) -> Figures:
    """The labels that each strategy needs for the score of the peer's last random ones, by seed."""
    steps = list(next(iter(curves.values.values())))
    goals = peer.values[RANDOM][steps[-1]]
    found = Figures()
    for row, scores in curves.values.items():
        for seed, goal in enumerate(goals):
            own = [scores[step][seed] for step in steps]
            found.add(row, {"labels": labels_for(goal, [int(step) for step in steps], own)})
    return found


if __name__ == "__main__":
    measure(Options.parse(__doc__))
