"""How much a component looks like a process, before anybody has labeled anything.

Six measures of mask and trace, weighed by a logistic function whose weights were fitted once, to
one imperfect labeler's answers on half of the fields of the shared simulated data (those with an
even number). `benchmarks/bench_montage.py` measures it on the other half.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Values = NDArray[np.float32]

FITTED_ON_EVERY = 2
"""Fields whose number is a multiple of this were fitted on; all others are free to measure with."""

# What is weighed: its mean and spread over those fields, and its weight per spread.
WEIGHED = {
    "area": (4.3515, 0.6337, -0.882),
    "width": (0.8877, 0.387, -0.822),
    "fine_ridge": (0.0562, 0.0251, -0.397),
    "broad_ridge": (0.0815, 0.0248, 0.843),
    "aligned": (0.3406, 0.2181, 0.342),
    "signal": (2.2698, 0.5755, 0.277),
}
CONSTANT = -2.626
_SMALLEST = 1e-9


def process_likeness(masks: Values, snr: Values | None) -> Values:
    """The chance, 0 to 1, that each of these components is a process.

    masks: (components, rows, columns), each with a weight above 0. snr: of the traces, a ratio;
    None where there are none, which then tells nothing either way.
    """
    total = np.full(len(masks), CONSTANT)
    for name, values in measure(masks, snr).items():
        mean, spread, weight = WEIGHED[name]
        total += weight * np.clip((values - mean) / spread, -4, 4)
    return np.asarray(1 / (1 + np.exp(-total)), dtype=np.float32)


def measure(masks: Values, snr: Values | None) -> dict[str, Values]:
    """What is weighed, by name, each (components,).

    `aligned`: 0 to 1, how far fine ridges run in one direction. `fine_ridge` and `broad_ridge`:
    strength of ridges at scales of 1 and 3 mask pixels. `area` and `width`: logarithms, of lit
    pixels and of the standard deviation across. `signal`: logarithm of 1 + snr.
    """
    heights = np.maximum(masks, 0) / masks.max(axis=(1, 2), keepdims=True)
    smooth = ndimage.gaussian_filter(heights, (0, 1, 1))
    smooth /= smooth.max(axis=(1, 2), keepdims=True)
    found = {
        "area": np.log1p((smooth >= 0.4).sum(axis=(1, 2))),
        "width": np.log(_width(np.where(smooth >= 0.2, smooth, 0))),
    }
    fine, angle = _ridges(heights, 1.0)
    broad, _ = _ridges(heights, 3.0)
    lit = heights.sum(axis=(1, 2))
    found["fine_ridge"] = (fine * heights).sum(axis=(1, 2)) / lit
    found["broad_ridge"] = (broad * heights).sum(axis=(1, 2)) / lit
    # Angles are doubled: a ridge has a direction but no sense.
    along = np.hypot(
        (fine * np.cos(angle)).sum(axis=(1, 2)), (fine * np.sin(angle)).sum(axis=(1, 2))
    )
    found["aligned"] = along / np.maximum(fine.sum(axis=(1, 2)), _SMALLEST)
    if snr is not None:
        found["signal"] = np.log1p(np.maximum(snr, 0))
    return found


def _ridges(heights: Values, sigma_px: float) -> tuple[Values, Values]:
    """Strength of a ridge at each pixel and twice its angle, from the second derivatives."""
    row = ndimage.gaussian_filter(heights, (0, sigma_px, sigma_px), (0, 2, 0))
    column = ndimage.gaussian_filter(heights, (0, sigma_px, sigma_px), (0, 0, 2))
    both = ndimage.gaussian_filter(heights, (0, sigma_px, sigma_px), (0, 1, 1))
    mean, apart = (row + column) / 2, np.hypot((row - column) / 2, both)
    # Steeply bent across and hardly along: a ridge, and neither a summit nor a slope.
    strength = np.clip(apart - mean - np.abs(mean + apart), 0, None) * sigma_px**2
    return np.asarray(strength, np.float32), np.asarray(
        np.arctan2(2 * both, row - column), np.float32
    )


def _width(weights: Values) -> Values:
    """Standard deviation across the long axis, in mask pixels."""
    rows, columns = np.mgrid[0 : weights.shape[1], 0 : weights.shape[2]].astype(np.float32)
    total = weights.sum(axis=(1, 2))
    row = (weights * rows).sum(axis=(1, 2)) / total
    column = (weights * columns).sum(axis=(1, 2)) / total
    down, right = rows - row[:, None, None], columns - column[:, None, None]
    # A twelfth of a pixel squared: the variance of one pixel's own area.
    var_row = (weights * down**2).sum(axis=(1, 2)) / total + 1 / 12
    var_column = (weights * right**2).sum(axis=(1, 2)) / total + 1 / 12
    covariance = (weights * down * right).sum(axis=(1, 2)) / total
    spread = np.hypot((var_row - var_column) / 2, covariance)
    return np.asarray(np.sqrt(np.maximum((var_row + var_column) / 2 - spread, 1 / 12)))
