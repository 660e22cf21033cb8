"""When labeling more is no longer worth it: how many predictions the next labels should change.

What labels change falls as they accumulate, but the changes of one batch after another do not add
up: a prediction that one batch turns another turns back. Distances do add up. A model learned from
n labels lies off the one that all labels would give, by an error whose variance falls as a power
of n, as learning curves do. One learned from m labels, the same n among them, differs from it by
the difference of these variances, and by what two trainings differ in that are told the same. The
number of predictions that change goes with the square root of that sum:

    changed = height * sqrt(n^-power - m^-power + moods * (n^-power + m^-power))

Height, power, moods, and the scatter about all this are told from the trainings so far.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

# What is believed before any training: from courses on the simulated fields of view, in which the
# power was 0.25 to 0.7, moods 0 to 0.04, and the scatter 5 to 11% (docs/decisions/0023).
_POWERS = np.linspace(0.1, 1.5, 29)
_MOODS = np.geomspace(0.001, 1.0, 13)
_SCATTERS = np.geomspace(0.03, 1.5, 12)
_BELIEFS = (
    stats.norm.logpdf(_POWERS, 0.4, 0.2),
    stats.norm.logpdf(np.log(_MOODS), np.log(0.03), 1.0),
    stats.norm.logpdf(np.log(_SCATTERS), np.log(0.1), 0.4),
)

_NONE = 0.5
"""Added to every count, so that none changed has a logarithm, too."""


@dataclass(frozen=True)
class Batch:
    """What one more training told.

    labels_before, labels_after: how many labels there were before and after the batch.
    changed: how many components got another predicted class by it.
    """

    labels_before: int
    labels_after: int
    changed: int

    def __post_init__(self) -> None:
        """Raises ValueError that says what cannot be."""
        if not 0 <= self.labels_before < self.labels_after:
            raise ValueError(
                f"A batch adds labels, but this went from {self.labels_before} to "
                f"{self.labels_after}."
            )
        if self.changed < 0:
            raise ValueError(f"changed must not be negative, but is {self.changed}.")


@dataclass(frozen=True)
class ExpectedChanges:
    """How many predictions the next labels should change.

    expected: the median. low, high: an interval that should hold the true number in the given
    share of all cases. next_labels: the size of the batch that this is about.
    """

    next_labels: int
    expected: float
    low: int
    high: int


def expected_changes(
    history: Sequence[Batch], next_labels: int, *, confidence: float = 0.8
) -> ExpectedChanges:
    """What a training with so many more labels should change, from what those so far changed.

    history: in any order; the more recent ones alone where the way of labeling has changed.
    Every power, size of moods and scatter of a grid is weighed by how well it explains the history.
    Raises ValueError for an empty history, for no next labels, or for a share not within 0 to 1.
    """
    if not history:
        raise ValueError("There is no history yet; train on at least two sets of labels first.")
    if next_labels < 1:
        raise ValueError(f"next_labels must be at least 1, not {next_labels}.")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, not {confidence}.")
    labels_now = max(batch.labels_after for batch in history)
    weights, means, variances = _forecast(history, labels_now + next_labels)
    quantile = partial(_quantile, weights, means, variances)
    tail = (1 - confidence) / 2
    low, middle, high = (
        max(float(np.exp(quantile(share))) - _NONE, 0.0) for share in (tail, 0.5, 1 - tail)
    )
    return ExpectedChanges(next_labels, middle, int(np.floor(low)), int(np.ceil(high)))


def _forecast(
    history: Sequence[Batch], labels_then: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """What is to be expected, in logarithms: a normal distribution for each place of the grid.

    Returns the weight, the mean and the variance of each.
    """
    counts = np.array([batch.changed for batch in history]) + _NONE
    distances = np.stack([_distance(b.labels_before, b.labels_after) for b in history])
    # A count scatters by itself, too, which in logarithms is one over it.
    precision = 1 / (_SCATTERS[:, None] ** 2 + 1 / counts)
    # (powers, moods, scatters, batches) from here on, or without the last.
    apart = (np.log(counts)[:, None, None] - distances).transpose(1, 2, 0)[:, :, None, :]
    total = precision.sum(axis=1)
    height = (precision * apart).sum(axis=3) / total
    misfit = (precision * (apart - height[..., None]) ** 2).sum(axis=3)
    logs = (np.log(precision).sum(axis=1) - np.log(total) - misfit) / 2
    logs = logs + _BELIEFS[0][:, None, None] + _BELIEFS[1][:, None] + _BELIEFS[2]
    weights = np.exp(logs - logs.max())
    labels_now = max(batch.labels_after for batch in history)
    means = height + _distance(labels_now, labels_then)[:, :, None]
    variances = 1 / total + _SCATTERS**2 + np.exp(-means)
    return weights / weights.sum(), means, variances


def _distance(before: int, after: int) -> NDArray[np.float64]:
    """(powers, moods) how far apart two models lie, as a logarithm; from one label at the least."""
    near, far = max(before, 1) ** -_POWERS, max(after, 2) ** -_POWERS
    told = (near - far)[:, None]
    return np.asarray(np.log(told + _MOODS * (near + far)[:, None]) / 2)


def _quantile(
    weights: NDArray[np.float64],
    means: NDArray[np.float64],
    variances: NDArray[np.float64],
    share: float,
) -> float:
    """The quantile of a mixture of normal distributions, by bisection."""
    spreads = np.sqrt(variances)
    low = float((means - 8 * spreads).min())
    high = float((means + 8 * spreads).max())
    while high - low > 1e-4:
        middle = (low + high) / 2
        if (weights * special.ndtr((middle - means) / spreads)).sum() < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2
