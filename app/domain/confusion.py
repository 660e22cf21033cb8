"""What a table of labels against predictions comes to."""

import numpy as np
from numpy.typing import NDArray


def accuracy(table: NDArray[np.int64]) -> float | None:
    """The share on the diagonal; None for an empty table.

    table: (classes, classes) counts; rows are labels, columns predictions.
    """
    total = int(table.sum())
    return float(np.trace(table)) / total if total else None


def macro_f1(table: NDArray[np.int64]) -> float | None:
    """The mean F1 of the classes that have labels; None where none has.

    A class without labels can be neither found nor missed, so it is left out, as in the scores
    of a run.
    """
    support, predicted = table.sum(axis=1), table.sum(axis=0)
    present = support > 0
    if not present.any():
        return None
    f1 = 2 * np.diag(table)[present] / (support + predicted)[present]
    return float(f1.mean())


def commonest_share(table: NDArray[np.int64]) -> float | None:
    """The accuracy of always answering the commonest label: what any classifier must beat."""
    total = int(table.sum())
    return float(table.sum(axis=1).max()) / total if total else None
