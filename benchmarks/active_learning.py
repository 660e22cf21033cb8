"""How right a model is after how many labels, by the order in which components are labeled.

    python -m benchmarks.active_learning             every strategy, 3 seeds (under 30 minutes)
    python -m benchmarks.active_learning --quick     a few fields, 1 seed (under 2 minutes)
    python -m benchmarks.active_learning --publish   and write docs/benchmarks.md

Labels are asked for in batches, in the fields outside a fold; the macro F1 is against truth in
the fold's own fields. The learner in the loop is logistic regression on hand-made features, and
each label is what the one imperfect labeler gave.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.hand_features import EVERYTHING, hand_features
from benchmarks.harness import Figures, Options, plan_of, say
from benchmarks.peers import Estimator, class_probabilities, logistic_regression
from benchmarks.report import table
from benchmarks.simulated import Fields, Labels, Probabilities, Referee
from classifier import acquisition
from classifier.classes import CLASSES
from classifier.stopping import Batch, expected_changes
from classifier.uncertainty import predictive_entropy

FIRST, STEP, LAST = 50, 25, 1000
CHECKPOINTS = (100, 200, 300, 400, 500, 700, 1000)
QUICK_LAST, QUICK_CHECKPOINTS = 200, (100, 200)


@dataclass(frozen=True, eq=False)
class Pool:
    """What a strategy may look at: the components that could be labeled, and what is known.

    features: (components, features) standardised. labeled: which have a label by now.
    probabilities: of the model that learned those labels.
    """

    features: NDArray[np.float64]
    labeled: NDArray[np.bool_]
    probabilities: Probabilities
    rng: np.random.Generator


Strategy = Callable[[Pool, int], NDArray[np.int64]]


def learner(seed: int) -> Estimator:
    """Logistic regression, held back more than with thousands of labels."""
    return logistic_regression(seed, strength=0.01)


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
    "diversity": lambda pool, count: acquisition.spread_out(
        pool.features, pool.labeled, count, pool.rng
    ),
    "diversity x CAL": diverse_among_undecided,
}


@dataclass(frozen=True, eq=False)
class Course:
    """One strategy in the fields outside a fold.

    predictions: labels spent to (components of the fold, 4). history: for the stopping estimate,
    counted over the pool.
    """

    predictions: dict[int, Probabilities]
    history: list[Batch]


@dataclass(frozen=True, eq=False)
class Arena:
    """The data of one fold. features, labels: of the pool; unseen: features of the fold itself."""

    features: NDArray[np.float64]
    labels: Labels
    unseen: NDArray[np.float64]
    learner: Callable[[int], Estimator]
    checkpoints: Sequence[int]
    last: int

    def run(self, strategy: Strategy, seed: int) -> Course:
        """Label batch after batch as the strategy wants it."""
        rng = np.random.default_rng(seed)
        labeled = np.zeros(len(self.labels), dtype=bool)
        # Nobody has a model to begin with: everybody starts from the same random labels.
        labeled[rng.permutation(len(labeled))[:FIRST]] = True
        course = Course({}, [])
        before: Probabilities | None = None
        spent = 0
        while True:
            model = self.learner(seed).fit(self.features[labeled], self.labels[labeled])
            found = class_probabilities(model, self.features)
            now = int(labeled.sum())
            if before is not None:
                changed = int((found.argmax(axis=1) != before.argmax(axis=1)).sum())
                course.history.append(Batch(spent, now, changed))
            if now in self.checkpoints:
                course.predictions[now] = class_probabilities(model, self.unseen)
            if now >= self.last:
                return course
            before, spent = found, now
            count = min(STEP, self.last - now)
            labeled[strategy(Pool(self.features, labeled, found, rng), count)] = True


def arenas(
    features: NDArray[np.float64], fields: Fields, options: Options, seed: int
) -> list[tuple[Arena, NDArray[np.intp]]]:
    """An arena a fold, and which components the fold holds."""
    plan = plan_of(fields, seed)
    checkpoints = QUICK_CHECKPOINTS if options.quick else CHECKPOINTS
    last = QUICK_LAST if options.quick else LAST
    found = []
    for fold in range(plan.folds):
        inside = np.flatnonzero(plan.fold_of == fold)
        pool = np.flatnonzero(plan.fold_of != fold)
        arena = Arena(
            features[pool], fields.labels[pool], features[inside],
            learner, checkpoints, last,
        )  # fmt: skip
        found.append((arena, inside))
    return found


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
    """How often the stopping estimate's interval held the changes of the next four batches."""
    held, off = [], []
    for course in courses:
        for known in range(4, len(course.history) - 1, 4):
            ahead = course.history[known : known + 4]
            # The estimate is of what each batch changes, summed, as the history has it.
            true = sum(batch.changed for batch in ahead)
            labels = ahead[-1].labels_after - ahead[0].labels_before
            said = expected_changes(course.history[:known], labels)
            held.append(said.low <= true <= said.high)
            off.append(abs(said.expected - true) / max(true, 1))
    return {"held": float(np.mean(held)), "off": float(np.median(off))}


def measure(options: Options) -> str:
    """Every figure, as one text."""
    started = time.perf_counter()
    fields, referee = options.load()
    features = np.column_stack(list(hand_features(fields.components, EVERYTHING).values()))
    filled = np.where(np.isfinite(features), features, np.nanmedian(features, axis=0))
    curves, stopping = Figures(), Figures()
    for seed in range(options.seeds):
        every = arenas(acquisition.standardise(filled), fields, options, seed)
        for name in options.chosen(list(STRATEGIES)):
            say(f"seed {seed}: {name}")
            courses = [(arena.run(STRATEGIES[name], seed), inside) for arena, inside in every]
            curves.add((name,), curve(courses, referee))
            stopping.add((name,), stopping_check([course for course, _ in courses]))
    return options.report("active_learning", tables(curves, stopping), started)


def curve(courses: Sequence[tuple[Course, NDArray[np.intp]]], referee: Referee) -> dict[str, float]:
    """Macro F1 over all folds together, by the number of labels each was trained on."""
    found = {}
    for labels in courses[0][0].predictions:
        together = np.zeros((len(referee), CLASSES))
        for course, inside in courses:
            together[inside] = course.predictions[labels]
        found[str(labels)] = float(referee.scores(together)["macro_f1"])
    return found


def tables(curves: Figures, stopping: Figures) -> list[str]:
    """The curves, the labels that each strategy needs, and the stopping estimate, as text."""
    steps = list(next(iter(curves.values.values())))
    found = [
        "Macro F1 against truth in fields that nobody labeled, after so many labels:",
        table(("strategy", *steps, "seeds"), curves.rows(steps)),
    ]
    if ("random",) in curves.values:
        found += [
            f"Labels that a strategy needs for what {steps[-1]} random labels give:",
            table(("strategy", "labels", "seeds"), needed(curves, steps).rows(("labels",))),
        ]
    found += [
        "The stopping estimate, asked after every fourth batch for the next four: how often its "
        "80% interval held the number of predictions that changed, and by how much its mean was "
        "off (median):",
        table(("strategy", "held", "off", "seeds"), stopping.rows(("held", "off"))),
    ]
    return found


def needed(curves: Figures, steps: Sequence[str]) -> Figures:
    """The labels that each strategy needs for the score of the last random ones, by seed."""
    labels = [int(step) for step in steps]
    goals = curves.values[("random",)][steps[-1]]
    found = Figures()
    for row, scores in curves.values.items():
        for seed, goal in enumerate(goals):
            own = [scores[step][seed] for step in steps]
            found.add(row, {"labels": labels_for(goal, labels, own)})
    return found


if __name__ == "__main__":
    measure(Options.parse(__doc__))
