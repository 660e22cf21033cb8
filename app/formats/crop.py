"""The 50x50 mask: which pixels of a footprint it shows, and at what scale. Settled here only."""

import numpy as np
from numpy.typing import NDArray

from app.domain.recordings import MASK_SIZE_PX, TARGET_NEURON_RADIUS_PX
from app.formats.footprint import Footprint

HALF_PX = MASK_SIZE_PX // 2
FLOOR_PART = 0.25
FLOOR_MIN_PX = 2500
"""In a field smaller than a mask, a quarter of the field may well be one cell."""


def centre_of_mass(footprint: Footprint) -> tuple[float, float]:
    """Weighted mean row and column, in source pixels. The weights must sum to more than 0."""
    total = footprint.weights.sum()
    y = float((footprint.ys * footprint.weights).sum() / total)
    x = float((footprint.xs * footprint.weights).sum() / total)
    return y, x


def centre_above_floor(
    footprint: Footprint, field_shape_px: tuple[int, int] | None
) -> tuple[float, float]:
    """The centre of mass, not dragged away by a floor of faint weights all over the field.

    Filters of PCA-ICA have a little weight in nearly every pixel; their plain centre of mass lies
    near the field's. Where weights cover FLOOR_PART of the field, only pixels of at least half
    the greatest weight count.
    """
    area = None if field_shape_px is None else field_shape_px[0] * field_shape_px[1]
    if area is None or len(footprint.weights) < FLOOR_PART * area or area < FLOOR_MIN_PX:
        return centre_of_mass(footprint)
    bright = footprint.weights >= footprint.weights.max() / 2
    return centre_of_mass(
        Footprint(footprint.ys[bright], footprint.xs[bright], footprint.weights[bright])
    )


def mask_scale(neuron_radius_px: float | None) -> float:
    """Mask pixels per source pixel: 1, or what maps the radius to TARGET_NEURON_RADIUS_PX."""
    return 1.0 if neuron_radius_px is None else TARGET_NEURON_RADIUS_PX / neuron_radius_px


def crop_mask(
    footprint: Footprint,
    neuron_radius_px: float | None = None,
    centre_px: tuple[float, float] | None = None,
) -> NDArray[np.float32]:
    """The footprint's weights in a 50x50 window round its centre of mass.

    The centre of mass (or `centre_px`, row and column), rounded to a whole source pixel, lies at
    row 25, column 25, so the window shows 25 pixels before it and 24 after. Weights are as in
    the source (Suite2p's `lam`, pixels that overlap other cells kept); what lies beyond the
    field's border or where the source has no weight is 0. A pixel listed twice counts with the
    sum of its weights.

    Without `neuron_radius_px` one mask pixel is one source pixel. With it (in source pixels),
    the footprint is rescaled by TARGET_NEURON_RADIUS_PX / neuron_radius_px round that same
    centre: bilinear, after a Gaussian blur against aliasing where it shrinks.
    Returns (50, 50) float32; all zero where no weight falls inside the window.
    """
    y, x = centre_of_mass(footprint) if centre_px is None else centre_px
    centre = (int(np.floor(y + 0.5)), int(np.floor(x + 0.5)))
    if neuron_radius_px is None:
        return _window(footprint, centre, HALF_PX)[:MASK_SIZE_PX, :MASK_SIZE_PX]
    # Not at the top: it takes about a second, which every start of the server would pay.
    from scipy import ndimage

    scale = mask_scale(neuron_radius_px)
    half = int(np.ceil(HALF_PX / scale)) + 2
    window = _window(footprint, centre, half)
    if scale < 1:
        # Half a target pixel of blur: the rule of scikit-image's `resize(anti_aliasing=True)`.
        window = ndimage.gaussian_filter(window, (1 / scale - 1) / 2, mode="constant")
    places = (np.arange(MASK_SIZE_PX) - HALF_PX) / scale + half
    rows, columns = np.meshgrid(places, places, indexing="ij")
    mask = ndimage.map_coordinates(window, [rows, columns], order=1, mode="constant")
    return np.asarray(mask, dtype=np.float32)


def _window(footprint: Footprint, centre: tuple[int, int], half: int) -> NDArray[np.float32]:
    """(2 half + 1) squared pixels round `centre`, which lies at [half, half]."""
    side = 2 * half + 1
    rows = footprint.ys - (centre[0] - half)
    columns = footprint.xs - (centre[1] - half)
    inside = (rows >= 0) & (rows < side) & (columns >= 0) & (columns < side)
    window = np.zeros((side, side), dtype=np.float64)
    np.add.at(window, (rows[inside], columns[inside]), footprint.weights[inside])
    return window.astype(np.float32)
