"""Transients of a trace: when they are, what the average one looks like, how fast it decays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RISE_S = 0.4
"""Within this time a transient climbs. Slow indicators need as long, fast ones no more frames."""

USUAL_FRAME_RATE_HZ = 10.0
"""Stands in for a rate that is not known."""

LEAST_RISE_SD = 5.0
"""A climb is a transient where it is this many standard deviations of the trace's own climbs."""

LEAST_RISE_OF_LARGEST = 0.15
"""... and this part of the largest climb: a denoised trace has next to no noise."""

BEFORE_PEAK_S, AFTER_PEAK_S = 1.0, 4.0
"""The stretch round each peak that is averaged."""

FEWEST_ALONE = 3
"""With this many transients that no other runs into, only those are averaged."""

MOST_AVERAGED = 200
MOST_AVERAGE_POINTS = 200


@dataclass(frozen=True, eq=False)
class AverageTransient:
    """What a component's transients have in common, each aligned at its peak.

    times: from the peak, in seconds, or in frames where the rate is unknown. mean, spread:
    (times,) above the level just before the climb; spread is a standard deviation. count: how
    many were averaged. decay: from the peak until 1/e of it is left, in the unit of the times;
    None where it does not fall that far.
    """

    times: NDArray[np.float32]
    mean: NDArray[np.float32]
    spread: NDArray[np.float32]
    count: int
    decay: float | None


def transient_frames(trace: NDArray[np.float32], frame_rate_hz: float | None) -> NDArray[np.uint32]:
    """The frames of the peaks of a trace's transients, in order.

    trace: (frames,). A transient is a climb, within `RISE_S`, that stands out from the trace's
    own climbs; so bleaching and a wandering baseline make none, and one that begins before the
    last has decayed is found. Frames that are not finite are taken as the value before them.
    """
    values = _whole(trace)
    lag = _frames_of(RISE_S, frame_rate_hz)
    width = lag // 2
    if len(values) <= 2 * lag:
        return np.empty(0, dtype=np.uint32)
    means = np.convolve(values, np.full(width, 1 / width, dtype=np.float32), "valid")
    climbs = means[lag:] - means[:-lag]
    usual = np.median(climbs)
    spread = 1.4826 * float(np.median(np.abs(climbs - usual)))
    least = max(LEAST_RISE_SD * spread, LEAST_RISE_OF_LARGEST * float(climbs.max()))
    if least <= 0:
        return np.empty(0, dtype=np.uint32)
    steep = np.concatenate([[False], climbs > least, [False]])
    edges = np.flatnonzero(steep[1:] != steep[:-1]).reshape(-1, 2)
    peaks = [
        start + int(np.argmax(values[start : stop + lag + width - 1])) for start, stop in edges
    ]
    # Noise may break one climb in two, which then share their peak or nearly so.
    kept = [peak for n, peak in enumerate(peaks) if n == 0 or peak - peaks[n - 1] >= lag]
    return np.array(kept, dtype=np.uint32)


def average_transient(
    trace: NDArray[np.float32], peaks: NDArray[np.uint32], frame_rate_hz: float | None
) -> AverageTransient | None:
    """The mean and spread of a trace round these peaks, or None where none has room round it."""
    before, after = (_frames_of(s, frame_rate_hz) for s in (BEFORE_PEAK_S, AFTER_PEAK_S))
    values = _whole(trace)
    all_peaks = peaks.astype(np.intp)
    gaps = np.diff(all_peaks, append=np.intp(2 * len(values)))
    fits = (all_peaks >= before) & (all_peaks + after < len(values))
    alone = fits & (gaps > after)
    chosen = all_peaks[alone if alone.sum() >= FEWEST_ALONE else fits][:MOST_AVERAGED]
    if len(chosen) == 0:
        return None
    step = -(-(before + after + 1) // MOST_AVERAGE_POINTS)
    # Steps are counted from the peak, which must be among the points.
    offsets = np.arange(-(before // step) * step, after + 1, step)
    rows = values[chosen[:, None] + offsets]
    lag = _frames_of(RISE_S, frame_rate_hz)
    rest = offsets < -lag if (offsets < -lag).any() else offsets < 0
    rows = rows - np.median(rows[:, rest], axis=1, keepdims=True)
    mean = rows.mean(axis=0)
    seconds_a_frame = 1 / (frame_rate_hz or 1.0)
    return AverageTransient(
        times=(offsets * seconds_a_frame).astype(np.float32),
        mean=mean.astype(np.float32),
        spread=rows.std(axis=0).astype(np.float32),
        count=len(chosen),
        decay=_decay(offsets * seconds_a_frame, mean),
    )


def _decay(times: NDArray[np.floating], mean: NDArray[np.float32]) -> float | None:
    """From the peak, at time 0, until 1/e of it is left, between points by a straight line."""
    falling, at = mean[times >= 0], times[times >= 0]
    left = float(falling[0]) / np.e
    below = np.flatnonzero(falling <= left)
    if len(below) == 0 or below[0] == 0:
        return None
    after = int(below[0])
    higher, lower = float(falling[after - 1]), float(falling[after])
    part = (higher - left) / (higher - lower)
    return float(at[after - 1] + part * (at[after] - at[after - 1]))


def _frames_of(seconds: float, frame_rate_hz: float | None) -> int:
    return max(2, round(seconds * (frame_rate_hz or USUAL_FRAME_RATE_HZ)))


def _whole(trace: NDArray[np.float32]) -> NDArray[np.float32]:
    finite = np.isfinite(trace)
    if finite.all():
        return trace
    if not finite.any():
        return np.zeros_like(trace)
    last = np.maximum.accumulate(np.where(finite, np.arange(len(trace)), 0))
    return np.nan_to_num(trace[last], posinf=0.0, neginf=0.0)
