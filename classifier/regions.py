"""Regions of 50x50 images: sizes, connected pieces, holes, hulls, thickness, a stack at a time.

Nothing here goes from image to image. Pieces and holes are put together from runs, the unbroken
pixels of a row, of which there are a hundred times fewer than pixels; thickness looks at a row of
pixels as the bits of one number.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from classifier.classes import MASK_SIZE_PX

Regions = NDArray[np.bool_]
Counts = NDArray[np.int64]

_ROW = MASK_SIZE_PX + 1
"""Places a row takes: an empty one before it keeps runs apart."""


def areas(regions: Regions) -> Counts:
    """(images,) pixels of each."""
    # Counting the bits of four pixels at once is much faster than adding up truth values.
    flat = np.ascontiguousarray(regions).reshape(len(regions), MASK_SIZE_PX**2)
    return np.asarray(np.bitwise_count(flat.view(np.uint32)).sum(axis=1, dtype=np.int64))


@dataclass(frozen=True, eq=False)
class _Runs:
    """Unbroken pixels of a row. start, stop: (runs,) places, counted through all of the stack."""

    start: Counts
    stop: Counts

    @classmethod
    def of(cls, regions: Regions) -> "_Runs":
        rows = len(regions) * MASK_SIZE_PX
        line = np.zeros(rows * _ROW + 1, dtype=np.bool_)
        line[:-1].reshape(rows, _ROW)[:, 1:] = regions.reshape(rows, MASK_SIZE_PX)
        turns = np.flatnonzero(line[1:] != line[:-1]) + 1
        return cls(turns[::2], turns[1::2])

    @property
    def row(self) -> Counts:
        return np.asarray(self.start // _ROW)

    @property
    def image(self) -> Counts:
        return np.asarray(self.row // MASK_SIZE_PX)

    @property
    def length(self) -> Counts:
        return np.asarray(self.stop - self.start)

    def joined(self, *, corners: bool) -> tuple[int, NDArray[np.int32]]:
        """How many pieces they make, and (runs,) the piece of each.

        corners: whether pixels that share no more than a corner belong together.
        """
        reach = 1 if corners else 0
        first = np.searchsorted(self.stop, self.start - _ROW - reach, side="right")
        beyond = np.searchsorted(self.start, self.stop - _ROW + reach, side="left")
        # The first row of an image has none above it.
        touched = np.where(self.row % MASK_SIZE_PX == 0, 0, np.maximum(beyond - first, 0))
        below = np.repeat(np.arange(len(touched)), touched)
        offsets = np.arange(len(below)) - np.repeat(touched.cumsum() - touched, touched)
        graph = sparse.coo_array(
            (np.ones(len(below), np.int8), (below, np.repeat(first, touched) + offsets)),
            shape=(len(touched), len(touched)),
        )
        count, piece_of = csgraph.connected_components(graph, directed=False)
        return int(count), piece_of

    def at_border(self) -> NDArray[np.bool_]:
        """(runs,) whether each touches the border of its image."""
        row = self.row
        height = row % MASK_SIZE_PX
        left, right = row * _ROW + 1, (row + 1) * _ROW
        ends = (self.start == left) | (self.stop == right)
        return np.asarray(ends | (height == 0) | (height == MASK_SIZE_PX - 1))


def pieces(regions: Regions) -> tuple[Counts, Counts]:
    """(pieces,) the image of each connected piece, and its pixels. Corners connect."""
    runs = _Runs.of(regions)
    count, piece_of = runs.joined(corners=True)
    image_of = np.zeros(count, dtype=np.int64)
    image_of[piece_of] = runs.image
    return image_of, np.bincount(piece_of, runs.length, count).astype(np.int64)


def hole_areas(regions: Regions) -> Counts:
    """(images,) pixels that are not of the region but surrounded by it. Corners surround."""
    found = np.zeros(len(regions), dtype=np.int64)
    row = _Runs.of(regions).row
    # A hole lies between two runs of a row; most images have no row with two.
    doubtful = np.unique(row[1:][row[1:] == row[:-1]] // MASK_SIZE_PX)
    runs = _Runs.of(~regions[doubtful])
    count, piece_of = runs.joined(corners=False)
    is_open = np.zeros(count, dtype=np.bool_)
    is_open[piece_of[runs.at_border()]] = True
    inside = ~is_open[piece_of]
    found[doubtful] = np.bincount(runs.image[inside], runs.length[inside], len(doubtful))
    return found


def perimeters(regions: Regions) -> Counts:
    """(images,) sides of pixels that lie between a region and what is not of it."""
    rows = _as_bits(regions)
    edge = np.zeros((len(rows), 1), dtype=rows.dtype)
    across = rows ^ (rows << np.uint64(1))
    down = np.concatenate([edge, rows], axis=1) ^ np.concatenate([rows, edge], axis=1)
    found = (np.bitwise_count(sides).sum(axis=1, dtype=np.int64) for sides in (across, down))
    return np.asarray(sum(found))


def borders(regions: Regions) -> Regions:
    """Pixels of a region that share a side with what is not of it."""
    inner = np.zeros_like(regions)
    middle = slice(1, -1)
    inner[:, middle, middle] = (
        regions[:, :-2, middle]
        & regions[:, 2:, middle]
        & regions[:, middle, :-2]
        & regions[:, middle, 2:]
    )
    return regions & ~inner


def convex_hull(regions: Regions) -> tuple[NDArray[np.float64], ...]:
    """Area, perimeter, greatest and least width of each region's convex hull, in pixels; 1 of none.

    From the support function in 32 directions: how far the region reaches that way.
    """
    directions = 32
    turn = np.arange(directions) * 2 * pi / directions
    # The outermost pixels of each row are enough: what lies between reaches less far.
    filled = regions.any(axis=2)
    left = regions.argmax(axis=2) - MASK_SIZE_PX // 2
    right = MASK_SIZE_PX // 2 - 1 - regions[:, :, ::-1].argmax(axis=2)
    # A row without any counts as the first that has some.
    row = np.where(filled, np.arange(MASK_SIZE_PX), filled.argmax(axis=1)[:, None])
    n = np.arange(len(regions))[:, None]
    reach = np.empty((len(regions), directions))
    for outermost, ways in ((right, np.cos(turn) > 0), (left, np.cos(turn) <= 0)):
        points = np.stack([outermost[n, row], row - MASK_SIZE_PX // 2], axis=2).astype(np.float64)
        compass = np.stack([np.cos(turn[ways]), np.sin(turn[ways])])
        # Half a pixel more each way, since a pixel is a square and not a point.
        reach[:, ways] = (points @ compass).max(axis=1) + 0.5
    step = 2 * pi / directions
    sides = (
        np.roll(reach, 1, axis=1) + np.roll(reach, -1, axis=1) - 2 * reach * np.cos(step)
    ) / np.sin(step)
    sides = np.maximum(sides, 0)
    widths = reach[:, : directions // 2] + reach[:, directions // 2 :]
    empty = ~regions.any(axis=(1, 2))
    found = (
        (reach * sides).sum(axis=1) / 2,
        sides.sum(axis=1),
        widths.max(axis=1),
        widths.min(axis=1),
    )
    return tuple(np.where(empty, 1.0, value) for value in found)


def thickness(regions: Regions) -> NDArray[np.float64]:
    """(images,) the greatest distance from a pixel of the region to the nearest that is not.

    0 where there is no region. What lies outside the image is not of the region.
    """
    found = np.zeros(len(regions))
    rows = _as_bits(regions)
    here = np.flatnonzero(rows.any(axis=1))
    rows = rows[here]
    deep = rows.copy()
    for squared, steps in _distances():
        if not len(here):
            break
        # What is left are pixels with nothing but region up to this distance.
        for down, along in steps:
            sides = (rows << along) & (rows >> along)
            deep[:, down:] &= sides[:, : MASK_SIZE_PX - down]
            deep[:, : MASK_SIZE_PX - down] &= sides[:, down:]
            deep[:, :down] = 0
            deep[:, MASK_SIZE_PX - down :] = 0
        left = deep.any(axis=1)
        if not left.all():
            found[here[~left]] = sqrt(squared)
            here, rows, deep = here[left], rows[left], deep[left]
    return found


def _as_bits(regions: Regions) -> NDArray[np.uint64]:
    """(images, 50) each row as a number, whose bits are its pixels."""
    wide = np.zeros((*regions.shape[:2], 64), dtype=np.bool_)
    wide[:, :, :MASK_SIZE_PX] = regions
    return np.packbits(wide, axis=2, bitorder="little").view("<u8")[:, :, 0]


@lru_cache
def _distances() -> tuple[tuple[int, tuple[tuple[int, np.uint64], ...]], ...]:
    """Squared distances in order, each with the steps (down, along) that lead as far."""
    steps: dict[int, list[tuple[int, np.uint64]]] = {}
    # No pixel is further from the outside than half the image.
    for down in range(MASK_SIZE_PX // 2 + 1):
        for along in range(MASK_SIZE_PX // 2 + 1):
            steps.setdefault(down**2 + along**2, []).append((down, np.uint64(along)))
    del steps[0]
    return tuple((squared, tuple(steps[squared])) for squared in sorted(steps))
