"""From a source to a recording: clean footprints, crop them, match everything to what is kept."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.domain.recordings import MASK_SIZE_PX, Recording, RejectedComponent
from app.formats import images, traces
from app.formats.crop import centre_above_floor, crop_mask, mask_scale
from app.formats.footprint import Footprint
from app.formats.given_labels import imported_labels
from app.formats.problems import BadContent
from app.formats.source import ReadOptions, Source

BRIGHT = 0.2
"""A pixel counts towards a footprint's extent from this part of its greatest weight."""
BACKGROUND_BRIGHT_PART = 0.3
"""A footprint whose bright pixels cover this part of the field is background, not a cell ..."""
BACKGROUND_MIN_PX = 2000
"""... if it also covers more pixels than a cell has in a 50x50 mask (a field may be tiny)."""
BACKGROUND_SUPPORT_PART = 0.8
BACKGROUND_SUPPORT_BRIGHT_PART = 0.1
BACKGROUND_ENERGY_PART = 0.2
"""Likewise one that has weight nearly everywhere and is bright over a tenth of the field, or has
less than a fifth of its squared weight in the 50x50 pixels round its centre."""


class _Rejected(Exception):
    """Why one component cannot be stored."""


class _Background(_Rejected):
    """A footprint of the whole field."""


@dataclass(eq=False)
class _Kept:
    """The components that survive, as lists that grow together."""

    masks: list[NDArray[np.float32]] = field(default_factory=list)
    centroids: list[tuple[float, float]] = field(default_factory=list)
    indices: list[int] = field(default_factory=list)
    rejected: list[RejectedComponent] = field(default_factory=list)
    background: list[int] = field(default_factory=list)
    n_source: int = 0
    nan_components: int = 0
    negative_components: int = 0


def assemble(source: Source, options: ReadOptions) -> Recording:
    """The recording that a source describes.

    Weights that are NaN, infinite or negative count as 0, and the notes say in how many
    components. A component without any weight above 0, with pixels outside the field, or of the
    whole field (background) is rejected with its reason.
    Raises BadContent where none survives, InvalidInput for labels that are none of 0 to 4.
    """
    field_shape_px = _checked_field(source, options)
    radius_px = _radius(source, options)
    total = images.FootprintSum(field_shape_px) if field_shape_px else None
    kept = _Kept()
    if source.crops is None:
        _keep_footprints(source, options, radius_px, kept, total)
    else:
        _keep_crops(source, options, radius_px, kept, total)
    if not kept.indices:
        raise BadContent(_nothing_left(kept))
    notes = [*source.notes, *_weight_notes(kept)]
    indices = np.array(kept.indices, dtype=np.int64)
    background = np.array(kept.background, dtype=np.int64)
    return Recording(
        name=options.name,
        source_format=source.source_format,
        masks=np.stack(kept.masks).astype(np.float32),
        centroids_px=np.array(kept.centroids, dtype=np.float32).reshape(-1, 2),
        source_indices=_source_indices(source, indices),
        traces=traces.matched(source.traces, kept.n_source, indices, background, notes),
        frame_rate_hz=source.frame_rate_hz,
        field_shape_px=field_shape_px,
        summary_images=_summary_images(source, field_shape_px, total, notes),
        imported_labels=imported_labels(source, kept.n_source, indices, notes),
        neuron_radius_px=radius_px or source.scaled_by_radius_px,
        mask_scale=mask_scale(radius_px or source.scaled_by_radius_px),
        rejected=tuple(kept.rejected),
        notes=tuple(notes),
    )


def _checked_field(source: Source, options: ReadOptions) -> tuple[int, int] | None:
    if source.field_shape_px is None:
        return None
    height, width = (int(side) for side in source.field_shape_px)
    limit = options.limits.max_side_px
    if not (0 < height <= limit and 0 < width <= limit):
        raise BadContent(f"has a field of {height}x{width} pixels; 1 to {limit} a side are read.")
    return height, width


def _radius(source: Source, options: ReadOptions) -> float | None:
    """The radius to rescale by, in source pixels: the caller's, or the file's own."""
    chosen = options.neuron_radius_px
    if source.scaled_by_radius_px is not None:
        if chosen is not None and chosen != source.scaled_by_radius_px:
            source.notes.append(
                f"The masks are rescaled already, by a neuron radius of "
                f"{source.scaled_by_radius_px:g} px; the radius given was not used."
            )
        return None
    if chosen is None and source.suggested_radius_px is not None:
        source.notes.append(
            f"Masks were rescaled by the file's neuron radius, {source.suggested_radius_px:g} px."
        )
        return source.suggested_radius_px
    return chosen


def _source_indices(source: Source, positions: NDArray[np.int64]) -> NDArray[np.int64]:
    own = source.source_indices
    if own is None or own.ndim != 1 or own.dtype.kind not in "iu" or len(own) <= positions.max():
        return positions
    return np.asarray(own[positions], dtype=np.int64)


def _keep_footprints(
    source: Source,
    options: ReadOptions,
    radius_px: float | None,
    kept: _Kept,
    total: images.FootprintSum | None,
) -> None:
    for index, raw in enumerate(source.footprints):
        _count(kept, options)
        try:
            footprint = _clean(raw, source.field_shape_px, kept)
            centre_px = centre_above_floor(footprint, source.field_shape_px)
            mask = crop_mask(footprint, radius_px, centre_px)
            if not mask.any():
                raise _Rejected("no weight within the 50x50 pixels round its centre of mass")
        except _Rejected as reason:
            kept.rejected.append(RejectedComponent(index, str(reason)))
            if isinstance(reason, _Background):
                kept.background.append(index)
            continue
        kept.masks.append(mask)
        kept.centroids.append(centre_px)
        kept.indices.append(index)
        if total is not None:
            total.add(footprint)


def _keep_crops(
    source: Source,
    options: ReadOptions,
    radius_px: float | None,
    kept: _Kept,
    total: images.FootprintSum | None,
) -> None:
    crops = source.crops
    assert crops is not None
    centroids = source.centroids_px
    for index in range(len(crops)):
        _count(kept, options)
        ys, xs = np.nonzero(crops[index])
        raw = Footprint(ys, xs, np.asarray(crops[index][ys, xs], dtype=np.float64))
        try:
            footprint = _clean(raw, None, kept)
        except _Rejected as reason:
            kept.rejected.append(RejectedComponent(index, str(reason)))
            continue
        mask = np.zeros((MASK_SIZE_PX, MASK_SIZE_PX), dtype=np.float32)
        mask[footprint.ys, footprint.xs] = footprint.weights
        place = (25.0, 25.0) if centroids is None else tuple(centroids[index])
        kept.masks.append(mask if radius_px is None else crop_mask(footprint, radius_px))
        kept.centroids.append((float(place[0]), float(place[1])))
        kept.indices.append(index)
        if total is not None and centroids is not None and source.scaled_by_radius_px is None:
            total.add_crop(mask, np.asarray(centroids[index]))


def _count(kept: _Kept, options: ReadOptions) -> None:
    kept.n_source += 1
    if kept.n_source > options.limits.max_components:
        raise BadContent(
            f"has more than {options.limits.max_components:,} components. Split the recording."
        )


def _clean(raw: Footprint, field_shape_px: tuple[int, int] | None, kept: _Kept) -> Footprint:
    """The pixels with weight above 0, or _Rejected. Counts what had to be set to 0."""
    if not len(raw.ys) == len(raw.xs) == len(raw.weights):
        raise _Rejected("its lists of rows, columns and weights differ in length")
    if not raw.weights.size:
        raise _Rejected("empty footprint")
    with np.errstate(over="ignore", invalid="ignore"):
        weights = raw.weights.astype(np.float32).astype(np.float64)
    finite = np.isfinite(weights)
    if not finite.any():
        raise _Rejected("every weight is NaN or infinite")
    kept.nan_components += int(not finite.all())
    kept.negative_components += int(np.any(weights[finite] < 0))
    good = finite & (np.where(finite, weights, 0) > 0)
    if not good.any():
        raise _Rejected("no weight above 0")
    footprint = Footprint(raw.ys[good], raw.xs[good], weights[good])
    if field_shape_px is not None:
        _check_place(footprint, field_shape_px)
    return footprint


def _check_place(footprint: Footprint, field_shape_px: tuple[int, int]) -> None:
    height, width = field_shape_px
    ys, xs, weights = footprint.ys, footprint.xs, footprint.weights
    if ys.min() < 0 or xs.min() < 0 or ys.max() >= height or xs.max() >= width:
        raise _Rejected(f"pixels outside the field of {height}x{width}")
    area = height * width
    bright = np.count_nonzero(weights > BRIGHT * weights.max())
    everywhere = len(weights) >= BACKGROUND_SUPPORT_PART * area
    part = BACKGROUND_SUPPORT_BRIGHT_PART if everywhere else BACKGROUND_BRIGHT_PART
    spread = everywhere and _energy_near_centre(footprint, field_shape_px) < BACKGROUND_ENERGY_PART
    if spread or bright > max(part * area, BACKGROUND_MIN_PX):
        raise _Background("covers the field: background, not a cell")


def _energy_near_centre(footprint: Footprint, field_shape_px: tuple[int, int]) -> float:
    """The part of the squared weights that lies within 25 pixels of the centre, each way."""
    y, x = centre_above_floor(footprint, field_shape_px)
    near = (np.abs(footprint.ys - y) < MASK_SIZE_PX / 2) & (
        np.abs(footprint.xs - x) < MASK_SIZE_PX / 2
    )
    energy = footprint.weights**2
    return float(energy[near].sum() / energy.sum())


def _weight_notes(kept: _Kept) -> list[str]:
    notes = []
    if kept.nan_components:
        notes.append(f"{kept.nan_components} components had NaN or infinite weights, read as 0.")
    if kept.negative_components:
        notes.append(f"{kept.negative_components} components had negative weights, read as 0.")
    return notes


def _nothing_left(kept: _Kept) -> str:
    if not kept.n_source:
        return "holds no components. Run the extraction again, or choose another file."
    reasons = sorted({component.reason for component in kept.rejected})
    return (
        f"holds {kept.n_source} components, but none can be used: {'; '.join(reasons[:3])}. "
        "Check the masks in the program that made them."
    )


def _summary_images(
    source: Source,
    field_shape_px: tuple[int, int] | None,
    total: images.FootprintSum | None,
    notes: list[str],
) -> dict[str, NDArray[np.float32]]:
    if field_shape_px is None or total is None:
        return {}
    found = {}
    for kind in images.KINDS:
        if kind in source.summary_images:
            image = images.on_field(source.summary_images[kind], kind, field_shape_px, notes)
            if image is not None:
                found[kind] = image
    return found or {"footprints": total.image}
