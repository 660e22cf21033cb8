"""From raw masks and crops to the network's input: the same in training and in use."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from classifier.classes import MASK_SIZE_PX

BRIGHT_QUANTILE = 0.95
CEILING = 1.5
CONTEXT_FLOOR, CONTEXT_CEILING = -3.0, 4.0


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


def prepare_caiman(masks: NDArray[np.floating], gsig_px: float = 5.0) -> torch.Tensor:
    """Masks as CaImAn's `evaluate_components_CNN` cuts and scales them.

    masks: (components, 50, 50). gsig_px: CaImAn's half size of a neuron; half the window is
    min(4 gSig + 1, 50) pixels, and never more than the mask holds.
    Returns (components, 1, 50, 50) float32, each crop of unit L2 norm before the bilinear resize.
    Raises ValueError as `prepare_masks` does.
    """
    window = caiman_window(gsig_px)
    crops = check_masks(masks)[:, window, window]
    norms = np.sqrt((crops.astype(np.float64) ** 2).sum(axis=(1, 2)))
    scaled = crops / np.maximum(norms, 1e-12)[:, None, None].astype(np.float32)
    size = (MASK_SIZE_PX, MASK_SIZE_PX)
    return functional.interpolate(
        torch.from_numpy(scaled)[:, None], size=size, mode="bilinear", align_corners=False
    )


def caiman_window(gsig_px: float = 5.0) -> slice:
    """Which rows, and which columns, of a mask `prepare_caiman` looks at."""
    half, middle = min(int(4 * gsig_px + 1), MASK_SIZE_PX // 2), MASK_SIZE_PX // 2
    return slice(middle - half, middle + half)


def prepare_contexts(contexts: NDArray[np.floating]) -> torch.Tensor:
    """Crops of summary images on one scale: 0 is each crop's median, 2 its usual range.

    contexts: (components, images, 50, 50) in any unit; NaN where there is no image.
    Returns the same shape as float32 on the CPU, from -3 to 4; 0 where there is no image.
    Each crop alone, so that neither the microscope's gain nor a dim corner of the field counts.
    """
    flat = np.array(contexts, dtype=np.float32).reshape(-1, MASK_SIZE_PX**2)
    unknown = ~np.isfinite(flat)
    low, middle, high = _levels(flat, unknown)
    flat -= middle[:, None]
    flat *= 2
    flat /= np.where(high > low, high - low, 1)[:, None]
    np.clip(flat, CONTEXT_FLOOR, CONTEXT_CEILING, out=flat)
    np.copyto(flat, 0, where=unknown)
    return torch.from_numpy(flat.reshape(contexts.shape))


def _levels(
    flat: NDArray[np.float32], unknown: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """The 2nd, 50th and 98th percentile of what is known in each row; 0 where nothing is."""
    np.copyto(flat, np.inf, where=unknown)
    ordered = np.sort(flat, axis=1)
    last = np.maximum(flat.shape[1] - unknown.sum(axis=1) - 1, 0)
    rows = np.arange(len(flat))
    found = []
    for share in (0.02, 0.5, 0.98):
        value = ordered[rows, np.rint(share * last).astype(np.int64)]
        found.append(np.where(np.isfinite(value), value, 0).astype(np.float32))
    return found[0], found[1], found[2]


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
