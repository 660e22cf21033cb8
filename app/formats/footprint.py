"""A component's footprint as sparse pixels, whatever way its source wrote it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Footprint:
    """Pixels of one component on the source's field.

    ys, xs: (pixels,) int64 row and column, from 0.
    weights: (pixels,) float64 as in the source; may still hold NaN or negative values.
    """

    ys: NDArray[np.int64]
    xs: NDArray[np.int64]
    weights: NDArray[np.float64]


def from_dense(image: NDArray[Any]) -> Footprint:
    """A (height, width) image of weights; pixels of weight 0 are left out."""
    ys, xs = np.nonzero(image)
    return Footprint(ys, xs, np.asarray(image[ys, xs], dtype=np.float64))


def from_stack(stack: Any) -> Iterator[Footprint]:
    """(components, height, width): an array or an HDF5 dataset, read one component at a time."""
    for index in range(stack.shape[0]):
        yield from_dense(np.asarray(stack[index]))


def from_pixels(ys: Any, xs: Any, weights: Any) -> Footprint:
    """Lists of rows, columns and weights of one length."""
    return Footprint(
        np.asarray(ys).astype(np.int64).ravel(),
        np.asarray(xs).astype(np.int64).ravel(),
        np.asarray(weights, dtype=np.float64).ravel(),
    )


def from_flat(
    pixels: NDArray[Any], weights: NDArray[Any], shape: tuple[int, int], order: str
) -> Footprint:
    """Flat pixel numbers from 0; order ``F`` (down the columns: MATLAB, CaImAn) or ``C``."""
    height, width = shape
    flat = np.asarray(pixels).astype(np.int64)
    ys, xs = (flat % height, flat // height) if order == "F" else (flat // width, flat % width)
    return from_pixels(ys, xs, weights)
