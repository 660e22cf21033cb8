"""Summary images of a simulated recording, rendered from the same shapes as its masks."""

from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from classifier.classes import NOISE

Image = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Tissue:
    """What lies in the field.

    shapes: (components, window, window), 1 where brightest. corners: (components, 2) of those
    windows in the field, y then x. brightness: (components,) at rest over the neuropil.
    snr: (components,) of the transients.
    """

    shapes: Image
    corners: NDArray[np.int64]
    brightness: NDArray[np.float64]
    snr: NDArray[np.float64]


def render_summary_images(
    tissue: Tissue,
    truth: NDArray[np.int8],
    field_shape_px: tuple[int, int],
    rng: np.random.Generator,
) -> dict[str, Image]:
    """``mean``, ``correlation`` and ``max`` of the movie that the components would have made."""
    vessels = _vessels(field_shape_px, rng)
    wide, fine = (_texture(field_shape_px, scale_px, rng) for scale_px in (18, 2))
    neuropil = np.maximum(1 + 0.25 * wide + 0.12 * fine, 0.1) * vessels
    # A noise component has no cell beneath: it leaves little in the images.
    faint = np.where(truth == NOISE, 0.25, 1.0)
    resting = _paint(tissue, tissue.brightness * faint, field_shape_px)
    active = _paint(tissue, tissue.snr * faint, field_shape_px)
    light = neuropil + resting * vessels
    photons = 60.0
    mean = rng.poisson(light * photons) / photons
    peak = light + 0.25 * active + np.sqrt(light) * 0.45
    peak = peak + rng.gumbel(0, 0.07, size=field_shape_px)
    power = (0.5 * active) ** 2 / (1 + np.sqrt(light))
    floor = 0.12 + 0.04 * _texture(field_shape_px, 4, rng)
    correlation = np.clip(
        floor + (1 - floor) * power / (power + 2.5)
        + 0.025 * rng.standard_normal(field_shape_px), 0, 1,
    )  # fmt: skip
    images = {"mean": mean, "correlation": correlation, "max": np.maximum(peak, mean)}
    return {kind: image.astype(np.float32) for kind, image in images.items()}


def _paint(
    tissue: Tissue, weights: NDArray[np.float64], field_shape_px: tuple[int, int]
) -> NDArray[np.float64]:
    """The sum of all shapes in the field, each with its weight."""
    window = tissue.shapes.shape[1]
    canvas = np.zeros((field_shape_px[0] + 2 * window, field_shape_px[1] + 2 * window))
    for shape, (top, left), weight in zip(tissue.shapes, tissue.corners, weights, strict=True):
        rows = slice(top + window, top + 2 * window)
        columns = slice(left + window, left + 2 * window)
        canvas[rows, columns] += weight * shape
    return canvas[window:-window, window:-window]


def _texture(
    shape: tuple[int, int], scale_px: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Smooth noise of standard deviation 1 with grains of about `scale_px`."""
    texture = ndimage.gaussian_filter(rng.standard_normal(shape), scale_px)
    return np.asarray(texture / texture.std())


def _vessels(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float64]:
    """(height, width) of how much light passes: dark winding vessels over the tissue."""
    shade = np.zeros(shape)
    for _ in range(int(rng.integers(1, 4))):
        steps = 2 * max(shape)
        heading = rng.uniform(0, 2 * pi) + np.cumsum(rng.normal(0, 0.03, size=steps))
        start = rng.uniform(0, 1, size=2) * shape
        rows = np.rint(start[0] + np.cumsum(np.sin(heading)) - steps / 4).astype(int)
        columns = np.rint(start[1] + np.cumsum(np.cos(heading)) - steps / 4).astype(int)
        inside = (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])
        path = np.zeros(shape)
        path[rows[inside], columns[inside]] = 1
        width = rng.uniform(2, 5)
        shade = np.maximum(shade, np.minimum(ndimage.gaussian_filter(path, width) * width * 2, 1))
    return np.asarray(1 - 0.7 * shade)
