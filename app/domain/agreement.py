"""How far labels agree with each other and with a model's probabilities."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# A calibrated probability of exactly 0 would make one label's cross-entropy infinite.
SMALLEST_PROBABILITY = 1e-6


def cross_entropy(label: int, probabilities: Sequence[float]) -> float:
    """Minus the log of the probability given to `label` (1 to 4), in nats."""
    return -math.log(max(probabilities[label - 1], SMALLEST_PROBABILITY))


def moves_table(pairs: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    """Counts of (label before, label after), as a (4, 4) table; codes 1 to 4."""
    table = np.zeros((4, 4), dtype=np.int64)
    for before, after in pairs:
        table[before - 1, after - 1] += 1
    return table


def cohens_kappa(table: NDArray[np.int64]) -> float | None:
    """Agreement beyond chance of two labelings, from their square table of counts.

    1 for full agreement, 0 for what chance gives; None where chance alone already agrees
    fully or there is nothing to compare. Source: Cohen 1960.
    """
    total = int(table.sum())
    if total == 0:
        return None
    observed = float(np.trace(table)) / total
    expected = float((table.sum(axis=1) * table.sum(axis=0)).sum()) / total**2
    if expected >= 1.0:
        return None
    return (observed - expected) / (1.0 - expected)
