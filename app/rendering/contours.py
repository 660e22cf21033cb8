"""Outlines of masks as closed lines, many masks at a time."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.recordings import MASK_SIZE_PX
from app.rendering.context import CONTOUR_LEVEL, grid_position, smoothed

Line = NDArray[np.float32]
"""(points, 2) y, x; closed: the last point is followed by the first."""

FEWEST_POINTS = 8
"""A loop round one or two pixels is speckle, unless the mask has no larger one."""

_TOP, _RIGHT, _BOTTOM, _LEFT = range(4)
# Row, column and direction (0 along the row, 1 down the column) of a cell's four edges.
_EDGES = np.array([(0, 0, 0), (0, 1, 1), (1, 0, 0), (0, 0, 1)])
# Of each corner and each side that may be inside alone (8 upper left, 4 upper right, 2 lower
# right, 1 lower left): the edge where the line comes in and where it goes out, with the inside on
# its right hand. Two opposite corners are two lines.
_SEGMENTS: dict[int, tuple[tuple[int, int], ...]] = {
    8: ((_TOP, _LEFT),),
    4: ((_RIGHT, _TOP),),
    2: ((_BOTTOM, _RIGHT),),
    1: ((_LEFT, _BOTTOM),),
    12: ((_RIGHT, _LEFT),),
    6: ((_BOTTOM, _TOP),),
    3: ((_LEFT, _RIGHT),),
    9: ((_TOP, _BOTTOM),),
    7: ((_LEFT, _TOP),),
    11: ((_TOP, _RIGHT),),
    13: ((_RIGHT, _BOTTOM),),
    14: ((_BOTTOM, _LEFT),),
    10: ((_TOP, _LEFT), (_BOTTOM, _RIGHT)),
    5: ((_RIGHT, _TOP), (_LEFT, _BOTTOM)),
}
# The two columns are the first and the second segment; -1 where there is none.
_STARTS, _ENDS = (
    np.array(
        [
            [segments[n][end] if n < len(segments) else -1 for n in (0, 1)]
            for segments in (_SEGMENTS.get(case, ()) for case in range(16))
        ]
    )
    for end in (0, 1)
)


def contours(masks: NDArray[np.float32], level: float = CONTOUR_LEVEL) -> list[list[Line]]:
    """The closed lines round what of each mask is above `level` of its maximum.

    masks: (components, height, width), not negative; smoothed a little first, so that speckle
        does not break the lines. Returns, for each, its lines in mask pixels, whose centres are
        whole numbers, the longest line first; none for an empty mask.
    Source: marching squares, Maple 2003, with linear interpolation.
    """
    weights = np.pad(smoothed(masks), ((0, 0), (1, 1), (1, 1)))
    levels = level * weights.max(axis=(1, 2), initial=0.0)
    inside = weights > levels[:, None, None]
    starts, ends = _segments(inside, weights.shape[1:])
    order = np.argsort(starts)
    edges = starts[order]
    following = np.searchsorted(edges, ends[order]).tolist()
    points, mask_of = _crossings(edges, weights, levels)
    found: list[list[Line]] = [[] for _ in masks]
    met = bytearray(len(edges))
    for first in range(len(edges)):
        if met[first]:
            continue
        loop = []
        at = first
        while not met[at]:
            met[at] = 1
            loop.append(at)
            at = following[at]
        found[mask_of[first]].append(points[loop])
    return [_worthwhile(lines) for lines in found]


def placed(
    lines: Sequence[Line], centroid_px: tuple[float, float], mask_scale: float
) -> list[Line]:
    """Lines of a mask in the field: y, x in source pixels, whose centres are whole numbers."""
    centre = np.array(grid_position(centroid_px), dtype=np.float32)
    return [(line - MASK_SIZE_PX // 2) / np.float32(mask_scale) + centre for line in lines]


def _segments(
    inside: NDArray[np.bool_], shape: Sequence[int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The edges where every piece of line starts and ends, by the number that `_crossings` reads.

    Each edge that is crossed is one piece's start and one other's end.
    """
    corners = inside.astype(np.uint8)
    cases = (
        8 * corners[:, :-1, :-1]
        + 4 * corners[:, :-1, 1:]
        + 2 * corners[:, 1:, 1:]
        + corners[:, 1:, :-1]
    )
    cells = np.nonzero((cases > 0) & (cases < 15))
    of_cell = cases[cells]
    numbers = []
    for table in (_STARTS, _ENDS):
        local = table[of_cell]
        row, column, down = (_EDGES[local][..., n] for n in range(3))
        mask_, y, x = (part[:, None] for part in cells)
        number = ((mask_ * 2 + down) * shape[0] + y + row) * shape[1] + x + column
        numbers.append(number[local >= 0])
    return numbers[0], numbers[1]


def _crossings(
    edges: NDArray[np.int64], weights: NDArray[np.float32], levels: NDArray[np.float32]
) -> tuple[NDArray[np.float32], list[int]]:
    """Where the level is crossed on each edge, in mask pixels, and of which mask the edge is."""
    rest, x = np.divmod(edges, weights.shape[2])
    rest, y = np.divmod(rest, weights.shape[1])
    mask_of, down = np.divmod(rest, 2)
    here, there = weights[mask_of, y, x], weights[mask_of, y + down, x + 1 - down]
    part = (levels[mask_of] - here) / (there - here)
    # The border of one pixel that the masks were padded with.
    points = np.stack([y + part * down - 1, x + part * (1 - down) - 1], axis=-1)
    return points.astype(np.float32), mask_of.tolist()


def _worthwhile(lines: list[Line]) -> list[Line]:
    lines = sorted(lines, key=len, reverse=True)
    return [line for number, line in enumerate(lines) if number == 0 or len(line) >= FEWEST_POINTS]
