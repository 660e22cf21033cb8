"""What a component has in common with those around it, in numbers a person could have thought of.

An extraction cuts one cell in two, finds it twice, and takes what shines in from a neighbour for a
component of its own: neither mask nor trace says so by itself. Distances are at the usual size
(`scale`); the units of traces and masks do not matter.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from classifier.classes import MASK_SIZE_PX
from classifier.image_stacks import SPECK, Columns
from classifier.relative_ranks import rows_of_recordings
from classifier.side_by_side import for_each
from classifier.traces_together import Briefs, features_of_traces

MOST_NEIGHBOURS = 8
REACH_PX = 40.0
"""How far away, at the usual size, a neighbour may be: a little less than a window's side."""

INSIDE = 0.2
"""Of its peak, from where on a pixel belongs to a mask."""

_FARTHEST_PX = 1e6
_AT_ONCE = 48
_SIDE = MASK_SIZE_PX // 2


@dataclass(frozen=True, eq=False)
class Near:
    """The nearest components of each, nearest first.

    rows: (components, neighbours) which. there: whether there is one within reach.
    distances_px: at the usual size, `REACH_PX` where there is none.
    """

    rows: NDArray[np.intp]
    there: NDArray[np.bool_]
    distances_px: NDArray[np.float64]

    @classmethod
    def of(cls, centres_px: NDArray[np.float64]) -> "Near":
        """Those of one recording's centres, (components, 2); nobody is near to who has none."""
        count = len(centres_px)
        rows = np.zeros((count, MOST_NEIGHBOURS), dtype=np.intp)
        away = np.full((count, MOST_NEIGHBOURS), np.inf)
        known = np.flatnonzero(placed(centres_px))
        if len(known) > 1:
            answer = cKDTree(centres_px[known]).query(
                centres_px[known], MOST_NEIGHBOURS + 1, distance_upper_bound=REACH_PX
            )
            found, nearest = np.asarray(answer[0]), np.asarray(answer[1])
            # Where several share a place, each is among its own nearest, but not always the first.
            found[nearest == np.arange(len(known))[:, None]] = np.inf
            order = np.argsort(found, axis=1, kind="stable")[:, :MOST_NEIGHBOURS]
            away[known] = np.take_along_axis(found, order, axis=1)
            nearest = np.take_along_axis(nearest, order, axis=1)
            rows[known] = known[np.minimum(nearest, len(known) - 1)]
        there = np.isfinite(away)
        return cls(rows, there, np.where(there, away, REACH_PX))


def placed(centres_px: NDArray[np.floating]) -> NDArray[np.bool_]:
    """(components,) whose centre is known."""
    return np.asarray((np.abs(centres_px) < _FARTHEST_PX).all(axis=1))


@dataclass(frozen=True, eq=False)
class Field:
    """What is known of the components of one or more recordings, for a comparison.

    masks: (components, 50, 50). centres_px: (components, 2) y, x in mask pixels, NaN where unknown.
    scales: (components,) to the usual size. recordings: (components,). traces: in brief.
    """

    masks: NDArray[np.float32]
    centres_px: NDArray[np.floating]
    scales: NDArray[np.float64]
    recordings: NDArray[np.int64]
    traces: Briefs


def neighbour_features(field: Field) -> Columns:
    """Every comparison, recording by recording; NaN where a centre or a trace is missing."""
    found = {name: np.full(len(field.masks), np.nan) for name in names()}

    def fill(rows: NDArray[np.intp]) -> None:
        for name, values in _of_recording(field, rows).items():
            found[name][rows] = values

    for_each(fill, rows_of_recordings(field.recordings))
    return found


@lru_cache
def names() -> tuple[str, ...]:
    """What is compared: masks, and with the prefix `trace: ` traces."""
    one = Field(
        np.ones((1, MASK_SIZE_PX, MASK_SIZE_PX), np.float32),
        np.zeros((1, 2)), np.ones(1), np.zeros(1, np.int64), Briefs.of([np.arange(64.0)], None),
    )  # fmt: skip
    return tuple(_of_recording(one, np.arange(1)))


def _of_recording(field: Field, rows: NDArray[np.intp]) -> Columns:
    centres = np.asarray(field.centres_px[rows], dtype=np.float64)
    near = Near.of(centres * field.scales[rows, None])
    halves = _halves(field.masks[rows])
    overlap, shared, covered = _overlaps(halves, centres, near)
    log_area = np.log((halves > INSIDE).sum(axis=(1, 2)) + 1.0)
    most = overlap.argmax(axis=1)
    found = {
        **_crowding(near),
        **_sharing(overlap, shared, covered),
        **_sizes(log_area, near, overlap, most),
    }
    unknown = ~placed(centres)
    for values in found.values():
        values[unknown] = np.nan
    of_traces = features_of_traces(field.traces.take(rows), near.rows, near.there, overlap)
    for name, values in of_traces.items():
        found[f"trace: {name}"] = np.where(unknown, np.nan, values)
    return found


def _halves(masks: NDArray[np.float32]) -> NDArray[np.float32]:
    """(components, 25, 25) masks at half their resolution, from 0 to 1."""
    pooled = np.maximum(masks, 0).reshape(len(masks), _SIDE, 2, _SIDE, 2).mean(axis=(2, 4))
    peak = np.maximum(pooled.max(axis=(1, 2), keepdims=True), np.finfo(np.float32).tiny)
    return np.asarray(pooled / peak)


def _overlaps(
    halves: NDArray[np.float32], centres_px: NDArray[np.float64], near: Near
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """For each neighbour the cosine between the masks, the share of the own mass that lies inside
    the neighbour's mask, and the share of the neighbour's that lies inside the own;
    (components, neighbours) each, 0 where there is none.
    """
    cosine, own, theirs = (np.zeros(near.rows.shape) for _ in range(3))
    mass = halves.sum(axis=(1, 2))
    norm = np.sqrt(np.einsum("nyx,nyx->n", halves, halves))
    along = np.arange(_SIDE)
    pairs = np.argwhere(near.there)
    for start in range(0, len(pairs), MOST_NEIGHBOURS * _AT_ONCE):
        row, place = pairs[start : start + MOST_NEIGHBOURS * _AT_ONCE].T
        other = near.rows[row, place]
        # A mask's window lies round its own centre.
        apart = np.rint((centres_px[other] - centres_px[row]) / 2)
        at = along - np.clip(apart, -_SIDE, _SIDE).astype(np.int64)[:, :, None]
        inside = (at >= 0) & (at < _SIDE)
        y, x = np.clip(at, 0, _SIDE - 1).transpose(1, 0, 2)
        there = inside[:, 0, :, None] & inside[:, 1, None, :]
        neighbour = halves[other[:, None, None], y[:, :, None], x[:, None, :]] * there
        mine = halves[row]
        cosine[row, place] = np.einsum("nyx,nyx->n", mine, neighbour) / (norm[row] * norm[other])
        own[row, place] = np.einsum("nyx,nyx->n", mine, neighbour > INSIDE) / mass[row]
        theirs[row, place] = np.einsum("nyx,nyx->n", neighbour, mine > INSIDE) / mass[other]
    return cosine, own, theirs


def _crowding(near: Near) -> Columns:
    """Log distances in px to the nearest, the third and the last neighbour."""
    logs = np.log(near.distances_px + 1)
    return {
        f"neighbours: log distance to number {place}": logs[:, place - 1].copy()
        for place in (1, 3, MOST_NEIGHBOURS)
    }


def _sharing(
    overlap: NDArray[np.float64], own: NDArray[np.float64], theirs: NDArray[np.float64]
) -> Columns:
    """How much of the mask lies where others' do."""
    return {
        "neighbours: greatest overlap": overlap.max(axis=1),
        "neighbours: overlap with all": overlap.sum(axis=1),
        "neighbours: most of it inside one": own.max(axis=1),
        "neighbours: most of one inside it": theirs.max(axis=1),
    }


def _sizes(
    log_area: NDArray[np.float64], near: Near, overlap: NDArray[np.float64], most: NDArray[np.intp]
) -> Columns:
    """Log area against the neighbours' mean, and against the one that overlaps most."""
    areas = log_area[near.rows]
    count = near.there.sum(axis=1)
    mean = (areas * near.there).sum(axis=1) / np.maximum(count, 1)
    at = np.arange(len(most))
    beside = np.where(overlap[at, most] > SPECK, areas[at, most], log_area)
    return {
        "neighbours: log area against theirs": np.where(count > 0, log_area - mean, 0.0),
        "neighbours: log area against the most overlapping": log_area - beside,
    }
