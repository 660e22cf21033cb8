"""Images of a whole field of view."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.rendering.masks import png_bytes

GREY_QUANTILES = (0.01, 0.995)
"""What black and white stand for: a few saturated pixels must not darken the tissue."""


def grey_levels(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Grey levels of a part of a field, stretched between two quantiles of it.

    image: (height, width). Pixels that are not finite count as zero; a flat image is black.
    """
    finite = np.nan_to_num(image, posinf=0.0, neginf=0.0)
    black, white = np.quantile(finite, GREY_QUANTILES)
    levels = np.clip((finite - black) / max(float(white - black), 1e-12), 0.0, 1.0) * 255.0
    return np.asarray(np.rint(levels), dtype=np.uint8)


def field_png(image: NDArray[np.float32]) -> bytes:
    """A summary image as a grey PNG, one picture pixel a source pixel."""
    return png_bytes(Image.fromarray(grey_levels(image)))
