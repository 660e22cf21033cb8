"""The window of a field that shows a component among its neighbours, as plain grey levels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.rendering.context import CROP_PX, grid_position
from app.rendering.fields import GREY_QUANTILES

MOST_SAMPLED = 100_000
"""So many pixels tell the quantiles of an image as well as all do, in a tenth of the time."""

MAP_PX = 128
"""The longer side of a whole field made small."""


@dataclass(frozen=True, eq=False)
class GreyImage:
    """A summary image to cut windows from.

    levels: (rows, columns) uint8; each is the mean of `pixel_px` by `pixel_px` source pixels.
    """

    levels: NDArray[np.uint8]
    pixel_px: int


@dataclass(frozen=True, eq=False)
class Crop:
    """A part of a grey image. top_px, left_px: the upper left corner of it, in source pixels."""

    levels: NDArray[np.uint8]
    top_px: int
    left_px: int


@dataclass(frozen=True)
class Window:
    """A square of the field, in source pixels, which may reach beyond the field's border."""

    top_px: int
    left_px: int
    side_px: int

    def cut(self, image: GreyImage) -> Crop:
        """What of the image lies in the window, to whole pixels of the image; may be empty."""
        spans = []
        for first, length in zip((self.top_px, self.left_px), image.levels.shape, strict=True):
            start = max(first // image.pixel_px, 0)
            stop = min(-(-(first + self.side_px) // image.pixel_px), length)
            spans.append(slice(start, max(stop, start)))
        top, left = (span.start * image.pixel_px for span in spans)
        return Crop(image.levels[spans[0], spans[1]], top, left)


def window_side_px(mask_scale: float) -> int:
    """The side of a window of about ten cell diameters, in source pixels.

    mask_scale: mask pixels per source pixel, which is how large the cells are where it is known.
    """
    return max(round(CROP_PX / mask_scale), 1)


def window_round(centroid_px: tuple[float, float], side_px: int) -> Window:
    """The window with this place in its middle."""
    row, column = grid_position(centroid_px)
    return Window(row - side_px // 2, column - side_px // 2, side_px)


def grey_image(image: NDArray[np.float32], mask_scale: float) -> GreyImage:
    """A summary image as grey levels between two quantiles of the whole of it.

    image: (height, width). Where the cells are large in it, pixels are put together, so that a
    window has about `CROP_PX` a side. Pixels that are not finite count as zero.
    """
    pixel_px = max(1, round(1 / mask_scale))
    pooled = block_means(np.nan_to_num(image, posinf=0.0, neginf=0.0), pixel_px)
    step = max(1, int(np.sqrt(pooled.size / MOST_SAMPLED)))
    black, white = np.quantile(pooled[::step, ::step], GREY_QUANTILES)
    scaled = (pooled - np.float32(black)) * np.float32(255 / max(float(white - black), 1e-12))
    return GreyImage(np.rint(np.clip(scaled, 0, 255)).astype(np.uint8), pixel_px)


def field_map(image: GreyImage) -> NDArray[np.uint8]:
    """The whole field, at most `MAP_PX` a side."""
    block = -(-max(image.levels.shape) // MAP_PX)
    means = block_means(image.levels.astype(np.float32), block)
    return np.rint(means).astype(np.uint8)


def block_means(image: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """Means of squares of `block` pixels; those that the border cuts are of what is there."""
    if block == 1:
        return image
    for axis in (0, 1):
        starts = np.arange(0, image.shape[axis], block)
        counts = np.diff(starts, append=image.shape[axis]).astype(np.float32)
        sums = np.add.reduceat(image, starts, axis=axis)
        image = (sums / (counts[:, None] if axis == 0 else counts)).astype(np.float32)
    return image
