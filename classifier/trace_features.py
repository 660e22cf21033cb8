"""What a trace says, in numbers a person could have thought of; all times in seconds.

The trace's unit does not matter: everything is measured against its own noise.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

Traces = NDArray[np.float64]
Columns = dict[str, NDArray[np.float64]]

USUAL_FRAME_RATE_HZ = 20.0
"""Stands in for a frame rate that is not known."""

LAGS_S = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 10.0)
AFTER_PEAK_S = (-1.0, -0.5, -0.2, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
BANDS_HZ = (0.0, 0.05, 0.2, 0.5, 1.0, 2.0, 4.0)
MEAN_OF_EVENTS = 5
SHORTEST = 16
"""Frames; a shorter trace tells nothing."""

_AT_ONCE = 64
"""Traces that fit the processor's cache together."""


def trace_features(
    traces: Sequence[NDArray[np.floating] | None], frame_rates_hz: NDArray[np.float64] | None
) -> Columns:
    """Every feature of the traces; NaN where there is none.

    traces: each (frames,) raw, or None. frame_rates_hz: (components,), NaN where unknown.
    """
    columns = {name: np.full(len(traces), np.nan) for name in names()}
    for rows, rate in alike(traces, frame_rates_hz):
        for name, values in features_of([traces[row] for row in rows], rate).items():
            columns[name][rows] = values
    return columns


def alike(
    traces: Sequence[NDArray[np.floating] | None], frame_rates_hz: NDArray[np.float64] | None
) -> list[tuple[list[int], float]]:
    """Rows of traces that are measured together, of equal length and frame rate, and that rate.

    Those that are None or too short to measure are in none. As many as fit the processor's cache.
    """
    rates = known_rates(len(traces), frame_rates_hz)
    found: dict[tuple[int, float], list[int]] = {}
    for row, trace in enumerate(traces):
        if trace is not None and len(trace) >= SHORTEST:
            found.setdefault((len(trace), float(rates[row])), []).append(row)
    return [
        (rows[start : start + _AT_ONCE], rate)
        for (_, rate), rows in found.items()
        for start in range(0, len(rows), _AT_ONCE)
    ]


def known_rates(traces: int, frame_rates_hz: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """(traces,) frame rates, with the usual one where it is not known."""
    rates = np.full(traces, np.nan) if frame_rates_hz is None else frame_rates_hz
    return np.where(np.isfinite(rates), rates, USUAL_FRAME_RATE_HZ)


@lru_cache
def names() -> tuple[str, ...]:
    """What is measured of a trace."""
    return tuple(features_of(np.random.default_rng(0).standard_normal((1, 64)), 10.0))


def features_of(traces: Sequence[NDArray[np.floating] | None] | Traces, rate: float) -> Columns:
    """`trace_features` of traces of equal length and frame rate."""
    stack = np.array(traces, dtype=np.float64)
    if not np.isfinite(stack).all():
        stack = np.nan_to_num(stack)
    (baseline,) = _percentiles(np.sort(stack, axis=1), (30,))
    stack -= baseline[:, None]
    stack /= noise_level(stack)[:, None]
    smooth = ndimage.gaussian_filter1d(stack, max(0.1 * rate, 0.3), axis=1)
    # Sorted once for all; single precision takes half the time and tells these as well.
    ordered = np.sort(smooth.astype(np.float32), axis=1)
    return {
        **heights(stack, smooth, ordered),
        **correlation_over_time(stack, rate),
        **power(stack, rate),
        **events(smooth, ordered, rate),
        **mean_event(stack, smooth, rate),
    }


def noise_level(traces: Traces) -> NDArray[np.float64]:
    """Standard deviation of the noise, from the differences of successive frames."""
    steps = np.abs(np.diff(traces, axis=1))
    (median,) = _percentiles(np.sort(steps, axis=1), (50,))
    # A denoised trace hardly steps; its spread then sets the scale.
    level = median / (0.6745 * np.sqrt(2))
    return np.asarray(np.maximum(level, 1e-3 * traces.std(axis=1) + 1e-12))


def _percentiles(
    ordered: NDArray[np.floating], percents: Sequence[float]
) -> list[NDArray[np.float64]]:
    """Percentiles of each row, which is sorted, interpolated as numpy does."""
    found = []
    for percent in percents:
        at = percent / 100 * (ordered.shape[1] - 1)
        low = min(int(at), ordered.shape[1] - 2)
        below, above = (ordered[:, low + k].astype(np.float64) for k in (0, 1))
        found.append(below * (low + 1 - at) + above * (at - low))
    return found


def heights(scaled: Traces, smooth: Traces, ordered: NDArray[np.float32]) -> Columns:
    """Peaks over the noise, and how lopsided the values lie. ordered: the smooth ones, sorted."""
    spread = np.maximum(smooth.std(axis=1), 1e-6)
    centred = (smooth - smooth.mean(axis=1, keepdims=True)) / spread[:, None]
    low, middle, high, top = _percentiles(ordered, (1, 50, 95, 99))
    squared = centred * centred
    return {
        "log peak": np.log1p(np.maximum(smooth.max(axis=1), 0)),
        "log top percent": np.log1p(np.maximum(top - middle, 0)),
        "log spread": np.log(spread),
        "log spread, raw": np.log(np.maximum(scaled.std(axis=1), 1e-6)),
        "skewness": np.cbrt((squared * centred).mean(axis=1)),
        "kurtosis": np.log((squared * squared).mean(axis=1) + 0.1),
        "up against down": np.log1p(np.maximum(top - middle, 0))
        - np.log1p(np.maximum(middle - low, 0)),
        "95 against 99": (high - middle) / np.maximum(top - middle, 1e-6),
    }


def correlation_over_time(scaled: Traces, rate: float) -> Columns:
    """Autocorrelation after some seconds; 0 where the trace is not as long."""
    centred = scaled - scaled.mean(axis=1, keepdims=True)
    total = np.maximum((centred * centred).sum(axis=1), 1e-12)

    def after(frames: int) -> NDArray[np.float64]:
        early, late = centred[:, : centred.shape[1] - frames], centred[:, frames:]
        return np.asarray(np.einsum("nt,nt->n", early, late) / total)

    found: Columns = {"correlation after a frame": after(1)}
    last = centred.shape[1] - 1
    for lag_s in LAGS_S:
        frames = min(lag_s * rate, last)
        low = min(int(frames), last - 1)
        part = frames - low
        found[f"correlation after {lag_s:g} s"] = after(low) * (1 - part) + after(low + 1) * part
    return found


def power(scaled: Traces, rate: float) -> Columns:
    """Log power in bands of Hz, per Hz, against the noise."""
    frequencies, density = signal.welch(
        scaled, fs=rate, nperseg=min(scaled.shape[1], max(int(40 * rate), 8)), axis=1
    )
    found: Columns = {}
    for low, high in pairwise(BANDS_HZ):
        inside = (frequencies >= low) & (frequencies < high)
        if not inside.any():
            inside = frequencies == frequencies[np.abs(frequencies - low).argmin()]
        found[f"power {low:g} to {high:g} Hz"] = np.log(density[:, inside].mean(axis=1) + 1e-6)
    return found


def events(smooth: Traces, ordered: NDArray[np.float32], rate: float) -> Columns:
    """How often and how long a trace rises over its noise, and how it rises and falls."""
    # The noise of the smoothed trace, from its lower half, which holds no events.
    (middle,) = _percentiles(ordered, (50,))
    z = smooth - middle[:, None]
    below = np.minimum(z, 0)
    lower = np.maximum((below < 0).sum(axis=1), 1)
    sigma = np.sqrt(np.vecdot(below, below) / lower)
    z /= np.maximum(sigma, 1e-6)[:, None]
    seconds = smooth.shape[1] / rate
    found: Columns = {}
    for level in (3.0, 5.0):
        above = z > level
        starts = (above[:, 1:] & ~above[:, :-1]).sum(axis=1) + above[:, 0]
        found[f"log events/s above {level:g}"] = np.log(starts / seconds + 0.005)
        found[f"share above {level:g}"] = np.sqrt(above.mean(axis=1))
        found[f"log seconds an event above {level:g}"] = np.log(
            (above.sum(axis=1) / np.maximum(starts, 1)) / rate + 0.05
        )
    found["share below -3"] = np.sqrt((z < -3).mean(axis=1))
    lag = min(max(1, round(0.2 * rate)), smooth.shape[1] - 1)
    steps = smooth[:, lag:] - smooth[:, :-lag]
    spread = np.maximum(steps.std(axis=1), 1e-6)
    # Transients rise fast and fall slowly, drift and motion do neither.
    found["rise against fall"] = np.cbrt((steps * steps * steps).mean(axis=1) / spread**3)
    found["steepest rise / fall"] = np.log(
        np.maximum(steps.max(axis=1), 1e-3) / np.maximum(-steps.min(axis=1), 1e-3)
    )
    return found


def mean_event(scaled: Traces, smooth: Traces, rate: float) -> Columns:
    """The mean of the five largest events, aligned at their peaks and divided by their height."""
    before, after = int(np.ceil(1.0 * rate)) + 1, int(np.ceil(4.0 * rate)) + 1
    padded = np.pad(scaled, ((0, 0), (before, after)), mode="edge")
    free = smooth.copy()
    rows = np.arange(len(smooth))
    reach = int(np.ceil(max(1.0 * rate, 2)))
    beside = np.arange(1 - reach, reach)
    window = np.arange(-before, after + 1)
    views, tops = [], []
    for _ in range(MEAN_OF_EVENTS):
        peak = free.argmax(axis=1)
        tops.append(smooth[rows, peak])
        views.append(padded[rows[:, None], peak[:, None] + before + window])
        taken = np.clip(peak[:, None] + beside, 0, smooth.shape[1] - 1)
        free[rows[:, None], taken] = -np.inf
    mean = np.mean(views, axis=0)
    height = np.maximum(np.mean(tops, axis=0), 0.5)
    at = np.array(AFTER_PEAK_S) * rate + before
    low = np.clip(at.astype(np.int64), 0, len(window) - 2)
    part = at - low
    shape = (mean[:, low] * (1 - part) + mean[:, low + 1] * part) / height[:, None]
    return {
        **{f"event at {t:g} s": shape[:, k] for k, t in enumerate(AFTER_PEAK_S)},
        "log fifth event / first": np.log(np.maximum(tops[-1], 0.1) / np.maximum(tops[0], 0.1)),
        "likeness of events": _likeness(np.array(views)),
        "log event area": np.log(np.maximum(mean[:, before:].sum(axis=1) / rate, 0.01)),
    }


def _likeness(views: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean correlation between the events (events, components, frames) of each trace."""
    centred = views - views.mean(axis=2, keepdims=True)
    centred /= np.maximum(np.linalg.norm(centred, axis=2, keepdims=True), 1e-9)
    count = len(views)
    together = (centred.sum(axis=0) ** 2).sum(axis=1)
    return np.asarray((together - count) / (count * (count - 1)))
