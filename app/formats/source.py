"""What a reader hands over: a file's content with its own axes named, not yet a recording."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from app.domain.recordings import Recording
from app.formats.footprint import Footprint
from app.formats.limits import ReadLimits


@dataclass(eq=False)
class TraceTable:
    """Traces as the file holds them.

    values: two-dimensional.
    axis: which axis counts components, 0 or 1, where the format says so; None: to be found.
    components: the component (position in the source) of each trace, where the source says so.
    """

    values: NDArray[Any]
    axis: int | None = None
    components: NDArray[np.int64] | None = None


@dataclass(eq=False)
class Source:
    """One recording of a file. Assembling it settles axes, crops, orders and checks.

    footprints: on the field, one a component, in the source's order; may be lazy.
    crops: (components, 50, 50) ready masks instead of footprints, with their `centroids_px`.
    source_indices: (components,) their numbers in the program they first came from.
    labels: annotator to (components,) codes, 0 where it says nothing.
    summary_images: kind to two-dimensional image, not necessarily on the footprints' grid.
    suggested_radius_px: the file's own word on a neuron's radius; used where the caller gives none.
    scaled_by_radius_px: the radius that `crops` have been rescaled by already.
    """

    source_format: str
    footprints: Iterable[Footprint] = ()
    crops: NDArray[Any] | None = None
    centroids_px: NDArray[Any] | None = None
    field_shape_px: tuple[int, int] | None = None
    traces: TraceTable | None = None
    frame_rate_hz: float | None = None
    suggested_radius_px: float | None = None
    scaled_by_radius_px: float | None = None
    source_indices: NDArray[Any] | None = None
    summary_images: dict[str, NDArray[Any]] = field(default_factory=dict)
    labels: dict[str, NDArray[Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ReadOptions:
    """What the caller chose: the name to store, the scale, the limits."""

    name: str
    neuron_radius_px: float | None
    limits: ReadLimits


class Reader(Protocol):
    """One format. Readers raise BadContent or FileTooLarge, or whatever damage makes them raise."""

    name: str

    def recognises(self, path: Path) -> bool:
        """Whether the content (not only the ending) of a file or folder is of this format."""

    def read(self, path: Path, options: ReadOptions) -> Sequence[Recording]:
        """The recordings that the file or folder holds."""


def positive_rate(value: object) -> float | None:
    """A frame rate in Hz, or None where it is missing, zero, negative, NaN or no number."""
    try:
        rates = np.asarray(value, dtype=np.float64).ravel()
    except (TypeError, ValueError):
        return None
    if not rates.size or not np.all(np.isfinite(rates)) or rates[0] <= 0:
        return None
    return float(rates[0]) if np.all(rates == rates[0]) else None
