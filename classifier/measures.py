"""Hand-made measures of components: what a person would look at, as numbers for the network.

One table for all: a component without a trace or without summary images has NaN where they would
be measured. Measuring takes longer than training, so callers keep the table (`VERSION` says when
it must be made again).
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from classifier import context_features, mask_features, trace_features
from classifier.classes import MASK_SIZE_PX
from classifier.image_stacks import Columns, Shapes
from classifier.inputs import CONTEXT_IMAGES, KINDS, Components
from classifier.prepare import check_masks
from classifier.scale import recording_scales, rescale, rescale_masks
from classifier.side_by_side import for_each, parts_of

VERSION = 2
SCALE = "log scale of the recording"
_KIND_OF_PREFIX = {"trace: ": "trace", "mean": "context", "correlation: ": "context"}


Rows = slice | list[int]


def measure(
    components: Components,
    scales: NDArray[np.float64] | None = None,
    wanted: Sequence[str] = KINDS,
) -> NDArray[np.float32]:
    """(components, measures) in the order of `names()`; NaN where a trace or an image is missing.

    scales: (components,) what brings each one's recording to the usual size, at which everything
        is measured. Without them they are told from the components (`recording_scales`), which
        must then be whole recordings.
    wanted: kinds of input; what is measured of others is NaN too, and takes no time.
    As many threads as torch has share the work. Raises ValueError for masks that cannot be used.
    """
    masks = check_masks(components.masks)
    if scales is None:
        scales = recording_scales(masks, components.groups)
    table = np.full((len(masks), len(names())), np.nan)
    table[:, -1] = np.log(scales)
    place = {name: column for column, name in enumerate(names())}

    def fill(part: tuple[Rows, Callable[[], Columns]]) -> None:
        rows, measured = part
        # A value that overflows is as good as none: it becomes NaN below.
        with np.errstate(over="ignore", invalid="ignore"):
            for name, values in measured().items():
                table[rows, place[name]] = values

    for_each(
        fill,
        [*_images(masks, components.contexts, scales, wanted), *_traces(components, wanted)],
    )
    return np.where(np.isfinite(table), table, np.nan).astype(np.float32)


def _images(
    masks: NDArray[np.float32],
    contexts: NDArray[np.floating] | None,
    scales: NDArray[np.float64],
    wanted: Sequence[str],
) -> Iterator[tuple[Rows, Callable[[], Columns]]]:
    """Rows that are measured together, and how."""
    around = contexts if "context" in wanted else None
    for rows in parts_of(len(masks)):
        crops = None if around is None else around[rows]
        yield rows, partial(_of_images, masks[rows], crops, scales[rows])


def _of_images(
    masks: NDArray[np.float32], contexts: NDArray[np.floating] | None, scales: NDArray[np.float64]
) -> Columns:
    shapes = Shapes.of(rescale_masks(masks, scales))
    found = mask_features.features_of(shapes)
    if contexts is not None:
        found |= context_features.features_of(shapes, rescale(contexts, scales))
    return found


def _traces(
    components: Components, wanted: Sequence[str]
) -> Iterator[tuple[Rows, Callable[[], Columns]]]:
    traces = components.traces
    if traces is None or "trace" not in wanted:
        return
    for rows, rate in trace_features.alike(traces, components.frame_rates_hz):
        yield rows, partial(_of_traces, [traces[row] for row in rows], rate)


def _of_traces(traces: Sequence[NDArray[np.floating] | None], rate: float) -> Columns:
    found = trace_features.features_of(traces, rate)
    return {f"trace: {name}": values for name, values in found.items()}


@lru_cache
def names() -> tuple[str, ...]:
    """What each column of the table measures."""
    disc = np.zeros((1, MASK_SIZE_PX, MASK_SIZE_PX), dtype=np.float32)
    disc[:, 20:30, 20:30] = 1
    shapes = Shapes.of(disc)
    return (
        *mask_features.features_of(shapes),
        *(f"trace: {name}" for name in trace_features.names()),
        *context_features.features_of(shapes, np.repeat(disc[:, None], len(CONTEXT_IMAGES), 1)),
        SCALE,
    )


@lru_cache
def kinds() -> tuple[str, ...]:
    """For each column which kind of input it is of: mask, trace or context."""
    return tuple(
        next((kind for prefix, kind in _KIND_OF_PREFIX.items() if name.startswith(prefix)), "mask")
        for name in names()
    )


def scales_of(measures: NDArray[np.floating]) -> NDArray[np.float64]:
    """(components,) the scale that each was measured at."""
    return np.exp(np.asarray(measures[:, -1], dtype=np.float64))
