"""When labeling more is no longer worth it: how many predictions the next labels should change.

The number of predictions that a batch of labels changes falls as labels accumulate, about as a
power of their number, as learning curves do. That curve is fitted to the batches so far and read
at the next one, with an interval that owns up to both the fit and the scatter.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

_POWERS = np.linspace(0.0, 2.0, 81)
"""How steeply the changes may fall; 0 is not at all. They are never taken to rise."""


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

    expected: the mean. low, high: an interval that should hold the true number in the given share
    of all cases. next_labels: the size of the batch that this is about.
    """

    next_labels: int
    expected: float
    low: int
    high: int


def expected_changes(
    history: Sequence[Batch], next_labels: int, *, confidence: float = 0.8
) -> ExpectedChanges:
    """What the next labels should change, from what the batches so far changed.

    history: in any order; the more recent ones alone where the way of labeling has changed.
    The changes of a batch are taken as a count about a power of the number of labels that never
    rises; every power from 0 to 2 is weighed by how well it explains the history. Counts scatter
    more than chance alone has it (a training has its moods), which the history shows, too.
    Raises ValueError for an empty history, for no next labels, or for a share not within 0 to 1.
    """
    if not history:
        raise ValueError("There is no history yet; train on at least two sets of labels first.")
    if next_labels < 1:
        raise ValueError(f"next_labels must be at least 1, not {next_labels}.")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, not {confidence}.")
    changed = np.array([batch.changed for batch in history], dtype=np.float64)
    exposure = np.stack([_exposure(b.labels_before, b.labels_after) for b in history], axis=1)
    labels_now = max(batch.labels_after for batch in history)
    ahead = _exposure(labels_now, labels_now + next_labels)
    scatter = _scatter(changed, exposure)
    weights = _weights(changed / scatter, exposure)
    # Given the power, the rate has a gamma distribution and the next count a negative binomial.
    shape = changed.sum() / scatter + 0.5
    rate = exposure.sum(axis=1)
    expected = float((weights * shape * ahead / rate).sum() * scatter)
    tail = (1 - confidence) / 2
    low, high = (
        _quantile(share, weights, shape, rate / (rate + ahead)) * scatter
        for share in (tail, 1 - tail)
    )
    return ExpectedChanges(next_labels, expected, int(np.floor(low)), int(np.ceil(high)))


def _exposure(before: int, after: int) -> NDArray[np.float64]:
    """The integral of labels^-power over a batch, for each power; from one label at the least."""
    start, end = max(before, 1), max(after, 2)
    powers = 1.0 - _POWERS
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (end**powers - start**powers) / powers
    return np.asarray(np.where(np.abs(powers) < 1e-9, np.log(end / start), found))


def _fitted(changed: NDArray[np.float64], exposure: NDArray[np.float64]) -> NDArray[np.float64]:
    """(powers, batches) expected counts, each power with its best height."""
    height = (changed.sum() + 0.5) / exposure.sum(axis=1)
    return np.asarray(height[:, None] * exposure)


def _deviances(changed: NDArray[np.float64], exposure: NDArray[np.float64]) -> NDArray[np.float64]:
    """(powers,) Poisson deviance of the history under each power."""
    fitted = _fitted(changed, exposure)
    logs = np.where(changed > 0, np.log(np.maximum(changed, 1e-9) / fitted), 0.0)
    return np.asarray(2 * (changed * logs - (changed - fitted)).sum(axis=1))


def _scatter(changed: NDArray[np.float64], exposure: NDArray[np.float64]) -> float:
    """How many times more the counts scatter than Poisson's, at least 1.

    The history alone says little while it is short, so it is weighed with a guess of 3 that
    counts as two batches.
    """
    fitted = _fitted(changed, exposure)[_deviances(changed, exposure).argmin()]
    pearson = ((changed - fitted) ** 2 / fitted).sum()
    free = max(len(changed) - 2, 0)
    return float(max(1.0, (pearson + 3.0 * 2) / (free + 2)))


def _weights(changed: NDArray[np.float64], exposure: NDArray[np.float64]) -> NDArray[np.float64]:
    """(powers,) how credible each power is; before any data, about 0.7 with a wide margin."""
    prior = stats.norm.logpdf(_POWERS, loc=0.7, scale=0.5)
    logs = prior - _deviances(changed, exposure) / 2
    odds = np.exp(logs - logs.max())
    return np.asarray(odds / odds.sum())


def _quantile(
    share: float, weights: NDArray[np.float64], shape: float, success: NDArray[np.float64]
) -> float:
    """The quantile of a mixture of negative binomials, by bisection."""
    low, high = 0.0, 1.0
    while (weights * stats.nbinom.cdf(high, shape, success)).sum() < share:
        high *= 2
    while high - low > 0.5:
        middle = (low + high) / 2
        if (weights * stats.nbinom.cdf(middle, shape, success)).sum() < share:
            low = middle
        else:
            high = middle
    # Counts are whole; what follows the last one below `high` has the same share.
    return float(np.floor(high))
