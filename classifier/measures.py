"""Hand-made measures of components: what a person would look at, as numbers for the network.

One table for all: a component without a trace or without summary images has NaN where they would
be measured. Measuring takes longer than training, so callers keep the table (`VERSION` says when
it must be made again).
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from classifier.classes import MASK_SIZE_PX
from classifier.context_features import context_features
from classifier.image_stacks import Columns
from classifier.inputs import CONTEXT_IMAGES, Components
from classifier.mask_features import mask_features
from classifier.prepare import check_masks
from classifier.scale import recording_scales, rescale, rescale_masks
from classifier.trace_features import trace_features

VERSION = 2
SCALE = "log scale of the recording"
SHORTEST_TRACE = 16
_KIND_OF_PREFIX = {"trace: ": "trace", "mean": "context", "correlation: ": "context"}


def measure(
    components: Components, scales: NDArray[np.float64] | None = None
) -> NDArray[np.float32]:
    """(components, measures) in the order of `names()`; NaN where a trace or an image is missing.

    scales: (components,) what brings each one's recording to the usual size, at which everything
        is measured. Without them they are told from the components (`recording_scales`), which
        must then be whole recordings.
    Raises ValueError for masks that cannot be used.
    """
    masks = check_masks(components.masks)
    if scales is None:
        scales = recording_scales(masks, components.groups)
    contexts = components.contexts
    if contexts is None:
        shape = (len(masks), len(CONTEXT_IMAGES), MASK_SIZE_PX, MASK_SIZE_PX)
        contexts = np.full(shape, np.nan, dtype=np.float32)
    usable = [
        trace if trace is not None and len(trace) >= SHORTEST_TRACE else None
        for trace in ([None] * len(masks) if components.traces is None else components.traces)
    ]
    columns = _columns(
        rescale_masks(masks, scales),
        trace_features(usable, components.frame_rates_hz),
        rescale(contexts, scales),
    )
    table = np.column_stack([*columns.values(), np.log(scales)])
    # A value that overflowed is as good as none.
    return np.where(np.isfinite(table), table, np.nan).astype(np.float32)


def _columns(
    masks: NDArray[np.float32], of_traces: Columns, contexts: NDArray[np.float32]
) -> Columns:
    return {
        **mask_features(masks),
        **{f"trace: {name}": values for name, values in of_traces.items()},
        **context_features(masks, contexts),
    }


@lru_cache
def names() -> tuple[str, ...]:
    """What each column of the table measures."""
    disc = np.zeros((1, MASK_SIZE_PX, MASK_SIZE_PX), dtype=np.float32)
    disc[:, 20:30, 20:30] = 1
    contexts = np.repeat(disc[:, None], len(CONTEXT_IMAGES), axis=1)
    return (*_columns(disc, trace_features([None], None), contexts), SCALE)


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
