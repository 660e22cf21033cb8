"""Hand-made measures of components: what a person would look at, as numbers for the network.

One table for all: what each component is alone, what it has in common with its neighbours, and
where it stands in its recording. A component without a trace, without summary images or without a
centre has NaN where they would be measured. Measuring takes longer than training, so callers keep
the table (`VERSION` says when it must be made again).
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from classifier import context_features, mask_features, neighbour_features, trace_features
from classifier.classes import MASK_SIZE_PX
from classifier.image_stacks import Columns, Shapes
from classifier.inputs import CONTEXT_IMAGES, KINDS, Components
from classifier.neighbour_features import Field
from classifier.prepare import check_masks
from classifier.relative_ranks import ranks_within
from classifier.scale import recording_scales, rescale, rescale_masks
from classifier.side_by_side import for_each, parts_of
from classifier.traces_together import Briefs

VERSION = 3
SCALE = "log scale of the recording"
RELATIVE = "relative: "
_KIND_OF_PREFIX = {"trace: ": "trace", "mean": "context", "correlation: ": "context"}


Rows = slice | list[int]


def measure(
    components: Components,
    scales: NDArray[np.float64] | None = None,
    wanted: Sequence[str] = KINDS,
) -> NDArray[np.float32]:
    """(components, measures) in the order of `names()`; NaN where something is missing.

    components: whole recordings; each is compared with the others of its own.
    scales: (components,) what brings each one's recording to the usual size, at which everything
        is measured. Without them they are told from the components (`recording_scales`).
    wanted: kinds of input; what is measured of others is NaN too, and takes no time.
    As many threads as torch has share the work. Raises ValueError for masks that cannot be used.
    """
    table = measure_alone(components, scales, wanted)
    traces = components.traces if "trace" in wanted else None
    briefs = None if traces is None else Briefs.of(traces, components.frame_rates_hz)
    return compare(table, components, briefs)


def measure_alone(
    components: Components,
    scales: NDArray[np.float64] | None = None,
    wanted: Sequence[str] = KINDS,
) -> NDArray[np.float32]:
    """The first columns of `measure`, those of each component by itself.

    With their recordings' scales, components may be any part of them.
    """
    masks = check_masks(components.masks)
    if scales is None:
        scales = recording_scales(masks, components.groups)
    place = {name: column for column, name in enumerate(names_alone())}
    table = np.full((len(masks), len(place)), np.nan)
    table[:, place[SCALE]] = np.log(scales)

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


def compare(
    alone: NDArray[np.float32], components: Components, traces: Briefs | None
) -> NDArray[np.float32]:
    """All columns, from those that `measure_alone` gave of whole recordings.

    components: their masks, recordings and centres. traces: of all of them; None to leave out what
    is compared of traces.
    """
    beside = np.full((len(alone), len(neighbour_features.names())), np.nan, dtype=np.float32)
    if components.centres_px is not None:
        field = Field(
            check_masks(components.masks),
            components.centres_px,
            scales_of(alone),
            components.groups,
            traces or Briefs.none(len(alone)),
        )
        found = neighbour_features.neighbour_features(field)
        beside = np.column_stack(list(found.values())).astype(np.float32)
    plain = np.concatenate([alone[:, :-1], beside], axis=1)
    relative = ranks_within(plain, components.groups)
    return np.concatenate([alone, beside, relative], axis=1)


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
def names_alone() -> tuple[str, ...]:
    """What `measure_alone` measures; the recording's scale comes last."""
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
def names() -> tuple[str, ...]:
    """What each column of the table measures: alone, beside its neighbours, and relatively."""
    beside = neighbour_features.names()
    plain = (*names_alone()[:-1], *beside)
    return (*names_alone(), *beside, *(f"{RELATIVE}{name}" for name in plain))


@lru_cache
def kinds() -> tuple[str, ...]:
    """For each column which kind of input it is of: mask, trace or context."""
    return tuple(_kind(name.removeprefix(RELATIVE)) for name in names())


def _kind(name: str) -> str:
    return next(
        (kind for prefix, kind in _KIND_OF_PREFIX.items() if name.startswith(prefix)), "mask"
    )


def alone(measures: NDArray[np.float32]) -> NDArray[np.float32]:
    """The columns that hang on nothing but the component itself."""
    return measures[:, : len(names_alone())]


def scales_of(measures: NDArray[np.floating]) -> NDArray[np.float64]:
    """(components,) the scale that each was measured at."""
    return np.exp(np.asarray(measures[:, len(names_alone()) - 1], dtype=np.float64))
