"""Summary images brought onto the footprints' grid, and the one made of all footprints."""

import numpy as np
from numpy.typing import NDArray

from app.formats.footprint import Footprint

KINDS = ("mean", "correlation", "max", "footprints")
SAME_ASPECT = 0.05


def on_field(
    image: NDArray[np.generic], kind: str, field_shape_px: tuple[int, int], notes: list[str]
) -> NDArray[np.float32] | None:
    """The image as (height, width) float32, finite, on the field's grid; None where it cannot be.

    A transposed image is turned; one on a finer or coarser grid of the same aspect is resampled
    (a source may extract on a down-sampled movie). Both are noted.
    """
    squeezed = np.squeeze(np.asarray(image))
    if squeezed.ndim != 2 or squeezed.dtype.kind not in "biuf" or 0 in squeezed.shape:
        notes.append(f"The {kind} image was left out: it is no image of numbers.")
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        values = squeezed.astype(np.float32)
    finite = np.isfinite(values)
    if not finite.any():
        notes.append(f"The {kind} image was left out: it holds no finite pixel.")
        return None
    values = np.where(finite, values, values[finite].min())
    if values.shape == field_shape_px:
        return values
    if values.shape == field_shape_px[::-1]:
        notes.append(f"The {kind} image was stored transposed and has been turned.")
        return np.ascontiguousarray(values.T)
    factors = [side / own for side, own in zip(field_shape_px, values.shape, strict=True)]
    if abs(factors[0] / factors[1] - 1) > SAME_ASPECT:
        notes.append(
            f"The {kind} image was left out: its {_size(values.shape)} pixels do not fit the "
            f"field's {_size(field_shape_px)}."
        )
        return None
    notes.append(
        f"The {kind} image was resampled from {_size(values.shape)} to the footprints' grid of "
        f"{_size(field_shape_px)} pixels."
    )
    return _resized(values, field_shape_px)


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[0]}x{shape[1]}"


def _resized(values: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    # Not at the top: it takes about a second, which every start of the server would pay.
    from scipy import ndimage

    shrink = max(1.0, values.shape[0] / shape[0])
    smooth = ndimage.gaussian_filter(values, (shrink - 1) / 2) if shrink > 1 else values
    axes = [
        (np.arange(target) + 0.5) * own / target - 0.5
        for target, own in zip(shape, values.shape, strict=True)
    ]
    grid = np.meshgrid(*axes, indexing="ij")
    return np.asarray(
        ndimage.map_coordinates(smooth, grid, order=1, mode="nearest"), dtype=np.float32
    )


def placed(
    image: NDArray[np.generic],
    rows: tuple[int, int],
    columns: tuple[int, int],
    field_shape_px: tuple[int, int],
) -> NDArray[np.generic]:
    """An image of a part of the field put at its place; its least value fills the rest.

    rows, columns: first and one past the last. The image is given back as it is where it does
    not have that part's size.
    """
    if image.shape != (rows[1] - rows[0], columns[1] - columns[0]):
        return image
    whole = np.full(field_shape_px, np.nanmin(image), dtype=np.float32)
    whole[rows[0] : rows[1], columns[0] : columns[1]] = image
    return whole


class FootprintSum:
    """The sum of all footprints, each scaled to a greatest weight of 1, so that all show."""

    def __init__(self, field_shape_px: tuple[int, int]) -> None:
        self.image = np.zeros(field_shape_px, dtype=np.float32)

    def add(self, footprint: Footprint) -> None:
        """Add one; its pixels must lie on the field."""
        weights = (footprint.weights / footprint.weights.max()).astype(np.float32)
        np.add.at(self.image, (footprint.ys, footprint.xs), weights)

    def add_crop(self, crop: NDArray[np.float32], centroid_px: NDArray[np.float32]) -> None:
        """Add a 50x50 mask whose row and column 25 lie on the rounded centroid."""
        rows, columns = np.nonzero(crop)
        ys = rows + int(np.floor(centroid_px[0] + 0.5)) - 25
        xs = columns + int(np.floor(centroid_px[1] + 0.5)) - 25
        height, width = self.image.shape
        inside = (ys >= 0) & (ys < height) & (xs >= 0) & (xs < width)
        weights = crop[rows[inside], columns[inside]] / crop.max()
        np.add.at(self.image, (ys[inside], xs[inside]), weights)
