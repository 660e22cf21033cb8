"""Small recordings for tests: round neurons, long processes and blurred noise, seeded."""

import numpy as np
from numpy.typing import NDArray

from app.domain.recordings import MASK_SIZE_PX, ImportedLabels, Recording

ROWS, COLUMNS = np.mgrid[0:MASK_SIZE_PX, 0:MASK_SIZE_PX].astype(np.float32) - MASK_SIZE_PX / 2


def masks_of(labels: NDArray[np.int8], seed: int = 0) -> NDArray[np.float32]:
    """A mask (50, 50) for each label 1 to 4, told apart by shape."""
    generator = np.random.default_rng(seed)
    radius = np.hypot(ROWS, COLUMNS)
    shapes = {
        1: np.exp(-(((radius - 6) / 2) ** 2)),
        2: np.exp(-((ROWS / 1.5) ** 2) - (COLUMNS / 15) ** 2),
        3: 0.2 * np.exp(-((radius / 18) ** 2)),
        4: np.exp(-((radius / 6) ** 2)),
    }
    noise = generator.random((len(labels), MASK_SIZE_PX, MASK_SIZE_PX))
    clean = np.stack([shapes[int(label)] for label in labels])
    return (clean * (0.7 + 0.6 * noise)).astype(np.float32)


def small_recording(
    components: int = 24,
    *,
    seed: int = 0,
    frames: int = 60,
    name: str = "small",
    annotator: str | None = None,
) -> Recording:
    """A recording whose components run through the four classes in turn.

    annotator: who the file's own labels are filed under; None for a file without labels.
    """
    generator = np.random.default_rng(seed)
    labels = (np.arange(components) % 4 + 1).astype(np.int8)
    traces = generator.normal(size=(components, frames)).astype(np.float32)
    return Recording(
        name=name,
        source_format="arrays",
        masks=masks_of(labels, seed),
        centroids_px=generator.uniform(30, 98, (components, 2)).astype(np.float32),
        source_indices=np.arange(components, dtype=np.int64),
        traces=traces,
        frame_rate_hz=20.0,
        field_shape_px=(128, 128),
        summary_images={"mean": generator.random((128, 128)).astype(np.float32)},
        imported_labels=() if annotator is None else (ImportedLabels(annotator, labels),),
    )
