"""What a file becomes at the border: a recording of components, axes and units settled.

Nothing past `app/formats` asks which axis is y, whether a trace is transposed, or whether a
key exists. Readers make a `Recording`; `importing` stores it; writers take it back out.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

MASK_SIZE_PX = 50
"""Side of a mask, in mask pixels."""

TARGET_NEURON_RADIUS_PX = 8.0
"""The radius, in mask pixels, that `neuron_radius_px` is mapped to where it is given."""


@dataclass(frozen=True, eq=False)
class ImportedLabels:
    """Labels that came with the file: the opinion of a named source, never the truth.

    annotator: who gave them, e.g. ``suite2p iscell``.
    labels: (components,) int8, 1 to 4, 0 where the source says nothing.
    """

    annotator: str
    labels: NDArray[np.int8]


@dataclass(frozen=True)
class RejectedComponent:
    """A component of the source that cannot be stored, and why (empty, NaN, ...)."""

    source_index: int
    reason: str


@dataclass(frozen=True, eq=False)
class Recording:
    """One field of view with its components.

    masks: (components, 50, 50) float32, finite, not negative, none all zero. Row 25, column 25
        lies on the footprint's centre of mass rounded to a whole source pixel; zero beyond the
        field's border. One mask pixel is `1 / mask_scale` source pixels.
    centroids_px: (components, 2) float32, y then x, in source pixels of the field.
    source_indices: (components,) int64, each component's index in the source file.
    traces: (components, frames) float32, or None where the source has none.
    frame_rate_hz: frames per second, or None where unknown.
    field_shape_px: height, width of the field in source pixels, or None where unknown.
    summary_images: kind (``mean``, ``correlation``, ``max`` or ``footprints``) to (height, width)
        float32 on the field's grid. There is always at least one where the field is known.
    neuron_radius_px: the radius in source pixels that the masks were rescaled by, or None.
    mask_scale: mask pixels per source pixel; 1.0 unless `neuron_radius_px` is given.
    rejected: components of the source that are not among `masks`, with reasons.
    notes: sentences for the person who imports (what was missing, guessed or trimmed).
    """

    name: str
    source_format: str
    masks: NDArray[np.float32]
    centroids_px: NDArray[np.float32]
    source_indices: NDArray[np.int64]
    traces: NDArray[np.float32] | None = None
    frame_rate_hz: float | None = None
    field_shape_px: tuple[int, int] | None = None
    summary_images: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    imported_labels: tuple[ImportedLabels, ...] = ()
    neuron_radius_px: float | None = None
    mask_scale: float = 1.0
    rejected: tuple[RejectedComponent, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.masks)

    def content_hash(self) -> str:
        """SHA-256 of what was measured: masks, places, traces, rate. Names do not count.

        The same recording read twice, under whatever file name, has the same hash.
        """
        digest = hashlib.sha256()
        for array in (self.masks, self.centroids_px, self.traces):
            digest.update(b"none" if array is None else f"{array.shape}".encode())
            if array is not None:
                digest.update(np.ascontiguousarray(array, dtype=np.float32).tobytes())
        digest.update(f"{self.frame_rate_hz}|{self.field_shape_px}".encode())
        return digest.hexdigest()
