"""All hand-made features of components, each set of them measured once."""

import numpy as np
from numpy.typing import NDArray

from classifier.context_features import context_features
from classifier.image_stacks import Columns
from classifier.inputs import Components
from classifier.mask_features import mask_features
from classifier.measures import kinds, measure, names_alone
from classifier.trace_features import trace_features

MASK, EVERYTHING = "mask", "mask + trace + context"
RECORDING = "recording"
"""Beside these: what each has in common with its neighbours, and its ranks in its recording."""

MASK_AND_RECORDING, ALL = f"{MASK} + {RECORDING}", f"{EVERYTHING} + {RECORDING}"


def hand_features(components: Components, inputs: str = EVERYTHING) -> Columns:
    """Name to (components,) float64; NaN where a component lacks what a feature measures.

    inputs: kinds joined by " + ". Raises ValueError where the components lack a whole kind.
    """
    kinds = inputs.split(" + ")
    columns: Columns = {}
    if "mask" in kinds:
        columns |= mask_features(components.masks)
    if "trace" in kinds:
        if components.traces is None:
            raise ValueError("These components have no traces to measure.")
        found = trace_features(components.traces, components.frame_rates_hz)
        columns |= {f"trace: {name}": values for name, values in found.items()}
    if "context" in kinds:
        if components.contexts is None:
            raise ValueError("These components have no summary images to measure.")
        columns |= context_features(components.masks, components.contexts)
    return columns


def of_recordings(components: Components, inputs: tuple[str, ...]) -> NDArray[np.float64]:
    """(components, features) as the default network is given them beside those of each alone.

    Those that were kept with the components, which may then be a part of their recordings.
    """
    table = components.measures
    if table is None:
        table = measure(components, wanted=inputs)
    chosen = [column for column, kind in enumerate(kinds()) if kind in inputs]
    return table[:, [column for column in chosen if column >= len(names_alone())]].astype(float)


class FeatureTable:
    """Remembers the features of each set of components, so that every peer shares the work."""

    def __init__(self) -> None:
        # The components are kept too: an id is only theirs as long as they live.
        self._known: dict[tuple[int, str], tuple[Components, NDArray[np.float64]]] = {}

    def of(self, components: Components, inputs: str) -> NDArray[np.float64]:
        """(components, features), in a fixed order."""
        parts = self._of_inputs(components, inputs)
        return np.concatenate(parts, axis=1)

    def _of_inputs(self, components: Components, inputs: str) -> list[NDArray[np.float64]]:
        of, beside = inputs.split(" + "), []
        if RECORDING in of:
            of.remove(RECORDING)
            beside = [of_recordings(components, tuple(of))]
        return [*(self._one_kind(components, kind) for kind in of), *beside]

    def _one_kind(self, components: Components, kind: str) -> NDArray[np.float64]:
        key = (id(components), kind)
        if key not in self._known:
            table = np.column_stack(list(hand_features(components, kind).values()))
            self._known[key] = (components, table)
        return self._known[key][1]
