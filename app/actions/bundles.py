"""Everything that the desk draws of many components, in one body."""

import hashlib
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.actions.context import Context
from app.actions.surroundings import Field, contours_of, field_of, most_correlated
from app.domain.errors import NotFound
from app.rendering.contours import Line
from app.rendering.packing import Packing
from app.rendering.traces import display_frames
from app.rendering.transients import average_transient, transient_frames
from app.rendering.windows import window_round
from app.storage import components
from app.storage.rows import AnyRow

PARTS = ("mask", "context", "trace", "average", "neighbours")
"""What may be asked for."""

MOST_COMPONENTS = 144
"""A whole page of the montage."""
TRACE_POINTS = 2_000

LEVELS = 65_535
"""So many steps between a trace's lowest and highest value: more than a screen has rows."""
CONTOUR_STEPS_PER_PX = 64
"""Contours are rounded to this part of a pixel, which packs better and nobody sees."""

FORMAT = 2
"""Raised when the body changes, so that no browser reads one that it kept of another format."""


def version(context: Context, component_ids: Sequence[int]) -> str:
    """What a bundle of these components is cached by. Raises NotFound."""
    with context.database.read() as session:
        found = components.places(session, component_ids)
    _check(component_ids, found)
    return version_of([found[key].content_hash for key in component_ids])


def version_of(content_hashes: Sequence[str]) -> str:
    """The same, from the content hashes in the order of the components."""
    text = "".join([str(FORMAT), *content_hashes])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def field(context: Context, recording_id: int, kind: str) -> tuple[str, bytes]:
    """One summary image of the whole field as grey levels, and what it is cached by.

    The windows of `views` are cut from it. Raises NotFound.
    """
    with context.database.read() as session:
        whole = field_of(session, context.kept, recording_id)
    if kind not in whole.images:
        raise NotFound("summary image", f"{kind!r} of recording {recording_id}")
    image = whole.images[kind]
    packing = Packing()
    levels = packing.add(image.levels)
    header = {"format": FORMAT, "kind": kind, "pixel_px": image.pixel_px, "levels": levels}
    return f"{whole.version}-{FORMAT}", packing.body(header)


def _check(component_ids: Sequence[int], found: dict[int, AnyRow]) -> None:
    missing = [key for key in component_ids if key not in found]
    if missing:
        raise NotFound("component", missing[0])


def views(
    context: Context,
    component_ids: Sequence[int],
    parts: frozenset[str],
    kinds: Collection[str] | None = None,
) -> bytes:
    """The body of these components, in this order; `web/api/views.py` describes it.

    kinds: of the summary images, only these are cut to the windows, and the best where a recording
    has none of these; an empty one cuts none, None all. No label and no prediction is in it.
    Raises NotFound.
    """
    packing = Packing()
    with context.database.read() as session:
        rows = components.several(session, component_ids)
        _check(component_ids, rows)
        fields = {
            recording_id: field_of(session, context.kept, recording_id)
            for recording_id in sorted({row.recording_id for row in rows.values()})
        }
        arrays = components.arrays_of(
            session, component_ids, traces=bool(parts & {"trace", "average"})
        )
        near = {
            key: fields[row.recording_id].near(key, _place(row))
            for key, row in rows.items()
            if parts & {"context", "neighbours"}
        }
        shown = _Shown(packing, parts, fields, near, kinds)
        header: dict[str, Any] = {
            "format": FORMAT,
            "recordings": [shown.recording(field) for field in fields.values()],
            "components": [shown.component(rows[key], arrays[key]) for key in component_ids],
        }
        if "context" in parts:
            header["contours"] = _contours(context, session, shown, rows)
        if "neighbours" in parts:
            alike = most_correlated(session, context.kept, dict(near))
            for one in header["components"]:
                key, r = alike.get(one["id"], (None, 0.0))
                one["most_alike"] = None if key is None else {"component": key, "r": round(r, 3)}
    return packing.body(header)


def _place(row: AnyRow) -> tuple[float, float]:
    return (row.centroid_y_px, row.centroid_x_px)


def _contours(
    context: Context, session: Session, shown: "_Shown", rows: dict[int, AnyRow]
) -> dict[str, Any]:
    """Each contour that any window shows, once."""
    found: dict[int, list[Line]] = {}
    for recording_id, field in shown.fields.items():
        own = [key for key, row in rows.items() if row.recording_id == recording_id]
        wanted = {*own, *(other for key in own for other in shown.near[key])}
        found |= contours_of(session, context.kept, field, sorted(wanted))
    points = [line for lines in found.values() for line in lines]
    rounded = np.rint(np.concatenate(points) * CONTOUR_STEPS_PER_PX) if points else np.empty((0, 2))
    return {
        "components": list(found),
        "lines": [[len(line) for line in lines] for lines in found.values()],
        "points": shown.packing.add((rounded / CONTOUR_STEPS_PER_PX).astype(np.float32)),
    }


def _levels(values: NDArray[np.float32], most: int) -> tuple[NDArray[np.float64], float, float]:
    """Whole numbers from 0 for the lowest value to `most` for the highest; and these two."""
    if not values.size:
        return np.empty(0), 0.0, 0.0
    low, high = float(values.min()), float(values.max())
    return np.rint((values.astype(np.float64) - low) * (most / max(high - low, 1e-30))), low, high


class _Shown:
    """Puts recordings and components into a body."""

    def __init__(
        self,
        packing: Packing,
        parts: frozenset[str],
        fields: dict[int, Field],
        near: dict[int, list[int]],
        kinds: Collection[str] | None,
    ) -> None:
        self.packing = packing
        self.parts = parts
        self.fields = fields
        self.near = near
        self.kinds = kinds

    def recording(self, field: Field) -> dict[str, Any]:
        """What components of one recording share."""
        shared: dict[str, Any] = {
            "id": field.recording,
            "field_px": field.field_px,
            "mask_scale": field.mask_scale,
            "frame_rate_hz": field.frame_rate_hz,
        }
        if "context" in self.parts:
            shared["window_px"] = field.window_side_px
            shared["map"] = None if field.map is None else self.packing.add(field.map)
            shared["version"] = field.version
            shared["images"] = [
                {"kind": kind, "shape": image.levels.shape, "pixel_px": image.pixel_px}
                for kind, image in field.images.items()
            ]
        return shared

    def component(self, row: AnyRow, arrays: AnyRow) -> dict[str, Any]:
        """What is shown of one component."""
        field = self.fields[row.recording_id]
        one: dict[str, Any] = {
            "id": row.id,
            "recording": row.recording_id,
            "source_index": row.source_index,
            "centroid_px": [round(place, 2) for place in _place(row)],
        }
        if "mask" in self.parts:
            one["mask"] = self._mask(arrays.mask)
        if "context" in self.parts:
            one["context"] = self._context(field, row)
        if self.parts & {"trace", "average"}:
            self._add_trace(one, row, arrays.trace, field.frame_rate_hz)
        return one

    def _mask(self, mask: NDArray[np.float32]) -> dict[str, Any]:
        levels, low, high = _levels(mask, 255)
        return {"levels": self.packing.add(levels.astype(np.uint8)), "low": low, "high": high}

    def _context(self, field: Field, row: AnyRow) -> dict[str, Any]:
        window = window_round(_place(row), field.window_side_px)
        images = []
        for kind in field.chosen(self.kinds):
            image = field.images[kind]
            crop = window.cut(image)
            images.append(
                {
                    "kind": kind,
                    "top_px": crop.top_px,
                    "left_px": crop.left_px,
                    "pixel_px": image.pixel_px,
                    "levels": self.packing.add(crop.levels),
                }
            )
        return {
            "top_px": window.top_px,
            "left_px": window.left_px,
            "side_px": window.side_px,
            "images": images,
            "neighbours": self.near[row.id],
        }

    def _add_trace(
        self,
        one: dict[str, Any],
        row: AnyRow,
        trace: NDArray[np.float32] | None,
        rate_hz: float | None,
    ) -> None:
        peaks = np.empty(0, np.uint32) if trace is None else transient_frames(trace, rate_hz)
        if "trace" in self.parts:
            one["trace"] = None if trace is None else self._trace(row, trace, peaks)
        if "average" in self.parts:
            average = None if trace is None else average_transient(trace, peaks, rate_hz)
            one["average"] = average and {
                "times": self.packing.add(average.times),
                "mean": self.packing.add(average.mean),
                "spread": self.packing.add(average.spread),
                "count": average.count,
                "decay": average.decay,
            }

    def _trace(
        self, row: AnyRow, trace: NDArray[np.float32], peaks: NDArray[np.uint32]
    ) -> dict[str, Any]:
        frames, values = display_frames(trace, TRACE_POINTS)
        levels, low, high = _levels(values, LEVELS)
        return {
            "length": len(trace),
            "steps": self.packing.add(np.diff(frames, prepend=0).astype(np.uint32)),
            "levels": self.packing.add(levels.astype(np.uint16)),
            "low": low,
            "high": high,
            "transients": self.packing.add(peaks),
            "snr": None if row.cue_snr is None else round(row.cue_snr, 2),
        }
