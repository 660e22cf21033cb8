"""Stacks of 50x50 images: what the hand-made features of masks and contexts share."""

from collections.abc import Iterator
from functools import lru_cache
from math import pi

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Stack = NDArray[np.float32]
Columns = dict[str, NDArray[np.float64]]

SIDE_PX = 50
SPECK = 1e-9
"""Stands in for nothing where something is divided by it."""

ALONG = np.arange(SIDE_PX) - SIDE_PX // 2
IN_PLANE = np.stack([np.zeros((3, 3)), np.ones((3, 3)), np.zeros((3, 3))]).astype(bool)
"""Neighbours within an image of a stack, corners too; never from image to image."""

SIDES_ONLY = IN_PLANE & ndimage.generate_binary_structure(3, 1)
_AT_ONCE = 128
"""Images that fit the processor's cache together."""


def in_parts(array: NDArray[np.floating]) -> Iterator[NDArray[np.floating]]:
    """The array in pieces, which are faster than all at once; an empty one where it is empty."""
    for start in range(0, max(len(array), 1), _AT_ONCE):
        yield array[start : start + _AT_ONCE]


def normalise(masks: NDArray[np.floating]) -> Stack:
    """Masks divided by their greatest value after a light blur, so that no speck sets the scale."""
    masks = np.asarray(masks, dtype=np.float32)
    peak = blur(masks, 1.0).max(axis=(1, 2))
    return np.asarray(masks / np.maximum(peak, SPECK)[:, None, None], dtype=np.float32)


def blur(stack: NDArray[np.floating], sigma_px: float) -> Stack:
    """Each image of a stack, blurred by a Gaussian; what lies outside counts as zero."""
    return filtered(stack, sigma_px, (0, 0))


def filtered(stack: NDArray[np.floating], sigma_px: float, order: tuple[int, int]) -> Stack:
    """Each image convolved with a Gaussian's derivatives of these orders along y and x.

    As two products with a 50x50 matrix, which takes half the time of filtering row by row.
    """
    down, along = (_filter_matrix(sigma_px, own) for own in order)
    return np.asarray(down @ np.asarray(stack, dtype=np.float32) @ along.T)


@lru_cache
def _filter_matrix(sigma_px: float, order: int) -> Stack:
    """(50, 50) what each pixel of a row takes from each other."""
    one_each = np.eye(SIDE_PX, dtype=np.float32)
    matrix = ndimage.gaussian_filter1d(one_each, sigma_px, axis=0, order=order, mode="constant")
    return np.asarray(matrix, dtype=np.float32)


def thickness(above: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(images,) the greatest distance to the nearest pixel that is not `above`; 0 where none is."""
    found = np.zeros(len(above))
    padded = np.pad(above, ((0, 0), (1, 1), (1, 1)))
    rows = np.asarray(padded.any(axis=2))
    columns = np.asarray(padded.any(axis=1))
    for index in np.flatnonzero(rows.any(axis=1)):
        # Beyond the shape's own box, and a border of one, there is nothing to measure.
        y, x = np.flatnonzero(rows[index]), np.flatnonzero(columns[index])
        box = padded[index, y[0] - 1 : y[-1] + 2, x[0] - 1 : x[-1] + 2]
        found[index] = np.asarray(ndimage.distance_transform_edt(box)).max()
    return found


def centre(weights: Stack) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mass and centre of mass (y, x from the window's middle) of each image."""
    mass = np.maximum(weights.sum(axis=(1, 2), dtype=np.float64), SPECK)
    y = weights.sum(axis=2, dtype=np.float64) @ ALONG / mass
    x = weights.sum(axis=1, dtype=np.float64) @ ALONG / mass
    return mass, y, x


def polar(
    images: Stack,
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    radii_px: NDArray[np.float64],
    angles: int = 24,
) -> NDArray[np.float64]:
    """(components, radii, angles) values round a centre, bilinearly between the pixels.

    y, x: (components,) centres from the window's middle. radii_px: (components, radii).
    """
    turn = np.arange(angles) * 2 * pi / angles
    half = SIDE_PX // 2
    rows = np.clip(
        half + y[:, None, None] + radii_px[:, :, None] * np.sin(turn), 0, SIDE_PX - 1.001
    )
    cols = np.clip(
        half + x[:, None, None] + radii_px[:, :, None] * np.cos(turn), 0, SIDE_PX - 1.001
    )
    top, left = rows.astype(np.int64), cols.astype(np.int64)
    down, right = rows - top, cols - left
    n = np.arange(len(images))[:, None, None]
    upper = images[n, top, left] * (1 - right) + images[n, top, left + 1] * right
    lower = images[n, top + 1, left] * (1 - right) + images[n, top + 1, left + 1] * right
    return np.asarray(upper * (1 - down) + lower * down, dtype=np.float64)


def holes(above: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where each image is not `above` but surrounded by what is."""
    labels, count = ndimage.label(~above, structure=SIDES_ONLY)
    open_ = np.zeros(count + 1, dtype=bool)
    for edge in (labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1]):
        open_[edge] = True
    open_[0] = True
    return np.asarray(~open_[labels])


def radius_of(smooth: Stack) -> NDArray[np.float64]:
    """The radius of a disc as large as what is above 0.3 with its holes filled, in pixels."""
    filled = (smooth > 0.3) | holes(smooth > 0.3)
    return np.asarray(np.sqrt(np.maximum(filled.sum(axis=(1, 2)), 1.0) / pi))
