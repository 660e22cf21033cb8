"""Where each component stands within its own recording, measure by measure.

What is bright, large or often active hangs on the microscope, the indicator and the settings of the
extraction; being the brightest of its recording does not.
"""

import numpy as np
from numpy.typing import NDArray

FEWEST = 8
"""Among fewer, a rank says little and counts as missing."""


def ranks_within(
    table: NDArray[np.floating], recordings: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Each value's rank among its recording's, from 0 to 1; equal values share the middle.

    table: (components, measures), NaN where one is missing, which its rank is then too.
    recordings: (components,). NaN where a recording has fewer than `FEWEST` values.
    """
    found = np.full(table.shape, np.nan, dtype=np.float32)
    for rows in rows_of_recordings(recordings, FEWEST):
        found[rows] = _ranks(table[rows])
    return found


def rows_of_recordings(recordings: NDArray[np.integer], fewest: int = 1) -> list[NDArray[np.intp]]:
    """The rows of each recording that has so many components, in order."""
    order = np.argsort(recordings, kind="stable")
    starts = np.flatnonzero(np.diff(recordings[order])) + 1
    return [rows for rows in np.split(order, starts) if len(rows) >= max(fewest, 1)]


def _ranks(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """`ranks_within` of one recording."""
    order = np.argsort(values, axis=0)
    ordered = np.take_along_axis(values, order, axis=0)
    place = np.arange(len(values))[:, None]
    edge = np.ones((1, values.shape[1]), dtype=np.bool_)
    steps = ordered[1:] != ordered[:-1]
    first = np.maximum.accumulate(np.where(np.vstack([edge, steps]), place, 0), axis=0)
    last = np.where(np.vstack([steps, edge]), place, len(values))
    last = np.minimum.accumulate(last[::-1], axis=0)[::-1]
    # What is missing is sorted behind all others.
    known = np.isfinite(ordered)
    count = known.sum(axis=0)
    ranks = np.asarray((first + last + 1) / (2 * np.maximum(count, 1)), dtype=np.float64)
    ranks[~known | (count < FEWEST)] = np.nan
    found: NDArray[np.float64] = np.empty_like(ranks)
    np.put_along_axis(found, order, ranks, axis=0)
    return found
