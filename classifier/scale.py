"""How large a recording shows its cells, and masks and crops brought to one size.

Zoom differs between recordings by more than cells differ, and what tells a dendrite from a soma
is size as much as shape. A recording where the neurons' radius was given is on one scale already
(see the importing code); this is for the others.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from classifier.classes import MASK_SIZE_PX

USUAL_RADIUS_PX = 6.7
"""Geometric mean over a recording's components of their radii, where somata have about 7 px."""

TRUSTED = 0.2
"""A recording's mixture of classes alone moves the mean log radius by about half of this (0.11
over the simulated fields of view), so smaller differences are left to the network."""

FEWEST = 20
"""With fewer components the mean says little."""

LARGEST_FACTOR = 2.5


def radii(masks: NDArray[np.floating]) -> NDArray[np.float64]:
    """(components,) radius of a disc as large as what lies above 15% of the bright level, px."""
    flat = np.asarray(masks, dtype=np.float32).reshape(len(masks), MASK_SIZE_PX**2)
    # Not the maximum: one pixel of speckle would else decide.
    bright = np.sort(flat, axis=1)[:, -12]
    area = (flat > 0.15 * bright[:, None]).sum(axis=1)
    return np.asarray(np.sqrt(np.maximum(area, 1) / np.pi))


def recording_scales(
    masks: NDArray[np.floating], recordings: NDArray[np.integer]
) -> NDArray[np.float64]:
    """(components,) the factor that brings each one's recording to the usual size; mostly 1.

    masks: (components, 50, 50). recordings: (components,).
    """
    logs = np.log(radii(masks))
    scales = np.ones(len(logs))
    for recording in np.unique(recordings):
        rows = recordings == recording
        if rows.sum() >= FEWEST:
            off = float(np.log(USUAL_RADIUS_PX) - logs[rows].mean())
            off = np.sign(off) * max(abs(off) - TRUSTED, 0.0)
            scales[rows] = np.clip(np.exp(off), 1 / LARGEST_FACTOR, LARGEST_FACTOR)
    return scales


def rescale(images: NDArray[np.floating], scales: NDArray[np.floating]) -> NDArray[np.float32]:
    """Images zoomed round row 25, column 25: above 1 what they show grows.

    images: (components, 50, 50) or (components, channels, 50, 50); NaN where there is no image,
    which what comes from beyond the window becomes too.
    scales: (components,).
    """
    result = np.array(images, dtype=np.float32)
    for scale in np.unique(scales[scales != 1.0]):
        rows = np.flatnonzero(scales == scale)
        values, share = _zoom(result[rows], float(scale))
        result[rows] = np.where(share > 0.5, values / np.maximum(share, 0.5), np.nan)
    return result


def rescale_masks(masks: NDArray[np.floating], scales: NDArray[np.floating]) -> NDArray[np.float32]:
    """`rescale` for masks (components, 50, 50), beyond whose window there is nothing: 0.

    One of which nothing would be left keeps its size: the middle of two dots far apart holds
    neither, and an empty mask says nothing.
    """
    result = np.array(masks, dtype=np.float32)
    for scale in np.unique(scales[scales != 1.0]):
        rows = np.flatnonzero(scales == scale)
        zoomed, _ = _zoom(result[rows], float(scale))
        left = (zoomed > 0).any(axis=(1, 2))
        result[rows[left]] = zoomed[left]
    return result


def _zoom(
    images: NDArray[np.float32], scale: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Zoomed values with 0 for what is not known, and how much of each pixel is known."""
    matrix, turned = _zoom_matrix(scale)
    known = np.isfinite(images)
    if known.all():
        share = matrix.sum(axis=1)
        return np.asarray(matrix @ (images @ turned)), np.multiply.outer(share, share)
    filled, weights = np.where(known, images, np.float32(0)), known.astype(np.float32)
    return np.asarray(matrix @ (filled @ turned)), np.asarray(matrix @ (weights @ turned))


@lru_cache
def _zoom_matrix(scale: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(50, 50) what each pixel of a zoomed row takes from each of the row, and that transposed.

    Linear between the pixels, both ways alike, so that two products zoom an image.
    """
    middle = MASK_SIZE_PX // 2
    along = np.arange(MASK_SIZE_PX)
    places = (along - middle) / scale + middle
    matrix = np.maximum(1 - np.abs(places[:, None] - along), 0)
    if scale < 1:
        # Shrinking without a blur would let single pixels through and drop their neighbours.
        sigma = 0.45 * float(np.sqrt(1 / scale**2 - 1))
        matrix = matrix @ ndimage.gaussian_filter1d(
            np.eye(MASK_SIZE_PX), sigma, axis=0, mode="constant"
        )
    found = matrix.astype(np.float32)
    return found, np.ascontiguousarray(found.T)
