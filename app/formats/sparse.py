"""CNMF's sparse matrix of footprints: one column a component, pixels down the columns first."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.formats.footprint import Footprint, from_flat
from app.formats.problems import BadContent


def check_columns(
    weights: NDArray[Any], pixels: NDArray[Any], starts: NDArray[Any], n_pixels: int
) -> None:
    """Raise BadContent where a compressed-column matrix contradicts itself.

    starts: (components + 1,) where each column begins in `weights` and `pixels`.
    """
    if weights.ndim != 1 or weights.shape != pixels.shape or starts.ndim != 1 or not starts.size:
        raise BadContent("has a sparse matrix A whose parts do not fit each other.")
    steps = np.diff(starts.astype(np.int64))
    if starts[0] != 0 or starts[-1] != len(weights) or np.any(steps < 0):
        raise BadContent("has a sparse matrix A whose columns overlap or end early.")
    if len(pixels) and (pixels.min() < 0 or pixels.max() >= n_pixels):
        raise BadContent(f"has a sparse matrix A with pixels beyond its {n_pixels:,}.")


def column_footprints(
    weights: NDArray[Any], pixels: NDArray[Any], starts: NDArray[Any], shape: tuple[int, int]
) -> Iterator[Footprint]:
    """One footprint a column, for a field of `shape` flattened down the columns (order F)."""
    for begin, end in pairwise(starts):
        yield from_flat(pixels[begin:end], weights[begin:end], shape, "F")
