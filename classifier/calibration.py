"""Probabilities as sure as they are right: a temperature, and an offset a class.

Source: Guo, Pleiss, Sun and Weinberger, On Calibration of Modern Neural Networks (ICML 2017); with
offsets Alexandari, Kundaje and Shrikumar, Maximum Likelihood with Bias-Corrected Calibration
(ICML 2020); with labels that err the forward correction of Patrini et al. (CVPR 2017).
"""

from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.classes import CLASSES, columns_of
from classifier.label_noise import Confusion, estimate_confusion

MIN_TEMPERATURE, MAX_TEMPERATURE = 0.2, 10.0
MAX_OFFSET = 3.0
_STEPS = 60
_TURNS = 8
"""How often the labelers' errors and the calibration are fitted in turn: until both stand still."""
_TEMPERATURE_SPREAD, _OFFSET_SPREAD = 0.3, 0.1
"""How far, in nats, the logarithm of the temperature is expected from that of a plain fit, and an
offset from 0. A hundred labels say less than that, and thousands say more."""


@dataclass(frozen=True)
class Calibration:
    """What is done to log-probabilities before they are believed.

    temperature: they are divided by it; above 1 it softens, below it sharpens.
    offsets: one a class, in nats, that is added then, in the order of the codes.
    """

    temperature: float = 1.0
    offsets: tuple[float, ...] = (0.0,) * CLASSES

    def __post_init__(self) -> None:
        """Raises ValueError for numbers that no fit gives."""
        if not MIN_TEMPERATURE <= self.temperature <= MAX_TEMPERATURE:
            raise ValueError(f"The model's temperature {self.temperature} is out of range.")
        if len(self.offsets) != CLASSES or not all(
            abs(offset) <= MAX_OFFSET for offset in self.offsets
        ):
            raise ValueError(f"The model's offsets {self.offsets} are out of range.")

    def apply(self, log_probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
        """(components, classes) probabilities; minus infinity stays a probability of 0."""
        offsets = np.asarray(self.offsets)[: log_probabilities.shape[1]]
        return apply_temperature(log_probabilities / self.temperature + offsets, 1.0)


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


def fit_temperature(log_probabilities: NDArray[np.floating], labels: ArrayLike) -> float:
    """The temperature with the least mean cross-entropy on held-out labels.

    log_probabilities: (components, 4) of models that did not train on these components.
    labels: (components,) codes 1 to 4.
    Returns a value from 0.2 to 10; 1.0 where there is nothing to fit on.
    The loss is convex in 1 / temperature, so a golden-section search finds the one minimum.
    """
    columns = columns_of(labels)
    if len(columns) == 0:
        return 1.0
    rows = np.arange(len(columns))

    def loss(log_temperature: float) -> float:
        probabilities = apply_temperature(log_probabilities, exp(log_temperature))
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


def noise_aware_calibration(
    log_probabilities: NDArray[np.floating], labels: ArrayLike
) -> Calibration:
    """The calibration whose probabilities are of the true class, though some labels are wrong.

    log_probabilities: (components, 4), finite, of models that did not train on these components.
    labels: (components,) codes 1 to 4.
    One labeler in seven who errs makes every prediction look too sure. So how the labelers err is
    estimated from the calibrated predictions, and the predictions are calibrated by that, in turn;
    an offset corrects a class that the labelers, and so the model that learned from them, give too
    often or too seldom.
    """
    columns = columns_of(labels)
    if len(columns) == 0:
        return Calibration()
    plain = -log(fit_temperature(log_probabilities, labels))
    found = np.array([plain, *[0.0] * CLASSES])
    for _ in range(_TURNS):
        probabilities = _scaled(log_probabilities, found)
        found = _fit(
            log_probabilities, columns, estimate_confusion(probabilities, labels), found, plain
        )
    temperature = min(max(exp(-found[0]), MIN_TEMPERATURE), MAX_TEMPERATURE)
    offsets = np.clip(found[1:], -MAX_OFFSET, MAX_OFFSET)
    return Calibration(temperature, tuple(float(offset) for offset in offsets))


def _fit(
    logs: NDArray[np.floating],
    columns: NDArray[np.int64],
    confusion: Confusion,
    start: NDArray[np.float64],
    plain: float,
) -> NDArray[np.float64]:
    """The logarithm of the sharpness, and the offsets, with the best penalised likelihood."""
    # Imported here alone: it takes a while, which only who trains should pay.
    from scipy.optimize import minimize

    expected = np.array([plain, *[0.0] * CLASSES])
    spread = np.array([_TEMPERATURE_SPREAD, *[_OFFSET_SPREAD] * CLASSES])
    given = confusion[:, columns].T

    def loss(found: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        probabilities = _scaled(logs, found)
        joint = probabilities * given
        of_label = np.maximum(joint.sum(axis=1, keepdims=True), 1e-12)
        # What the prediction says of the true class, less what it says once the label is known.
        surplus = probabilities - joint / of_label
        slope = np.array([(surplus * logs).sum() * exp(found[0]), *surplus.sum(axis=0)])
        away = (found - expected) / spread
        value = -np.log(of_label).sum() + 0.5 * (away**2).sum()
        return float(value / len(columns)), (slope + away / spread) / len(columns)

    result: NDArray[np.float64] = minimize(loss, start, jac=True, method="L-BFGS-B").x
    return result


def _scaled(logs: NDArray[np.floating], found: NDArray[np.float64]) -> NDArray[np.float64]:
    return apply_temperature(logs * exp(found[0]) + found[1:], 1.0)
