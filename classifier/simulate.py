"""A recording that never was: components of the four classes as an extraction would leave them.

It fills the demo and the tests. First what lies in the tissue is drawn (`simulated_shapes`); the
summary images are rendered from that, and the masks are worn from it: mixed with neighbours,
speckled, thresholded and cut. Truth is known, and the classes overlap at their edges as they do
for people.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.classes import CLASSES, CODES, DOUBTFUL, MASK_SIZE_PX, NEURON, NOISE, PROCESS
from classifier.simulated_field import Tissue, render_summary_images
from classifier.simulated_shapes import WINDOW_PX, Optics, draw_shape, wear
from classifier.simulated_traces import simulate_traces

REFERENCE_COUNTS = {NEURON: 2004, PROCESS: 1487, NOISE: 3253, DOUBTFUL: 2237}
"""The reference data set's classes (the source document, section 4); the shares drawn here."""

CONFUSION = np.array(
    [
        [0.875, 0.010, 0.010, 0.105],
        [0.010, 0.900, 0.050, 0.040],
        [0.005, 0.025, 0.885, 0.085],
        [0.085, 0.015, 0.100, 0.800],
    ]
)
"""How often an annotator gives each code (columns) to each true class (rows)."""


_FROM_MIDDLE = np.arange(WINDOW_PX) - WINDOW_PX / 2
_NEAR_MIDDLE = np.exp(
    -((np.hypot(*np.meshgrid(_FROM_MIDDLE, _FROM_MIDDLE, indexing="ij")) / 11) ** 4)
).astype(np.float32)
"""An extraction looks for a component's pixels near its middle only, so leaks end there."""


@dataclass(frozen=True)
class SimulationConfig:
    """What kind of recording to make.

    annotators: names of the imperfect people who label it.
    coverage: the share of components that each of them labels.
    """

    components: int = 400
    frames: int = 1000
    frame_rate_hz: float = 20.0
    field_shape_px: tuple[int, int] = (420, 420)
    annotators: tuple[str, ...] = ("annotator A", "annotator B", "annotator C")
    coverage: float = 0.8

    def __post_init__(self) -> None:
        """Raises ValueError that names the field and the values it may take."""
        if self.components < 1:
            raise ValueError(f"components must be at least 1, not {self.components}.")
        if self.frames < 2:
            raise ValueError(f"frames must be at least 2, not {self.frames}.")
        if not 0.5 <= self.frame_rate_hz <= 1000:
            raise ValueError(f"frame_rate_hz must be 0.5 to 1000, not {self.frame_rate_hz}.")
        if min(self.field_shape_px) < WINDOW_PX:
            raise ValueError(f"field_shape_px must be at least {WINDOW_PX} on each side.")
        if not 0 <= self.coverage <= 1:
            raise ValueError(f"coverage must be from 0 to 1, not {self.coverage}.")


@dataclass(frozen=True, eq=False)
class SimulatedRecording:
    """One simulated field of view.

    masks: (components, 50, 50) float32, finite, not negative, none all zero; row 25, column 25
        lies on the footprint's centre of mass rounded to a whole pixel; zero beyond the field.
    centroids_px: (components, 2) float32, y then x. field_shape_px: height, width.
    traces: (components, frames) float32, in units of the baseline's noise.
    summary_images: ``mean``, ``correlation``, ``max``, each (height, width) float32.
    truth: (components,) int8 codes.
    annotator_labels: name to (components,) int8 codes, 0 where that annotator gave none.
    """

    masks: NDArray[np.float32]
    centroids_px: NDArray[np.float32]
    field_shape_px: tuple[int, int]
    traces: NDArray[np.float32]
    frame_rate_hz: float
    summary_images: dict[str, NDArray[np.float32]]
    truth: NDArray[np.int8]
    annotator_labels: dict[str, NDArray[np.int8]]


def simulate_recording(config: SimulationConfig, seed: int) -> SimulatedRecording:
    """The recording that this config and seed always give, with its own optics and brightness."""
    rng = np.random.default_rng(seed)
    optics = Optics.draw(rng)
    truth = _draw_classes(config.components, rng)
    # How good an example of its class each is; the worst of one class look like the next.
    quality = rng.beta(2.2, 1.5, size=config.components)
    shapes = np.stack(
        [draw_shape(int(code), q, optics, rng) for code, q in zip(truth, quality, strict=True)]
    )
    corners = _place(truth, optics, config.field_shape_px, rng)
    masks, centroids = _extract(shapes, corners, truth, quality, optics, config, rng)
    snr, traces = simulate_traces(
        truth, quality, optics.trace_snr, config.frames, config.frame_rate_hz, rng
    )
    tissue = Tissue(shapes, corners, optics.brightness * (0.3 + quality), snr)
    return SimulatedRecording(
        masks=masks,
        centroids_px=centroids,
        field_shape_px=config.field_shape_px,
        traces=traces,
        frame_rate_hz=config.frame_rate_hz,
        summary_images=render_summary_images(tissue, truth, config.field_shape_px, rng),
        truth=truth,
        annotator_labels={name: _annotate(truth, config, rng) for name in config.annotators},
    )


def _draw_classes(count: int, rng: np.random.Generator) -> NDArray[np.int8]:
    shares = np.array([REFERENCE_COUNTS[code] for code in CODES], dtype=float)
    # Recordings differ in what they hold.
    shares = rng.dirichlet(60 * shares / shares.sum())
    truth = rng.choice(CODES, size=count, p=shares).astype(np.int8)
    # A recording of any size shows each class; a demo without processes would teach nothing.
    spread = min(count, CLASSES)
    truth[:spread] = CODES[:spread]
    return np.asarray(rng.permutation(truth), dtype=np.int8)


def _place(
    truth: NDArray[np.int8],
    optics: Optics,
    field_shape_px: tuple[int, int],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """(components, 2) corners of the windows in the field. Somata do not sit in each other."""
    field = np.array(field_shape_px)
    centres = np.zeros((len(truth), 2))
    is_soma = np.isin(truth, (NEURON, DOUBTFUL))
    placed: list[NDArray[np.float64]] = []
    for index in range(len(truth)):
        centres[index] = rng.uniform(3, field - 3)
        for _ in range(12 if is_soma[index] and placed else 0):
            gaps = np.linalg.norm(np.array(placed) - centres[index], axis=1)
            if gaps.min() > 1.7 * optics.radius_px:
                break
            centres[index] = rng.uniform(3, field - 3)
        if is_soma[index]:
            placed.append(centres[index])
    return np.asarray(np.floor(centres).astype(np.int64) - WINDOW_PX // 2)


def _extract(
    shapes: NDArray[np.float32],
    corners: NDArray[np.int64],
    truth: NDArray[np.int8],
    quality: NDArray[np.float64],
    optics: Optics,
    config: SimulationConfig,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Masks and centroids of footprints worn from the shapes."""
    masks = np.zeros((len(shapes), MASK_SIZE_PX, MASK_SIZE_PX), dtype=np.float32)
    centroids = np.zeros((len(shapes), 2), dtype=np.float32)
    for index, shape in enumerate(shapes):
        mixed = shape + _neighbours(index, shapes, corners, rng)
        inside = _inside(corners[index], config.field_shape_px)
        footprint = wear(mixed * inside, int(truth[index]), quality[index], optics, rng) * inside
        if not footprint.any():
            # Worn to nothing: an extraction would keep the brightest few pixels.
            footprint = shape * inside * (shape * inside >= 0.8 * (shape * inside).max())
        masks[index], centre = _crop(footprint)
        centroids[index] = corners[index] + centre
    return masks, centroids


def _neighbours(
    index: int,
    shapes: NDArray[np.float32],
    corners: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """What leaks into a component's window from the one nearest to it, if any."""
    mixed = np.zeros((WINDOW_PX, WINDOW_PX), dtype=np.float32)
    gaps = np.abs(corners - corners[index]).max(axis=1)
    gaps[index] = WINDOW_PX
    nearest = int(gaps.argmin())
    if gaps[nearest] >= WINDOW_PX // 3 or rng.random() > 0.35:
        return mixed
    dy, dx = corners[nearest] - corners[index]
    target = (slice(max(dy, 0), WINDOW_PX + min(dy, 0)), slice(max(dx, 0), WINDOW_PX + min(dx, 0)))
    source = (slice(max(-dy, 0), WINDOW_PX - max(dy, 0)),
              slice(max(-dx, 0), WINDOW_PX - max(dx, 0)))  # fmt: skip
    mixed[target] = shapes[nearest][source] * np.float32(rng.uniform(0.1, 0.5))
    return np.asarray(mixed * _NEAR_MIDDLE)


def _inside(corner: NDArray[np.int64], field_shape_px: tuple[int, int]) -> NDArray[np.float32]:
    """(window, window) 1 where the window lies within the field, else 0."""
    along = np.arange(WINDOW_PX)
    rows, columns = (
        (along + start >= 0) & (along + start < size)
        for start, size in zip(corner, field_shape_px, strict=True)
    )
    return np.outer(rows, columns).astype(np.float32)


def _crop(footprint: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """The 50x50 mask around the rounded centre of mass, and that centre, in window pixels."""
    along = np.arange(WINDOW_PX)
    total = footprint.sum(dtype=np.float64)
    centre = np.array(
        [footprint.sum(axis=1 - axis, dtype=np.float64) @ along / total for axis in (0, 1)]
    )
    row, column = np.rint(centre).astype(int)
    half = MASK_SIZE_PX // 2
    padded = np.pad(footprint, half)
    return padded[row : row + MASK_SIZE_PX, column : column + MASK_SIZE_PX], centre


def _annotate(
    truth: NDArray[np.int8], config: SimulationConfig, rng: np.random.Generator
) -> NDArray[np.int8]:
    """One annotator's labels: mistakes by `CONFUSION`, nothing where not looked at."""
    thresholds = CONFUSION.cumsum(axis=1)[truth - 1]
    draws = rng.random(len(truth))[:, None] * thresholds[:, -1:]
    labels = np.minimum((draws > thresholds).sum(axis=1), CLASSES - 1) + 1
    labels[rng.random(len(truth)) > config.coverage] = 0
    return np.asarray(labels, dtype=np.int8)
