"""A stand-in for classifier.inputs.Components until that is there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Components:
    """Components as the classifier takes them; see the fields of classifier.inputs.Components."""

    masks: NDArray[np.floating]
    traces: Sequence[NDArray[np.floating] | None] | None
    frame_rates_hz: NDArray[np.float64] | None
    contexts: NDArray[np.float32] | None
    recordings: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.masks)

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> "Components":
        """Those rows of every array."""
        places = np.arange(len(self))[rows]
        return Components(
            self.masks[places],
            None if self.traces is None else [self.traces[row] for row in places],
            None if self.frame_rates_hz is None else self.frame_rates_hz[places],
            None if self.contexts is None else self.contexts[places],
            self.recordings[places],
        )
