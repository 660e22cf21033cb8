"""Masks, contexts and traces as a browser shows them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.actions.context import Context
from app.actions.surroundings import SUMMARY_PREFERENCE
from app.domain.errors import NotFound
from app.rendering.context import CROP_PX, PlacedMask, context_png
from app.rendering.fields import field_png
from app.rendering.masks import mask_png, sprite_sheet
from app.rendering.traces import display_points
from app.storage import components, recordings
from app.storage.rows import AnyRow


@dataclass(frozen=True, eq=False)
class TraceView:
    """Points to draw. unit: of the times, `s` or `frames` where the frame rate is unknown."""

    times: NDArray[np.float64]
    values: NDArray[np.float32]
    unit: str
    frames: int


def content_hash(context: Context, component_id: int) -> str:
    """What a component's pictures are cached by. Raises NotFound."""
    with context.database.read() as session:
        found = components.one(session, component_id)
    if found is None:
        raise NotFound("component", component_id)
    return str(found.content_hash)


def mask(context: Context, component_id: int) -> NDArray[np.float32]:
    """The mask, (50, 50). Raises NotFound."""
    with context.database.read() as session:
        found = components.arrays(session, component_id)
    if found is None:
        raise NotFound("component", component_id)
    return found.mask


def mask_picture(context: Context, component_id: int, size_px: int) -> bytes:
    """The mask as a grey PNG."""
    return mask_png(mask(context, component_id), size_px=size_px)


def context_picture(context: Context, component_id: int, kind: str | None) -> bytes:
    """The component's surroundings on a summary image, as a PNG.

    kind: which summary image; None takes the best there is. Raises NotFound.
    """
    with context.database.read() as session:
        centre = components.one(session, component_id)
        own = components.arrays(session, component_id)
        if centre is None or own is None:
            raise NotFound("component", component_id)
        recording = recordings.by_id(session, centre.recording_id)
        kinds = recordings.summary_kinds(session, [centre.recording_id])[centre.recording_id]
        chosen = kind or next((name for name in SUMMARY_PREFERENCE if name in kinds), None)
        if kind is not None and kind not in kinds:
            raise NotFound("summary image", f"{kind!r} of recording {centre.recording_id}")
        image = (
            None
            if chosen is None
            else recordings.summary_image(session, centre.recording_id, chosen)
        )
        around = components.neighbours(session, centre, distance_px=CROP_PX * 0.7)
    return context_png(
        image,
        PlacedMask(own.mask, _place(centre)),
        [PlacedMask(neighbour, _place(row)) for row, neighbour in around],
        mask_scale=1.0 if recording is None else recording.mask_scale,
    )


def _place(row: AnyRow) -> tuple[float, float]:
    return (row.centroid_y_px, row.centroid_x_px)


def trace(
    context: Context, component_id: int, points: int, first: int = 0, last: int | None = None
) -> TraceView:
    """The trace, thinned to at most `points` without losing a peak; empty where there is none.

    first, last: the frames that are drawn, both included; by default all.
    """
    with context.database.read() as session:
        centre = components.one(session, component_id)
        found = components.arrays(session, component_id)
        if centre is None or found is None:
            raise NotFound("component", component_id)
        recording = recordings.by_id(session, centre.recording_id)
    rate_hz = None if recording is None else recording.frame_rate_hz
    unit = "frames" if rate_hz is None else "s"
    if found.trace is None:
        return TraceView(np.empty(0), np.empty(0, np.float32), unit, 0)
    times, values = display_points(found.trace, rate_hz, points, first=first, last=last)
    return TraceView(times, values, unit, len(found.trace))


def sprites(context: Context, component_ids: list[int], columns: int) -> bytes:
    """The masks of these components in one PNG, row by row. Raises NotFound."""
    with context.database.read() as session:
        found = components.several(session, component_ids)
        missing = [key for key in component_ids if key not in found]
        if missing:
            raise NotFound("component", missing[0])
        return sprite_sheet(components.masks(session, component_ids), columns)


def summary_picture(context: Context, recording_id: int, kind: str) -> bytes:
    """A recording's summary image as a grey PNG. Raises NotFound."""
    with context.database.read() as session:
        image = recordings.summary_image(session, recording_id, kind)
    if image is None:
        raise NotFound("summary image", f"{kind!r} of recording {recording_id}")
    return field_png(image)
