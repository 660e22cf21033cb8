"""A field as bundles of views need it: its images, who is where, and everybody's contour."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.actions.kept import Kept
from app.domain.errors import NotFound
from app.rendering.contours import Line, contours, placed
from app.rendering.windows import GreyImage, field_map, grey_image, window_side_px
from app.storage import components, recordings

SUMMARY_PREFERENCE = ("mean", "max", "correlation", "footprints")

MOST_NEIGHBOURS = 60
"""In a window; more would be a scribble."""

NEIGHBOUR_REACH = 0.7
"""How far from the middle a neighbour is looked for, in sides of the window."""

MOST_COMPARED = 8
"""So many nearest neighbours' traces are compared with a component's own."""

COMPARED_BINS = 1024
"""Traces are compared as means over at most so many equal stretches: noise matters less so."""

_MASKS_AT_ONCE = 256

VERSION_LENGTH = 32
"""How much of a recording's content hash its pictures are kept by, in characters."""


@dataclass(frozen=True, eq=False)
class Field:
    """One recording's field.

    version: what its pictures are kept by. images: by kind, the best to look at first. field_px:
    height and width, or None where unknown. keys, places_px: (components,) and (components, 2)
    y, x of all components.
    """

    recording: int
    version: str
    field_px: tuple[int, int] | None
    mask_scale: float
    frame_rate_hz: float | None
    images: dict[str, GreyImage]
    map: NDArray[np.uint8] | None
    keys: NDArray[np.int64]
    places_px: NDArray[np.float32]

    @property
    def window_side_px(self) -> int:
        """The side of the window that shows a component."""
        return window_side_px(self.mask_scale)

    def chosen(self, kinds: Collection[str] | None) -> list[str]:
        """Those of its images that are of these kinds, or the best one; None: all, empty: none."""
        if kinds is None:
            return list(self.images)
        known = [kind for kind in self.images if kind in kinds]
        return known or list(self.images)[: min(len(kinds), 1)]

    def near(self, component_id: int, place_px: tuple[float, float]) -> list[int]:
        """The neighbours in a component's window, the nearest first."""
        away = np.abs(self.places_px - np.array(place_px, dtype=np.float32))
        reach = NEIGHBOUR_REACH * self.window_side_px
        close = np.flatnonzero((away <= reach).all(axis=1) & (self.keys != component_id))
        nearest = close[np.argsort((away[close] ** 2).sum(axis=1), kind="stable")]
        return [int(key) for key in self.keys[nearest[:MOST_NEIGHBOURS]]]


def field_of(session: Session, kept: Kept, recording_id: int) -> Field:
    """A recording's field, from memory where it was asked for before. Raises NotFound."""
    found: Field | None = kept.get(("field", recording_id))
    if found is None:
        found = _read_field(session, recording_id)
        size = sum(image.levels.nbytes for image in found.images.values()) + found.keys.nbytes
        kept.put(("field", recording_id), found, size + found.places_px.nbytes + 20_000)
    return found


def _read_field(session: Session, recording_id: int) -> Field:
    row = recordings.by_id(session, recording_id)
    if row is None:
        raise NotFound("recording", recording_id)
    kinds = recordings.summary_kinds(session, [recording_id])[recording_id]
    images: dict[str, GreyImage] = {}
    for kind in sorted(kinds, key=_preference):
        image = recordings.summary_image(session, recording_id, kind)
        if image is not None:
            images[kind] = grey_image(image, row.mask_scale)
    places = components.centroids(session, recording_id)
    height, width = row.field_height_px, row.field_width_px
    return Field(
        recording=recording_id,
        version=row.content_hash[:VERSION_LENGTH],
        field_px=None if height is None or width is None else (height, width),
        mask_scale=row.mask_scale,
        frame_rate_hz=row.frame_rate_hz,
        images=images,
        map=field_map(next(iter(images.values()))) if images else None,
        keys=np.array([one.id for one in places], dtype=np.int64),
        places_px=np.array([one[1:] for one in places], dtype=np.float32).reshape(-1, 2),
    )


def _preference(kind: str) -> tuple[int, str]:
    known = kind in SUMMARY_PREFERENCE
    return (SUMMARY_PREFERENCE.index(kind) if known else len(SUMMARY_PREFERENCE), kind)


def contours_of(
    session: Session, kept: Kept, field: Field, component_ids: Iterable[int]
) -> dict[int, list[Line]]:
    """The contours of components of one field, in its source pixels (y, x), by key."""
    wanted = list(component_ids)
    found = {key: lines for key in wanted if (lines := kept.get(("contour", key))) is not None}
    missing = [key for key in wanted if key not in found]
    places = dict(zip(field.keys.tolist(), field.places_px.tolist(), strict=True))
    for start in range(0, len(missing), _MASKS_AT_ONCE):
        some = missing[start : start + _MASKS_AT_ONCE]
        for key, lines in zip(some, contours(components.masks(session, some)), strict=True):
            y, x = places[key]
            found[key] = placed(lines, (y, x), field.mask_scale)
            kept.put(("contour", key), found[key], 300 + sum(line.nbytes for line in found[key]))
    return found


def most_correlated(
    session: Session, kept: Kept, neighbours: dict[int, Sequence[int]]
) -> dict[int, tuple[int, float]]:
    """Of each component, the one of its neighbours (nearest first) whose trace is most alike.

    Returns by key the neighbour's key and Pearson's r; nothing where there is no such trace.
    """
    compared = {key: list(near[:MOST_COMPARED]) for key, near in neighbours.items()}
    everybody = {*compared, *(key for near in compared.values() for key in near)}
    known = _comparable(session, kept, everybody)
    found: dict[int, tuple[int, float]] = {}
    for key, near in compared.items():
        own = known.get(key)
        if own is None:
            continue
        alike = [
            (float(own @ other), one)
            for one in near
            if (other := known.get(one)) is not None and len(other) == len(own)
        ]
        if alike:
            r, best = max(alike)
            found[key] = (best, r)
    return found


def _comparable(
    session: Session, kept: Kept, component_ids: Iterable[int]
) -> dict[int, NDArray[np.float32]]:
    """Traces of mean 0 and length 1, so that a product of two is their r; none of flat ones."""
    wanted = sorted(component_ids)
    found = {key: one for key in wanted if (one := kept.get(("trace", key))) is not None}
    missing = [key for key in wanted if key not in found]
    for key, trace in components.traces(session, missing):
        made = np.empty(0, np.float32) if trace is None else _normed(trace)
        kept.put(("trace", key), made, made.nbytes + 200)
        found[key] = made
    return {key: one for key, one in found.items() if one.size}


def _normed(trace: NDArray[np.float32]) -> NDArray[np.float32]:
    values = np.nan_to_num(trace, posinf=0.0, neginf=0.0)
    stretch = -(-len(values) // COMPARED_BINS)
    whole = len(values) // stretch * stretch if stretch else 0
    if whole < 3:
        return np.empty(0, np.float32)
    means = values[:whole].reshape(-1, stretch).mean(axis=1)
    means = means - means.mean()
    length = float(np.linalg.norm(means))
    return means / np.float32(length) if length > 0 else np.empty(0, np.float32)
