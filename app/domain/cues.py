"""Shape and trace cues that need no labels: they order the queue before any model exists.

Processes are the most distinguishable class, so they can be confirmed first. The cues are
plain measures of mask and trace, computed for whole recordings at once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.process_cue import process_likeness
from app.domain.recordings import MASK_SIZE_PX

_ROWS, _COLUMNS = np.mgrid[0:MASK_SIZE_PX, 0:MASK_SIZE_PX].astype(np.float32)
# One matrix product gives every moment up to the second of every mask.
_MOMENTS = np.stack(
    [
        np.ones_like(_ROWS),
        _ROWS,
        _COLUMNS,
        _ROWS**2,
        _COLUMNS**2,
        _ROWS * _COLUMNS,
    ],
    axis=-1,
).reshape(-1, 6)

# Weights below this part of a mask's maximum are extraction speckle, not shape.
_FLOOR = 0.2
_BATCH = 1_000


@dataclass(frozen=True)
class Cues:
    """One value a component. Larger means more so.

    process: 0 to 1, the chance that it is a process. donut: -1 to 1, ring against centre.
    snr: peak of the trace over its noise (both in the trace's unit, so a ratio); None without
    traces.
    """

    process: NDArray[np.float32]
    donut: NDArray[np.float32]
    snr: NDArray[np.float32] | None


def measure_cues(masks: NDArray[np.float32], traces: NDArray[np.float32] | None) -> Cues:
    """Cues of masks (components, 50, 50) and, if any, traces (components, frames)."""
    process = np.empty(len(masks), np.float32)
    donut = np.empty(len(masks), np.float32)
    snr = None if traces is None else trace_snr(traces)
    for start in range(0, len(masks), _BATCH):
        batch = slice(start, start + _BATCH)
        process[batch] = process_likeness(masks[batch], None if snr is None else snr[batch])
        donut[batch] = _donut_cue(masks[batch])
    return Cues(process, donut, snr)


def _donut_cue(masks: NDArray[np.float32]) -> NDArray[np.float32]:
    weights = _unspeckled(masks, _FLOOR)
    row, column, long_axis, short_axis = _axes(weights)
    radius = np.hypot(_ROWS - row[:, None, None], _COLUMNS - column[:, None, None])
    scaled = radius / np.sqrt(long_axis * short_axis)[:, None, None]
    centre = _mean_within(weights, scaled < 0.6)
    ring = _mean_within(weights, (scaled >= 0.9) & (scaled < 1.7))
    donut: NDArray[np.float32] = (ring - centre) / np.maximum(ring + centre, 1e-6)
    return donut.astype(np.float32)


def _unspeckled(masks: NDArray[np.float32], floor: float) -> NDArray[np.float32]:
    peak = masks.max(axis=(1, 2), keepdims=True)
    return np.where(masks >= floor * peak, masks / peak, 0.0).astype(np.float32)


def _axes(
    weights: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Centre (row, column) and the standard deviations along and across, in mask pixels."""
    total, row, column, row2, column2, both = (weights.reshape(len(weights), -1) @ _MOMENTS).T
    row, column = row / total, column / total
    # A twelfth of a pixel squared: the variance of one pixel's own area.
    var_row = row2 / total - row**2 + 1 / 12
    var_column = column2 / total - column**2 + 1 / 12
    covariance = both / total - row * column
    spread = np.sqrt(((var_row - var_column) / 2) ** 2 + covariance**2)
    long_axis = np.sqrt(np.maximum((var_row + var_column) / 2 + spread, 1 / 12))
    short_axis = np.sqrt(np.maximum((var_row + var_column) / 2 - spread, 1 / 12))
    return row, column, long_axis, short_axis


def _mean_within(weights: NDArray[np.float32], where: NDArray[np.bool_]) -> NDArray[np.float32]:
    count = np.maximum(where.sum(axis=(1, 2)), 1)
    mean: NDArray[np.float32] = (weights * where).sum(axis=(1, 2)) / count
    return mean


def trace_snr(traces: NDArray[np.float32]) -> NDArray[np.float32]:
    """Peak over noise of traces (components, frames): (99.5th percentile - median) / noise.

    Noise is the median absolute difference of neighbouring frames, scaled to a standard
    deviation, so slow transients do not count as noise. 0 for a flat trace.
    """
    if traces.shape[1] < 3:
        return np.zeros(len(traces), np.float32)
    snr = np.zeros(len(traces), np.float32)
    for start in range(0, len(traces), _BATCH):
        batch = traces[start : start + _BATCH]
        noise = np.median(np.abs(np.diff(batch, axis=1)), axis=1) / (0.6745 * np.sqrt(2))
        rise = np.quantile(batch, 0.995, axis=1) - np.median(batch, axis=1)
        snr[start : start + _BATCH] = np.where(noise > 0, rise / np.maximum(noise, 1e-12), 0)
    return snr
