"""How far a trace is its neighbours': correlations and what they explain of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from classifier.image_stacks import SPECK, Columns
from classifier.trace_features import SHORTEST, known_rates, noise_level

RATE_HZ = 5.0
MOST_FRAMES = 2000
"""Traces are compared at about this rate, and slower where they would be longer than that: what
neighbours share lasts longer, and all traces of a recording are in memory together."""

SMOOTH_S, DRIFT_S = 1.0, 20.0
RIDGE = 0.05
"""Added to each neighbour's variance of 1, so that two that are alike share what they explain."""

VIEWS = ("as it is", "smoothed", "without drift")
_AT_ONCE = 64

Stack = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Briefs:
    """Traces, short enough to compare thousands.

    traces: each (bins,) without unit and offset, or None. rates_hz: (components,) bins a second.
    """

    traces: Sequence[Stack | None]
    rates_hz: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        traces: Sequence[NDArray[np.floating] | None],
        frame_rates_hz: NDArray[np.float64] | None,
    ) -> "Briefs":
        """Means over bins of frames; None where a trace is missing or too short to measure.

        frame_rates_hz: (components,), NaN where unknown.
        """
        rates = known_rates(len(traces), frame_rates_hz)
        found: list[Stack | None] = []
        slower = np.ones(len(traces))
        for row, trace in enumerate(traces):
            if trace is None or len(trace) < SHORTEST:
                found.append(None)
                continue
            bins = max(int(rates[row] / RATE_HZ), -(-len(trace) // MOST_FRAMES), 1)
            # As short as a trace may be, it is not made shorter.
            bins = min(bins, len(trace) // SHORTEST)
            slower[row] = bins
            found.append(_brief(trace, bins))
        return cls(found, rates / slower)

    @classmethod
    def none(cls, count: int) -> "Briefs":
        """So many components without a trace."""
        return cls([None] * count, np.ones(count))

    @classmethod
    def joined(cls, parts: Sequence["Briefs"]) -> "Briefs":
        """Those of all parts, in their order."""
        traces = [trace for part in parts for trace in part.traces]
        return cls(traces, np.concatenate([part.rates_hz for part in parts]))

    def take(self, rows: NDArray[np.intp]) -> "Briefs":
        """Those of some components."""
        return Briefs([self.traces[row] for row in rows], self.rates_hz[rows])

    def alike(self) -> Iterator[tuple[NDArray[np.intp], float]]:
        """Rows of traces of equal length and rate, and that rate."""
        found: dict[tuple[int, float], list[int]] = {}
        for row, trace in enumerate(self.traces):
            if trace is not None:
                key = (len(trace), round(float(self.rates_hz[row]), 3))
                found.setdefault(key, []).append(row)
        for (_, rate), rows in found.items():
            yield np.array(rows), rate


def _brief(trace: NDArray[np.floating], bins: int) -> Stack:
    values = np.nan_to_num(np.asarray(trace, dtype=np.float64))
    # However large: a sum over the frames must not overflow.
    values = values / max(float(np.abs(values).max()), np.finfo(np.float64).tiny)
    whole = len(values) // bins * bins
    means = values[:whole].reshape(-1, bins).mean(axis=1)
    return np.asarray(means - means.mean(), dtype=np.float32)


def features_of_traces(
    briefs: Briefs,
    neighbours: NDArray[np.intp],
    there: NDArray[np.bool_],
    overlap: NDArray[np.float64],
) -> Columns:
    """Comparisons of one recording's traces; NaN where there is none, 0 where nobody is near.

    neighbours, there, overlap: (components, neighbours) which they are, whether there is one, and
    how much the masks overlap. Those with traces of another length or rate count as far away.
    """
    count = len(neighbours)
    found: Columns = {}
    place = np.full(count, -1)
    for rows, rate in briefs.alike():
        place[rows] = np.arange(len(rows))
        near = place[neighbours[rows]]
        # What is not among these is the row of zeros behind them.
        near = np.where(there[rows] & (near >= 0), near, len(rows))
        stack = np.array([briefs.traces[row] for row in rows])
        for name, values in _of_alike(stack, rate, near, overlap[rows]).items():
            found.setdefault(name, np.full(count, np.nan))[rows] = values
        place[rows] = -1
    return found


def _of_alike(
    stack: Stack, rate: float, near: NDArray[np.intp], overlap: NDArray[np.float64]
) -> Columns:
    found: Columns = {}
    at = np.arange(len(stack))
    overlap = np.where(near < len(stack), overlap, 0.0)
    most = overlap.argmax(axis=1)
    for name, view in zip(VIEWS, _views(stack, rate), strict=True):
        unit = _unit(view)
        correlations, explained = _compared(unit, near)
        beside = np.where(overlap[at, most] > SPECK, correlations[at, most], 0.0)
        found |= {
            f"neighbours: greatest correlation, {name}": correlations.max(axis=1),
            f"neighbours: correlation with the most overlapping, {name}": beside,
            f"neighbours: correlation with all others, {name}": _with_rest(unit),
            f"neighbours: share that they explain, {name}": explained,
        }
        if name == "smoothed":
            likest = near[at, correlations.argmax(axis=1)]
            signal = _signal(stack, view)
            found["neighbours: log signal against the likest"] = np.where(
                likest < len(stack), signal - signal[np.minimum(likest, len(stack) - 1)], 0.0
            )
    return found


def _views(stack: Stack, rate: float) -> Iterator[Stack]:
    """The traces as they are, smoothed, and smoothed without what is slow."""
    yield stack
    smooth = _running_mean(stack, SMOOTH_S * rate)
    yield smooth
    yield smooth - _running_mean(smooth, DRIFT_S * rate)


def _running_mean(stack: Stack, frames: float) -> Stack:
    """Twice over so many frames, which has no corners."""
    size = min(max(round(frames), 1), stack.shape[1])
    once = ndimage.uniform_filter1d(stack, size, axis=1, mode="nearest")
    return np.asarray(ndimage.uniform_filter1d(once, size, axis=1, mode="nearest"))


def _unit(view: Stack) -> Stack:
    """Centred, of length 1, and a row of zeros behind; a flat one is zero."""
    unit = np.zeros((len(view) + 1, view.shape[1]), dtype=np.float32)
    unit[:-1] = view - view.mean(axis=1, keepdims=True)
    length = np.linalg.norm(unit, axis=1, keepdims=True)
    # What rounding leaves of a flat trace is none.
    flat = length <= 1e-6 * np.sqrt(view.shape[1])
    return np.asarray(np.where(flat, 0, unit / np.where(flat, 1, length)))


def _compared(
    unit: Stack, near: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(components, neighbours) correlations, and (components,) what ridge regression explains."""
    correlations = np.zeros(near.shape)
    explained = np.zeros(len(near))
    ridge = RIDGE * np.eye(near.shape[1])
    for start in range(0, len(near), _AT_ONCE):
        part = slice(start, min(start + _AT_ONCE, len(near)))
        others = unit[near[part]]
        along = (others @ unit[part, :, None])[:, :, 0].astype(np.float64)
        among = (others @ others.transpose(0, 2, 1)).astype(np.float64)
        weights = np.linalg.solve(among + ridge, along[:, :, None])[:, :, 0]
        left = np.einsum("nk,nkl,nl->n", weights, among, weights)
        explained[part] = 2 * np.vecdot(weights, along) - left
        correlations[part] = along
    return correlations, explained


def _with_rest(unit: Stack) -> NDArray[np.float64]:
    """(components,) correlation with the mean of all others."""
    total = unit.sum(axis=0, dtype=np.float64)
    own = unit[:-1].astype(np.float64) @ total
    squares = np.vecdot(unit[:-1], unit[:-1]).astype(np.float64)
    length = np.sqrt(np.maximum(total @ total - 2 * own + squares, 0))
    # What rounding leaves where there are no others, or only flat ones, is none.
    nobody = length < 0.01
    return np.where(nobody, 0.0, (own - squares) / np.where(nobody, 1.0, length))


def _signal(stack: Stack, smooth: Stack) -> NDArray[np.float64]:
    """(components,) log spread of the smoothed trace over the noise; 0 for a flat one."""
    noise = noise_level(stack.astype(np.float64))
    return np.asarray(np.log1p(smooth.std(axis=1, dtype=np.float64) / np.maximum(noise, 1e-9)))
