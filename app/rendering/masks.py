"""Masks as pictures: one large on the desk, sixty small in the browser of components."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.domain.recordings import MASK_SIZE_PX

WHITE_QUANTILE = 0.99
"""The share of a mask's nonzero pixels that stay below white; the rest saturate."""


def stretch(
    mask: NDArray[np.float32], *, white_quantile: float = WHITE_QUANTILE
) -> NDArray[np.uint8]:
    """Grey levels of one mask, 0 for nothing and 255 for its brightest pixels.

    mask: (height, width), not negative. White is a quantile of the pixels above zero: a single
    hot pixel must not leave the rest of a cell in the dark. Grey is linear in sRGB, which is
    close to even steps of perceived lightness. An empty mask is black.
    """
    lit = mask[mask > 0]
    if lit.size == 0:
        return np.zeros(mask.shape, dtype=np.uint8)
    white = float(np.quantile(lit, white_quantile))
    scaled = np.clip(mask / white, 0.0, 1.0) * 255.0
    levels: NDArray[np.uint8] = np.rint(scaled).astype(np.uint8)
    return levels


def mask_png(mask: NDArray[np.float32], *, size_px: int = MASK_SIZE_PX) -> bytes:
    """One mask as a grey PNG of `size_px` a side, in crisp squares (nearest neighbour).

    mask: (50, 50) float32. At the default size a pixel is a mask pixel and the file is about
    1 kB; a page enlarges it with `image-rendering: pixelated`.
    """
    image = Image.fromarray(stretch(mask))
    if image.size != (size_px, size_px):
        image = image.resize((size_px, size_px), Image.Resampling.NEAREST)
    return png_bytes(image)


def sprite_sheet(masks: NDArray[np.float32], columns: int) -> bytes:
    """Many masks in one grey PNG, row by row; the last row is filled with black.

    masks: (components, 50, 50) float32, at least one. Cell `i` has its upper left corner at
    x = 50 * (i % columns), y = 50 * (i // columns).
    Raises ValueError where there is nothing to draw.
    """
    count = len(masks)
    if count == 0 or columns < 1:
        raise ValueError("A sprite sheet needs at least one mask and one column.")
    height, width = masks.shape[1:]
    rows = -(-count // columns)
    sheet = np.zeros((rows * height, columns * width), dtype=np.uint8)
    for index, mask in enumerate(masks):
        y, x = height * (index // columns), width * (index % columns)
        sheet[y : y + height, x : x + width] = stretch(mask)
    return png_bytes(Image.fromarray(sheet))


def png_bytes(image: Image.Image) -> bytes:
    """The image as a PNG file."""
    out = BytesIO()
    # Level 1 is twice as fast as 6 and a tenth larger: a labeler waits for the picture.
    image.save(out, format="PNG", compress_level=1)
    return out.getvalue()
