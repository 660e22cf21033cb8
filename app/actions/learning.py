"""What a classifier is given of components, and the measures it asks to have kept."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.actions.context import Context
from app.domain.errors import NotFound
from app.storage import components, measures, recordings, states
from app.storage.columns import pack_array

READ_AT_ONCE = 500


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What all components of a recording share.

    images: kind to (height, width). mask_scale: mask pixels per source pixel.
    """

    frame_rate_hz: float | None
    mask_scale: float
    images: dict[str, NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Looks:
    """Components as they were imported, in the order they were asked for.

    recording_ids: (components,). masks: (components, 50, 50). centroids_px: (components, 2) y, x.
    """

    recording_ids: NDArray[np.int64]
    masks: NDArray[np.float32]
    centroids_px: NDArray[np.float64]


def looks_of(context: Context, component_ids: Sequence[int]) -> Looks:
    """Masks and places of components, read in batches."""
    rows = []
    with context.database.read() as session:
        for part in _parts(component_ids):
            rows += measures.arrays_and_places(session, part)
    masks = np.zeros((len(rows), 50, 50), dtype=np.float32)
    for place, row in enumerate(rows):
        masks[place] = row.mask
    return Looks(
        np.array([row.recording_id for row in rows], np.int64),
        masks,
        np.array([(row.centroid_y_px, row.centroid_x_px) for row in rows]).reshape(-1, 2),
    )


def traces_of(context: Context, component_ids: Sequence[int]) -> list[NDArray[np.float32] | None]:
    """Traces in the order of the keys. A part of a recording at a time: traces are long."""
    with context.database.read() as session:
        found = measures.traces(session, component_ids)
    return [found[key] for key in component_ids]


def surroundings_of(context: Context, recording_id: int) -> Surroundings:
    """Frame rate, scale and summary images of a recording. Raises NotFound."""
    with context.database.read() as session:
        row = recordings.by_id(session, recording_id)
        if row is None:
            raise NotFound("recording", recording_id)
        kinds = recordings.summary_kinds(session, [recording_id])[recording_id]
        images = {kind: recordings.summary_image(session, recording_id, kind) for kind in kinds}
    known = {kind: image for kind, image in images.items() if image is not None}
    return Surroundings(row.frame_rate_hz, row.mask_scale, known)


def components_of_recording(context: Context, recording_id: int) -> list[int]:
    """The keys of a recording's components, in order."""
    with context.database.read() as session:
        return components.ids(session, recording_id)


def unmeasured_recordings(context: Context, version: int) -> list[int]:
    """Recordings whose measures of this version are not all kept yet."""
    with context.database.read() as session:
        return measures.unmeasured_recordings(session, version)


def keep_measures(
    context: Context, component_ids: Sequence[int], table: NDArray[np.float32], version: int
) -> None:
    """Store what was measured, a row of the table for each key, in a short transaction."""
    if not component_ids:
        return
    rows = [
        {"component_id": key, "version": version, "measures": pack_array(row)}
        for key, row in zip(component_ids, table, strict=True)
    ]
    with context.database.write() as session:
        measures.keep_measures(session, rows)


def measures_of(
    context: Context, component_ids: Sequence[int], version: int
) -> NDArray[np.float32] | None:
    """(components, measures) in the order of the keys; None where one of them lacks them."""
    found: dict[int, NDArray[np.float32]] = {}
    with context.database.read() as session:
        for part in _parts(component_ids):
            found |= measures.measures(session, part, version)
    if len(found) < len(set(component_ids)) or not component_ids:
        return None
    return np.stack([found[key] for key in component_ids])


def answered_by_people(context: Context) -> list[int]:
    """The components that a person has labeled, in order of key."""
    with context.database.read() as session:
        return states.answered(session)


def all_components(context: Context) -> list[int]:
    """The keys of all components, in order."""
    with context.database.read() as session:
        return components.all_ids(session)


def _parts(component_ids: Sequence[int]) -> list[list[int]]:
    return [
        [int(key) for key in component_ids[start : start + READ_AT_ONCE]]
        for start in range(0, len(component_ids), READ_AT_ONCE)
    ]
