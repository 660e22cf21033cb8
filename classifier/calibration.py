"""Temperature scaling: one number that makes probabilities as sure as they are right.

Source: Guo, Pleiss, Sun and Weinberger, On Calibration of Modern Neural Networks (2017).
"""

from math import exp, log, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.classes import columns_of
from classifier.label_noise import estimate_confusion

MIN_TEMPERATURE, MAX_TEMPERATURE = 0.2, 10.0
_STEPS = 60


def apply_temperature(
    log_probabilities: NDArray[np.floating], temperature: float
) -> NDArray[np.float64]:
    """Probabilities of log-probabilities (or logits) divided by a temperature.

    log_probabilities: (components, classes); minus infinity for a class that cannot be.
    Returns (components, classes), rows sum to 1. Above 1 the temperature softens, below sharpens.
    """
    if not temperature > 0:
        raise ValueError(f"temperature must be above 0, not {temperature}.")
    scaled = np.asarray(log_probabilities, dtype=np.float64) / temperature
    odds = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def fit_temperature(
    log_probabilities: NDArray[np.floating],
    labels: ArrayLike,
    confusion: NDArray[np.float64] | None = None,
) -> float:
    """The temperature with the least mean cross-entropy on held-out labels.

    log_probabilities: (components, 4) of models that did not train on these components.
    labels: (components,) codes 1 to 4.
    confusion: (4, 4) how often each true class (rows) gets each label (columns). With it the
        probabilities are of the true class: those of the label follow by the labelers' errors.
        Without it one labeler in seven who errs makes every prediction look too sure.
        Source: the forward correction of Patrini et al., CVPR 2017, applied to calibration.
    Returns a value from 0.2 to 10; 1.0 where there is nothing to fit on.
    The loss is convex in 1 / temperature, so a golden-section search finds the one minimum.
    """
    columns = columns_of(labels)
    if len(columns) == 0:
        return 1.0
    rows = np.arange(len(columns))

    def loss(log_temperature: float) -> float:
        probabilities = apply_temperature(log_probabilities, exp(log_temperature))
        if confusion is not None:
            probabilities = probabilities @ confusion
        chosen = probabilities[rows, columns]
        return float(-np.log(np.maximum(chosen, 1e-12)).mean())

    ratio = (sqrt(5) - 1) / 2
    low, high = log(MIN_TEMPERATURE), log(MAX_TEMPERATURE)
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    loss_left, loss_right = loss(left), loss(right)
    for _ in range(_STEPS):
        if loss_left < loss_right:
            high, right, loss_right = right, left, loss_left
            left = high - ratio * (high - low)
            loss_left = loss(left)
        else:
            low, left, loss_left = left, right, loss_right
            right = low + ratio * (high - low)
            loss_right = loss(right)
    return exp((low + high) / 2)


def noise_aware_temperature(log_probabilities: NDArray[np.floating], labels: ArrayLike) -> float:
    """`fit_temperature` with the labelers' confusion estimated from the same predictions."""
    if len(log_probabilities) == 0:
        return 1.0
    plain = fit_temperature(log_probabilities, labels)
    confusion = estimate_confusion(apply_temperature(log_probabilities, plain), labels)
    return fit_temperature(log_probabilities, labels, confusion)
