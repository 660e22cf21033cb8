"""What the classifier is told of each component: raw, as an extraction left it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)

KINDS = ("mask", "trace", "context")
"""What a model may look at. A mask is always there; the other two may be missing."""

CONTEXT_IMAGES = ("mean", "correlation")
"""The summary images that context crops are cut from, in the order of their axis."""


@dataclass(frozen=True, eq=False)
class Components:
    """Some components of one or more recordings.

    masks: (components, 50, 50), any intensity unit.
    traces: each (frames,) in any unit, of any length, or None where there is none.
    frame_rates_hz: (components,), NaN where unknown.
    contexts: (components, 2, 50, 50) crops of the mean and the correlation image, on the mask's
        grid; NaN beyond the field's border, and all NaN where the recording has no such image.
    recordings: (components,) which recording each is of: they share optics and neuropil.
    centres_px: (components, 2) y, x in their recordings' fields, in pixels of the masks; NaN where
        unknown.
    measures: (components, measures) as `measures.measure` gives them, where somebody has kept
        them; else they are made from the others when they are needed.
    """

    masks: NDArray[np.floating]
    traces: Sequence[NDArray[np.floating] | None] | None = None
    frame_rates_hz: NDArray[np.float64] | None = None
    contexts: NDArray[np.floating] | None = None
    recordings: NDArray[np.int64] | None = None
    centres_px: NDArray[np.floating] | None = None
    measures: NDArray[np.floating] | None = None

    def __post_init__(self) -> None:
        """Raises ValueError where the arrays are not as long as each other."""
        names = ("traces", "frame_rates_hz", "contexts", "recordings", "centres_px", "measures")
        for name in names:
            array = getattr(self, name)
            if array is not None and len(array) != len(self.masks):
                raise ValueError(f"There are {len(self.masks)} masks, but {len(array)} {name}.")

    def __len__(self) -> int:
        return len(self.masks)

    @property
    def groups(self) -> NDArray[np.int64]:
        """(components,) the recording of each; one recording where nobody said."""
        if self.recordings is None:
            return np.zeros(len(self), dtype=np.int64)
        return np.asarray(self.recordings, dtype=np.int64)

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_] | slice) -> "Components":
        """Those rows of every array; of a slice, views of them."""
        places = np.arange(len(self))[rows]
        chosen = rows if isinstance(rows, slice) else places

        def part(array: NDArray[Scalar] | None) -> NDArray[Scalar] | None:
            return None if array is None else array[chosen]

        return replace(
            self,
            masks=self.masks[chosen],
            traces=None if self.traces is None else [self.traces[row] for row in places],
            frame_rates_hz=part(self.frame_rates_hz),
            contexts=part(self.contexts),
            recordings=part(self.recordings),
            centres_px=part(self.centres_px),
            measures=part(self.measures),
        )
