"""Cutting what surrounds a component out of a recording's summary images, on the mask's grid."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from classifier.classes import MASK_SIZE_PX

HALF_PX = MASK_SIZE_PX // 2


def crop_contexts(
    images: Sequence[NDArray[np.floating] | None],
    centroids_px: NDArray[np.floating],
    mask_scale: float = 1.0,
) -> NDArray[np.float32]:
    """(components, images, 50, 50) crops round centres; NaN beyond a field's border.

    images: each (height, width) on the recording's grid, or None where there is none: all NaN.
    centroids_px: (components, 2) y, x in source pixels; rounded (halves up, as masks are cut), they
        lie at row 25, column 25.
    mask_scale: mask pixels per source pixel; other than 1 the crops are interpolated.
    """
    result = np.full(
        (len(centroids_px), len(images), MASK_SIZE_PX, MASK_SIZE_PX), np.nan, dtype=np.float32
    )
    centres = np.floor(np.asarray(centroids_px, dtype=np.float64) + 0.5)
    along = (np.arange(MASK_SIZE_PX) - HALF_PX) / mask_scale
    for channel, image in enumerate(images):
        if image is None:
            continue
        for row, (y, x) in enumerate(centres):
            result[row, channel] = _crop(np.asarray(image), y + along, x + along)
    return result


def _crop(
    image: NDArray[np.floating], ys: NDArray[np.float64], xs: NDArray[np.float64]
) -> NDArray[np.float32]:
    inside = ((ys >= 0) & (ys <= image.shape[0] - 1))[:, None] & (
        (xs >= 0) & (xs <= image.shape[1] - 1)
    )
    rows, cols = np.clip(ys, 0, image.shape[0] - 1), np.clip(xs, 0, image.shape[1] - 1)
    if (ys % 1 == 0).all() and (xs % 1 == 0).all():
        values = image[np.ix_(rows.astype(np.int64), cols.astype(np.int64))]
    else:
        places = np.meshgrid(rows, cols, indexing="ij")
        values = ndimage.map_coordinates(image, places, order=1)
    return np.where(inside, values, np.nan).astype(np.float32)
