"""What a prediction says about where a labeler should look next.

All take calibrated probabilities (components, 4); for labeled components these must be
out-of-fold, since a model's opinion of what it was trained on finds no wrong labels.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.classes import columns_of

SMALLEST = 1e-6
"""Probabilities below this count as this, so that one sure mistake is not infinitely suspect."""


def predictive_entropy(probabilities: ArrayLike) -> NDArray[np.float64]:
    """Shannon entropy of each prediction, in nats.

    probabilities: (components, classes), rows sum to 1.
    Returns (components,), from 0 to ln(classes).
    Raises ValueError where a row does not sum to 1.
    Source: Shannon 1948.
    """
    p = check_probabilities(probabilities)
    logs = np.log(np.where(p > 0, p, 1.0))
    return np.asarray(np.clip(-(p * logs).sum(axis=1), 0.0, np.log(p.shape[1])))


def mutual_information(by_model: ArrayLike) -> NDArray[np.float64]:
    """How much of an ensemble's entropy is its members' disagreement, in nats.

    by_model: (models, components, classes). The entropy of the mean prediction less the mean
    entropy of the predictions (the expected entropy): the first part is what more labels would
    settle, the second what is ambiguous however many there are.
    Returns (components,), 0 where all agree. Source: Depeweg et al., ICML 2018.
    """
    p = np.asarray(by_model, dtype=np.float64)
    expected = np.mean([predictive_entropy(one) for one in p], axis=0)
    return np.asarray(np.maximum(predictive_entropy(p.mean(axis=0)) - expected, 0.0))


def label_cross_entropy(probabilities: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
    """Cross-entropy of each label under its prediction, in nats: -ln p(label)."""
    return -np.log(np.maximum(self_confidence(probabilities, labels), SMALLEST))


def label_quality(probabilities: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
    """How suspect each label is: its cross-entropy minus the prediction's entropy, in nats.

    Bigger is more suspect. Subtracting the entropy keeps what is merely ambiguous behind what is
    likely wrong. Source: Bernhardt et al., Nature Communications 2022.
    """
    return label_cross_entropy(probabilities, labels) - predictive_entropy(probabilities)


def self_confidence(probabilities: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
    """The probability that the prediction gives to the label, from 0 to 1; small is suspect."""
    p = check_probabilities(probabilities)
    columns = columns_of(labels)
    if len(columns) != len(p):
        raise ValueError(f"There are {len(p)} predictions but {len(columns)} labels.")
    return p[np.arange(len(p)), columns]


def margin(probabilities: ArrayLike) -> NDArray[np.float64]:
    """The largest probability less the second largest, from 0 to 1; small is ambiguous."""
    ordered = np.sort(check_probabilities(probabilities), axis=1)
    return ordered[:, -1] - ordered[:, -2]


def check_probabilities(probabilities: ArrayLike) -> NDArray[np.float64]:
    """The probabilities as float64; ValueError where they are not (components, >= 2) rows of 1."""
    p = np.asarray(probabilities, dtype=np.float64)
    if p.ndim != 2 or p.shape[1] < 2:
        raise ValueError(f"probabilities must be (components, classes), not {p.shape}.")
    # Not(good) rather than bad, so that NaN is refused too.
    wrong = ~((np.abs(p.sum(axis=1) - 1) <= 1e-3) & (p >= 0).all(axis=1))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(f"Row {row} of the probabilities does not sum to 1 without negatives.")
    return p
