"""Which components to label next: scores, the larger the sooner, and draws that avoid the alike.

All take arrays and give arrays; the model that made the probabilities may be any. `features` are
whatever describes a component to a linear model: a network's embeddings or hand-made measures.

CAL, DAL and DCAL are those of ActSort (Jiang et al., NeurIPS 2024), which sorts cells from
non-cells, carried over to more classes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.uncertainty import margin

Scores = NDArray[np.float64]

RIDGE = 1.0
"""Strength of the pull to zero on the labeled-against-unlabeled weights."""

_NEWTON_STEPS = 25


def confidence_score(probabilities: ArrayLike) -> Scores:
    """CAL: how undecided the classifier is between its two likeliest classes, from 0 to 1.

    probabilities: (components, classes), rows sum to 1.
    ActSort takes 1 - 2 |p - 0.5| for two classes; that is 1 less the margin, which this is for
    any number of classes.
    """
    return np.asarray(1.0 - margin(probabilities))


@dataclass(frozen=True, eq=False)
class LabeledLook:
    """What a classifier of labeled against unlabeled components says.

    chance: (components,) from 0 to 1, of being labeled, as if both kinds were as many.
    separation: from 0 to 1, how well it tells them apart: 2 (accuracy - 0.5), not below 0.
    """

    chance: Scores
    separation: float


@dataclass(frozen=True, eq=False)
class LabeledModel:
    """A classifier of labeled against unlabeled components, for components it was not fitted on.

    coefficients: (1 + features,), the first free, of features less `centre` over `spread`.
    separation: as in `LabeledLook`.
    """

    centre: NDArray[np.float64]
    spread: NDArray[np.float64]
    coefficients: NDArray[np.float64]
    separation: float

    def look(self, features: ArrayLike) -> LabeledLook:
        """What it says of these components; features not finite count as the centre."""
        x = (np.asarray(features, dtype=np.float64) - self.centre) / self.spread
        x = np.where(np.isfinite(x), x, 0.0)
        values = self.coefficients[0] + x @ self.coefficients[1:]
        return LabeledLook(_logistic(values), self.separation)


def fit_labeled_look(features: ArrayLike, labeled: ArrayLike) -> LabeledModel:
    """The classifier behind `labeled_look`, to be fitted on some components and used on all.

    Raises as `labeled_look` does.
    """
    x, is_labeled = _check_features(features, labeled)
    deviation = x.std(axis=0)
    # A feature that never varies tells nothing, also where it differs in another component.
    spread = np.where(deviation > 1e-12, deviation, np.inf)
    centre = x.mean(axis=0)
    if is_labeled.all() or not is_labeled.any():
        return LabeledModel(centre, spread, np.zeros(1 + x.shape[1]), 0.0)
    design = np.column_stack([np.ones(len(x)), (x - centre) / spread])
    shares = np.where(is_labeled, 0.5 / is_labeled.sum(), 0.5 / (~is_labeled).sum())
    # Twice the smaller kind is what ActSort's balanced draw would train on.
    weights = shares * 2 * min(is_labeled.sum(), (~is_labeled).sum())
    coefficients = _fit_logistic(design, is_labeled, weights)
    right = (_logistic(design @ coefficients) > 0.5) == is_labeled
    separation = float(np.clip(2 * (right.mean() - 0.5), 0.0, 1.0))
    return LabeledModel(centre, spread, coefficients, separation)


def labeled_look(features: ArrayLike, labeled: ArrayLike) -> LabeledLook:
    """How much each component looks like those that have a label.

    features: (components, features), finite. labeled: (components,) true where there is a label.
    A logistic regression on standardised features. ActSort draws as many unlabeled components as
    there are labeled ones and uses a lasso; here all are used, weighted to the same balance, with
    a ridge, so that the answer does not depend on a draw. Where all or none are labeled there is
    nothing to tell apart: every chance is 0.5 and the separation 0.
    Raises ValueError for arrays of different lengths or values that are not finite.
    """
    return fit_labeled_look(features, labeled).look(features)


def discriminative_score(features: ArrayLike, labeled: ArrayLike) -> Scores:
    """DAL: how little a component looks like those that have a label, from 0 to 1.

    See `labeled_look` for the arguments. Source: Gissin and Shalev-Shwartz, Discriminative Active
    Learning (2019), as ActSort uses it.
    """
    return np.asarray(1.0 - labeled_look(features, labeled).chance)


def mixed_score(
    probabilities: ArrayLike, features: ArrayLike, labeled: ArrayLike, weight: float = 0.5
) -> Scores:
    """DCAL: a mixture of DAL and CAL that leans to DAL while the unlabeled still look different.

    DAL's share is `weight` times how well labeled and unlabeled can be told apart: as the labeled
    come to cover the data, that falls to nothing and CAL remains. Source: ActSort.
    Raises ValueError where weight is not from 0 to 1 or the arrays do not fit.
    """
    return mixed(probabilities, labeled_look(features, labeled), weight)


def mixed(probabilities: ArrayLike, look: LabeledLook, weight: float = 0.5) -> Scores:
    """`mixed_score` where it is known already how labeled these components look."""
    if not 0 <= weight <= 1:
        raise ValueError(f"weight must be from 0 to 1, not {weight}.")
    confidence = confidence_score(probabilities)
    if len(look.chance) != len(confidence):
        raise ValueError(
            f"There are {len(confidence)} predictions but {len(look.chance)} rows of features."
        )
    share = weight * look.separation
    return np.asarray(share * (1.0 - look.chance) + (1.0 - share) * confidence)


def best(scores: ArrayLike, labeled: ArrayLike, count: int) -> NDArray[np.int64]:
    """The unlabeled components with the largest scores, in that order; at most `count`."""
    values = np.asarray(scores, dtype=np.float64)
    open_rows = np.flatnonzero(~np.asarray(labeled, dtype=bool))
    return open_rows[np.argsort(-values[open_rows], kind="stable")][:count].astype(np.int64)


def spread_out(
    features: ArrayLike,
    labeled: ArrayLike,
    count: int,
    rng: np.random.Generator,
    scores: ArrayLike | None = None,
) -> NDArray[np.int64]:
    """Unlabeled components that differ from each other and from the labeled; at most `count`.

    Each is drawn with a chance in proportion to the squared distance to the nearest component that
    is labeled or drawn before, times its score where `scores` (not negative) are given: diversity
    alone, or among what is worth asking. Distances are in standardised features.
    Sources: k-means++ (Arthur and Vassilvitskii 2007), its use in BADGE (Ash et al. 2020).
    Raises ValueError for negative scores, arrays of different lengths or values not finite.
    """
    x, is_labeled = _check_features(features, labeled)
    worth = np.ones(len(x)) if scores is None else np.asarray(scores, dtype=np.float64)
    if worth.shape != (len(x),) or not (worth >= 0).all():
        raise ValueError("scores must be one number for each component, none negative.")
    scaled = standardise(x)
    squared = (scaled**2).sum(axis=1)
    nearest = np.full(len(x), np.inf)
    for rows in np.array_split(np.flatnonzero(is_labeled), 1 + is_labeled.sum() // 256):
        nearest = np.minimum(nearest, _distances(scaled, squared, rows).min(axis=1, initial=np.inf))
    taken = is_labeled.copy()
    drawn: list[int] = []
    while len(drawn) < count and not taken.all():
        drawn.append(_draw(nearest, worth, taken, rng))
        taken[drawn[-1]] = True
        nearest = np.minimum(nearest, _distances(scaled, squared, drawn[-1:])[:, 0])
    return np.asarray(drawn, dtype=np.int64)


def standardise(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each feature with mean 0 and standard deviation 1; one that never varies becomes 0."""
    spread = features.std(axis=0)
    centred = features - features.mean(axis=0)
    return np.asarray(centred / np.where(spread > 1e-12, spread, 1.0) * (spread > 1e-12))


def _check_features(
    features: ArrayLike, labeled: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    x = np.asarray(features, dtype=np.float64)
    is_labeled = np.asarray(labeled, dtype=np.bool_)
    if x.ndim != 2 or is_labeled.shape != (len(x),):
        raise ValueError(
            f"features must be (components, features) and labeled (components,), "
            f"not {x.shape} and {is_labeled.shape}."
        )
    if not np.isfinite(x).all():
        row = int(np.flatnonzero(~np.isfinite(x).all(axis=1))[0])
        raise ValueError(f"The features of component {row} are not all finite.")
    return x, is_labeled


def _logistic(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * values)))


def _fit_logistic(
    design: NDArray[np.float64], positive: NDArray[np.bool_], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The coefficients of a ridge logistic regression by Newton's method; the first is free."""
    ridge = np.full(design.shape[1], RIDGE)
    ridge[0] = 1e-6
    found = np.zeros(design.shape[1])
    for _ in range(_NEWTON_STEPS):
        chance = _logistic(design @ found)
        slope = design.T @ (weights * (chance - positive)) + ridge * found
        curve = (design * (weights * chance * (1 - chance))[:, None]).T @ design + np.diag(ridge)
        step = np.linalg.solve(curve, slope)
        # A full step may overshoot where the two kinds are told apart with ease.
        found -= step / max(1.0, float(np.abs(step).max()) / 5)
        if np.abs(step).max() < 1e-6:
            break
    return found


def _distances(
    scaled: NDArray[np.float64], squared: NDArray[np.float64], rows: ArrayLike
) -> NDArray[np.float64]:
    """(components, rows) squared distances to some of the components."""
    at = np.asarray(rows, dtype=np.int64)
    apart = squared[:, None] + squared[at] - 2 * (scaled @ scaled[at].T)
    return np.asarray(np.maximum(apart, 0.0))


def _draw(
    nearest: NDArray[np.float64],
    worth: NDArray[np.float64],
    taken: NDArray[np.bool_],
    rng: np.random.Generator,
) -> int:
    """One row that is not taken; with equal chances where no distance or score tells them apart."""
    gaps = np.where(np.isinf(nearest), 1.0, nearest)
    for chances in (gaps * worth, worth, np.ones(len(worth))):
        weights = np.where(taken, 0.0, chances)
        if weights.sum() > 0:
            return int(rng.choice(len(weights), p=weights / weights.sum()))
    raise ValueError("Every component is taken.")
