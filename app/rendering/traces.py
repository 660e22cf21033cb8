"""A trace as the few points that a screen can show, without losing a peak."""

import numpy as np
from numpy.typing import NDArray
from tsdownsample import MinMaxLTTBDownsampler

FEWEST_POINTS = 4
"""The first and the last frame, and a highest and a lowest one between them."""


def display_points(
    trace: NDArray[np.float32],
    frame_rate_hz: float | None,
    points: int,
    *,
    first: int = 0,
    last: int | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """`display_frames` with times in seconds, or in frames where the rate is unknown.

    first, last: the frames that are drawn, both included; by default all.
    """
    frames, values = display_frames(trace[first : None if last is None else last + 1], points)
    return (frames + first) / (frame_rate_hz or 1.0), values


def display_frames(
    trace: NDArray[np.float32], points: int
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """The points to draw of a trace: frames and values, at most `points` (but at least 4) of each.

    trace: (frames,). One of no more than `points` frames comes back whole. Of a longer one
    MinMaxLTTB keeps the extremes of each stretch; the first and the last frame, the highest and
    the lowest value are always there. Frames that are not finite are left out.
    Source: Van Der Donckt et al. 2023, MinMaxLTTB, IEEE VIS.
    """
    frames = np.flatnonzero(np.isfinite(trace))
    values = np.ascontiguousarray(trace[frames], dtype=np.float32)
    points = max(points, FEWEST_POINTS)
    if len(values) > points:
        chosen = MinMaxLTTBDownsampler().downsample(values, n_out=points).astype(np.intp)
        chosen = _with_extremes(values, chosen)
        frames, values = frames[chosen], values[chosen]
    return frames, values


def _with_extremes(values: NDArray[np.float32], chosen: NDArray[np.intp]) -> NDArray[np.intp]:
    """The chosen frames, with the nearest one moved to an extreme that is missing.

    The largest triangle of a stretch may pass over the one extreme frame of the whole trace.
    """
    extremes = {int(np.argmax(values)), int(np.argmin(values))}
    missing = [e for e in extremes if values[e] not in values[chosen]]
    for extreme in missing:
        movable = [i for i in range(1, len(chosen) - 1) if int(chosen[i]) not in extremes]
        nearest = min(movable, key=lambda i: abs(int(chosen[i]) - extreme))
        chosen[nearest] = extreme
    return np.sort(chosen)
