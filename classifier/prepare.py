"""From raw masks to the network's input: one function, the same in training and in use."""

import numpy as np
import torch
from numpy.typing import NDArray

from classifier.classes import MASK_SIZE_PX

BRIGHT_QUANTILE = 0.95
CEILING = 1.5


def prepare_masks(masks: NDArray[np.floating]) -> torch.Tensor:
    """Masks on one scale, so that brightness says nothing and shape says all.

    masks: (components, 50, 50), finite, not negative, none all zero; any intensity unit.
    Returns (components, 1, 50, 50) float32 on the CPU, from 0 to sqrt(1.5), about 1 where bright.

    - Each mask is divided by the 95th percentile of its own positive pixels: extraction methods
      scale footprints as they like (unit norm, unit sum, raw), so absolute intensity carries no
      meaning. The percentile, not the maximum, because one speckle pixel would else decide it.
    - What is brighter is cut at 1.5 of that, so that such a pixel stays one bright pixel.
    - The square root lifts dim parts: an attached process or a faint cloud's border is told at a
      few percent of the peak, where a linear scale leaves next to nothing to convolve.

    Raises ValueError that names the first mask that breaks the rules.
    """
    array = check_masks(masks)
    if len(array) == 0:
        return torch.zeros((0, 1, MASK_SIZE_PX, MASK_SIZE_PX))
    flat = np.sort(array.reshape(len(array), MASK_SIZE_PX**2), axis=1)
    pixels = flat.shape[1]
    positive = (flat > 0).sum(axis=1)
    rank = pixels - positive + np.floor((positive - 1) * BRIGHT_QUANTILE).astype(np.int64)
    scale = flat[np.arange(len(flat)), rank]
    scaled = np.minimum(array / scale[:, None, None], CEILING, dtype=np.float32)
    return torch.from_numpy(np.sqrt(scaled)).unsqueeze(1)


def check_masks(masks: NDArray[np.floating]) -> NDArray[np.float32]:
    """The masks as float32, or a ValueError that names the first one that cannot be used."""
    array = np.asarray(masks)
    if array.ndim != 3 or array.shape[1:] != (MASK_SIZE_PX, MASK_SIZE_PX):
        raise ValueError(
            f"masks must have the shape (components, {MASK_SIZE_PX}, {MASK_SIZE_PX}), "
            f"not {array.shape}."
        )
    if array.dtype.kind not in "fiub":
        raise ValueError(f"masks must be real numbers, not {array.dtype}.")
    result = array.astype(np.float32, copy=False)
    flat = result.reshape(len(result), MASK_SIZE_PX**2)
    for problem, wrong in (
        ("holds a value that is not finite", ~np.isfinite(flat).all(axis=1)),
        ("has a negative weight", (flat < 0).any(axis=1)),
        ("is all zero", ~(flat > 0).any(axis=1)),
    ):
        if wrong.any():
            raise ValueError(f"Mask {int(np.flatnonzero(wrong)[0])} {problem}.")
    return result
