"""Stacks of 50x50 images: what the hand-made features of masks and contexts share."""

from dataclasses import dataclass
from functools import lru_cache
from math import pi

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from classifier.classes import MASK_SIZE_PX
from classifier.regions import areas, hole_areas

Stack = NDArray[np.float32]
Columns = dict[str, NDArray[np.float64]]

SPECK = 1e-9
"""Stands in for nothing where something is divided by it."""

ALONG = np.arange(MASK_SIZE_PX) - MASK_SIZE_PX // 2


@dataclass(frozen=True, eq=False)
class Shapes:
    """Masks, and what every feature of them and of what surrounds them starts from.

    masks: divided by their greatest value after a light blur, so that no speck sets the scale.
    smooth: those blurred. y, x: (components,) centre of what lies above 0.3, from the window's
    middle. radius_px: (components,) of a disc as large as that with its holes filled.
    """

    masks: Stack
    smooth: Stack
    y: NDArray[np.float64]
    x: NDArray[np.float64]
    radius_px: NDArray[np.float64]

    @classmethod
    def of(cls, masks: NDArray[np.floating]) -> "Shapes":
        """Those of masks (components, 50, 50), raw, any intensity unit."""
        raw = np.asarray(masks, dtype=np.float32)
        blurred = blur(raw, 1.0)
        peak = np.maximum(blurred.max(axis=(1, 2)), SPECK)[:, None, None]
        smooth = np.asarray(blurred / peak, dtype=np.float32)
        above = smooth > 0.3
        _, y, x = centre(above.astype(np.float32))
        filled = areas(above) + hole_areas(above)
        radius_px = np.sqrt(np.maximum(filled, 1.0) / pi)
        return cls(np.asarray(raw / peak, dtype=np.float32), smooth, y, x, radius_px)

    def take(self, rows: NDArray[np.intp]) -> "Shapes":
        """Those of some components."""
        return Shapes(
            self.masks[rows], self.smooth[rows], self.y[rows], self.x[rows], self.radius_px[rows]
        )


def blur(stack: NDArray[np.floating], sigma_px: float) -> Stack:
    """Each image of a stack, blurred by a Gaussian; what lies outside counts as zero."""
    return filtered_down(filtered_along(stack, sigma_px, 0), sigma_px, 0)


def smoothed(stack: Stack, sigma_px: float) -> Stack:
    """Each image blurred by a Gaussian of what lies within the window: its edge makes no slope."""
    down, along = _smoothing_matrix(sigma_px)
    return np.asarray(down @ (stack @ along))


def filtered_along(stack: NDArray[np.floating], sigma_px: float, order: int) -> Stack:
    """Each image convolved along x with a Gaussian's derivative of this order.

    As a product with a 50x50 matrix: filtering row by row is slower.
    """
    _, turned = _filter_matrix(sigma_px, order)
    return np.asarray(np.asarray(stack, dtype=np.float32) @ turned)


def filtered_down(stack: Stack, sigma_px: float, order: int) -> Stack:
    """The same along y."""
    matrix, _ = _filter_matrix(sigma_px, order)
    return np.asarray(matrix @ stack)


@lru_cache
def _filter_matrix(sigma_px: float, order: int) -> tuple[Stack, Stack]:
    """(50, 50) what each pixel of a row takes from each other, and the same transposed."""
    one_each = np.eye(MASK_SIZE_PX, dtype=np.float32)
    matrix = ndimage.gaussian_filter1d(one_each, sigma_px, axis=0, order=order, mode="constant")
    return np.ascontiguousarray(matrix), np.ascontiguousarray(matrix.T)


@lru_cache
def _smoothing_matrix(sigma_px: float) -> tuple[Stack, Stack]:
    matrix, _ = _filter_matrix(sigma_px, 0)
    whole = (matrix / matrix.sum(axis=1, keepdims=True, dtype=np.float64)).astype(np.float32)
    return whole, np.ascontiguousarray(whole.T)


def dot(one: NDArray[np.floating], other: NDArray[np.floating]) -> NDArray[np.float64]:
    """(components,) sum over the pixels of the product."""
    pixels = (len(one), MASK_SIZE_PX**2)
    return np.asarray(np.vecdot(one.reshape(pixels), other.reshape(pixels)), dtype=np.float64)


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
    half, last = MASK_SIZE_PX // 2, MASK_SIZE_PX - 1.001
    rows = np.clip(half + y[:, None, None] + radii_px[:, :, None] * np.sin(turn), 0, last)
    cols = np.clip(half + x[:, None, None] + radii_px[:, :, None] * np.cos(turn), 0, last)
    top, left = rows.astype(np.int64), cols.astype(np.int64)
    down, right = (rows - top).astype(np.float32), (cols - left).astype(np.float32)
    flat = images.ravel()
    at = (np.arange(len(images))[:, None, None] * MASK_SIZE_PX + top) * MASK_SIZE_PX + left
    upper, lower = (
        (flat[start] * (1 - right) + flat[start + 1] * right) for start in (at, at + MASK_SIZE_PX)
    )
    return np.asarray(upper * (1 - down) + lower * down, dtype=np.float64)
