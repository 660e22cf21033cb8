"""Where a component lies: a crop of the summary image with contours drawn on it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.domain.recordings import MASK_SIZE_PX
from app.rendering.fields import grey_levels
from app.rendering.masks import png_bytes

CROP_PX = 150
"""Side of the crop, in source pixels: about ten cell diameters of most recordings."""

ENLARGEMENT = 3
"""Picture pixels per source pixel, so that contours are thin against the cells."""

CONTOUR_LEVEL = 0.35
"""A contour runs where the weight is this fraction of the mask's maximum."""

OUTSIDE_GREY = 24
"""Beyond the field's border: darker than tissue, but not black, so that the border shows."""

Colour = tuple[int, int, int]
# Neither may look like one of the four classes, so: white, and a faded green.
OWN_COLOUR: Colour = (255, 255, 255)
NEIGHBOUR_COLOUR: Colour = (120, 195, 165)


@dataclass(frozen=True, eq=False)
class PlacedMask:
    """A mask and the place of its centre in the field.

    mask: (50, 50) float32. centroid_px: y, x in source pixels.
    """

    mask: NDArray[np.float32]
    centroid_px: tuple[float, float]


def context_png(
    summary_image: NDArray[np.float32] | None,
    own: PlacedMask,
    neighbours: Sequence[PlacedMask],
    *,
    mask_scale: float = 1.0,
    crop_px: int = CROP_PX,
    enlargement: int = ENLARGEMENT,
) -> bytes:
    """The surroundings of a component as an RGB PNG of `crop_px * enlargement` a side.

    summary_image: (height, width) float32 on the field's grid, or None where there is none.
    mask_scale: mask pixels per source pixel (see `app.domain.recordings.Recording`).
    The component is always in the middle; what lies beyond the field's border is flat grey.
    Its contour is white, the neighbours' are faded; neighbours out of the crop cost nothing.
    """
    centre = grid_position(own.centroid_px)
    origin = (centre[0] - crop_px // 2, centre[1] - crop_px // 2)
    grey = _crop(summary_image, origin, crop_px)
    grey = np.repeat(np.repeat(grey, enlargement, axis=0), enlargement, axis=1)
    picture = np.repeat(grey[:, :, None], 3, axis=2)
    window = _Window(origin, enlargement, mask_scale)
    quiet, loud = (np.zeros(grey.shape, dtype=np.float32) for _ in range(2))
    for neighbour in neighbours:
        window.draw(quiet, neighbour, width_px=1.2)
    window.draw(loud, own, width_px=2.0)
    _blend(picture, 0.85 * quiet, NEIGHBOUR_COLOUR)
    _blend(picture, loud, OWN_COLOUR)
    return png_bytes(Image.fromarray(picture))


def _blend(picture: NDArray[np.uint8], alpha: NDArray[np.float32], colour: Colour) -> None:
    """Lay a colour over the picture, in place."""
    where = alpha > 0.0
    under = picture[where].astype(np.float32)
    over = under + (np.array(colour, np.float32) - under) * alpha[where][:, None]
    picture[where] = np.rint(over).astype(np.uint8)


@dataclass(frozen=True)
class _Window:
    """How source pixels map to picture pixels.

    origin: row and column of the source pixel in the picture's upper left corner.
    """

    origin: tuple[int, int]
    enlargement: int
    mask_scale: float

    def draw(self, layer: NDArray[np.float32], placed: PlacedMask, *, width_px: float) -> None:
        """Add the contour of one mask to a layer of lines, in place. (height, width), 0 to 1."""
        zoom = self.enlargement / self.mask_scale
        box = _lit_box(placed.mask)
        if box is None:
            return
        top, left, bottom, right = (
            round(self._corner(edge % 2, placed.centroid_px) + box[edge] * zoom)
            for edge in range(4)
        )
        height, width = layer.shape
        rows = slice(max(top, 0), min(bottom, height))
        columns = slice(max(left, 0), min(right, width))
        if rows.start >= rows.stop or columns.start >= columns.stop:
            return
        weights = _enlarged(placed.mask, box, (bottom - top, right - left))
        line = contour_coverage(weights, width_px=width_px)
        line = line[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        part = layer[rows, columns]
        np.maximum(part, line, out=part)

    def _corner(self, axis: int, centroid_px: tuple[float, float]) -> float:
        """First picture row (axis 0) or column (axis 1) of a mask's area.

        The middle of mask pixel 25 falls on the middle of the centre's source pixel.
        """
        middle = grid_position(centroid_px)[axis] - self.origin[axis] + 0.5
        before = (MASK_SIZE_PX // 2 + 0.5) / self.mask_scale
        return (middle - before) * self.enlargement


def contour_coverage(weights: NDArray[np.float32], *, width_px: float) -> NDArray[np.float32]:
    """How much of each pixel a contour line covers, 0 to 1.

    weights: (height, width). The line follows `CONTOUR_LEVEL` of the maximum; its distance is
    the height above that level over the slope, which is exact where the slope is even.
    """
    level = CONTOUR_LEVEL * float(weights.max(initial=0.0))
    if level <= 0.0 or min(weights.shape) < 2:
        return np.zeros(weights.shape, dtype=np.float32)
    slope = np.hypot(*(_slope(weights, axis) for axis in (0, 1)))
    distance = np.abs(weights - level) / np.maximum(slope, level * 1e-3)
    covered: NDArray[np.float32] = np.clip(width_px / 2 + 0.5 - distance, 0.0, 1.0)
    return covered.astype(np.float32)


def _slope(weights: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Central differences along an axis, as np.gradient but without its float64."""
    ahead, behind = np.roll(weights, -1, axis), np.roll(weights, 1, axis)
    return np.asarray((ahead - behind) / 2, dtype=np.float32)


_Box = tuple[int, int, int, int]
"""Top, left, bottom, right in mask pixels; the last two are exclusive."""


def _lit_box(mask: NDArray[np.float32]) -> _Box | None:
    """The part of the mask with weights, and two pixels more for the contour's own width."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return None
    last = mask.shape[0]
    return (
        max(int(rows[0]) - 2, 0),
        max(int(columns[0]) - 2, 0),
        min(int(rows[-1]) + 3, last),
        min(int(columns[-1]) + 3, last),
    )


def _enlarged(mask: NDArray[np.float32], box: _Box, shape: tuple[int, int]) -> NDArray[np.float32]:
    """A part of the mask on the picture's grid; bicubic, so that the contour has no steps."""
    top, left, bottom, right = box
    image = Image.fromarray(smoothed(mask))
    larger = image.resize(
        (shape[1], shape[0]), Image.Resampling.BICUBIC, box=(left, top, right, bottom)
    )
    return np.asarray(larger, dtype=np.float32)


def smoothed(masks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Masks (..., height, width) without single-pixel speckle, which would break contours.

    Source: the binomial filter (1 2 1)/4 along rows and columns.
    """
    border = ((0, 0),) * (masks.ndim - 2) + ((1, 1), (1, 1))
    padded = np.pad(np.asarray(masks, dtype=np.float32), border)
    down = (padded[..., :-2, :] + 2 * padded[..., 1:-1, :] + padded[..., 2:, :]) / 4
    across = (down[..., :-2] + 2 * down[..., 1:-1] + down[..., 2:]) / 4
    return np.asarray(across, dtype=np.float32)


def grid_position(centroid_px: tuple[float, float]) -> tuple[int, int]:
    """The whole source pixel that row 25, column 25 of a mask lies on."""
    return int(np.rint(centroid_px[0])), int(np.rint(centroid_px[1]))


def _crop(
    image: NDArray[np.float32] | None, origin: tuple[int, int], crop_px: int
) -> NDArray[np.uint8]:
    """The grey levels of a square of the field, flat grey where the field ends."""
    grey = np.full((crop_px, crop_px), OUTSIDE_GREY, dtype=np.uint8)
    if image is None:
        return grey
    top, left = max(origin[0], 0), max(origin[1], 0)
    bottom = min(origin[0] + crop_px, image.shape[0])
    right = min(origin[1] + crop_px, image.shape[1])
    if top >= bottom or left >= right:
        return grey
    rows = slice(top - origin[0], bottom - origin[0])
    columns = slice(left - origin[1], right - origin[1])
    grey[rows, columns] = grey_levels(image[top:bottom, left:right])
    return grey
