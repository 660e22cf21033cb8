"""Storing recordings and reading them back."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from app.domain.recordings import Recording
from app.storage.columns import pack_array
from app.storage.tables import (
    Component,
    ComponentArrays,
    ComponentState,
    RecordingRow,
    SummaryImage,
)

# A statement of this many rows keeps memory flat and is past what batching gains.
ROWS_A_STATEMENT = 2_000


def by_hash(session: Session, content_hash: str) -> RecordingRow | None:
    """The stored recording with this content, if any."""
    statement = select(RecordingRow).where(RecordingRow.content_hash == content_hash)
    return session.execute(statement).scalar()


def names(session: Session, recording_ids: Collection[int]) -> dict[int, str]:
    """What these are called, by key."""
    statement = select(RecordingRow.id, RecordingRow.name).where(RecordingRow.id.in_(recording_ids))
    return {row.id: row.name for row in session.execute(statement)}


def by_id(session: Session, recording_id: int) -> RecordingRow | None:
    """The stored recording with this key, if any."""
    return session.get(RecordingRow, recording_id)


def page(session: Session, after_id: int, limit: int) -> Sequence[RecordingRow]:
    """Recordings in the order they were imported."""
    statement = (
        select(RecordingRow)
        .where(RecordingRow.id > after_id)
        .order_by(RecordingRow.id)
        .limit(limit)
    )
    return session.execute(statement).scalars().all()


def add(session: Session, recording: Recording, provenance: Mapping[str, Any]) -> RecordingRow:
    """Insert the recording's own row and its summary images.

    provenance: `source`, `imported_by`, `imported_at` and the `content_hash`, made beforehand
    so that hashing does not hold the database.
    """
    height, width = recording.field_shape_px or (None, None)
    row = RecordingRow(
        name=recording.name[:200],
        source_format=recording.source_format,
        components=len(recording),
        frames=None if recording.traces is None else recording.traces.shape[1],
        frame_rate_hz=recording.frame_rate_hz,
        field_height_px=height,
        field_width_px=width,
        neuron_radius_px=recording.neuron_radius_px,
        mask_scale=recording.mask_scale,
        rejected=[
            {"source_index": one.source_index, "reason": one.reason} for one in recording.rejected
        ],
        notes=list(recording.notes),
        **provenance,
    )
    session.add(row)
    session.flush()
    for kind, image in recording.summary_images.items():
        session.add(SummaryImage(recording_id=row.id, kind=kind, image=image))
    return row


@dataclass(frozen=True, eq=False)
class PackedArrays:
    """Masks and traces as the bytes that are stored, made before the database is held."""

    masks: list[bytes]
    traces: list[bytes] | None


def pack(recording: Recording) -> PackedArrays:
    """A recording's arrays, ready to be inserted."""
    return PackedArrays(
        masks=[pack_array(mask) for mask in recording.masks],
        traces=None
        if recording.traces is None
        else [pack_array(trace) for trace in recording.traces],
    )


def add_components(
    session: Session, recording_id: int, recording: Recording, packed: PackedArrays
) -> list[int]:
    """Insert components with masks and traces; returns their keys in the recording's order."""
    keys: list[int] = []
    for start in range(0, len(recording), ROWS_A_STATEMENT):
        rows = range(start, min(start + ROWS_A_STATEMENT, len(recording)))
        inserted = session.execute(
            insert(Component).returning(Component.id, sort_by_parameter_order=True),
            [_component(recording, recording_id, index) for index in rows],
        )
        batch = list(inserted.scalars())
        keys += batch
        # Past the mapper, whose bookkeeping would cost more than the insert.
        session.connection().execute(
            insert(ComponentArrays),
            [
                {
                    "component_id": key,
                    "mask": packed.masks[index],
                    "trace": None if packed.traces is None else packed.traces[index],
                }
                for key, index in zip(batch, rows, strict=True)
            ],
        )
    return keys


def _component(recording: Recording, recording_id: int, index: int) -> dict[str, Any]:
    digest = hashlib.sha256(np.ascontiguousarray(recording.masks[index]).tobytes())
    if recording.traces is not None:
        digest.update(np.ascontiguousarray(recording.traces[index]).tobytes())
    # The picture of a component's surroundings depends on where it is in which recording.
    digest.update(f"{recording_id}|{recording.centroids_px[index].tolist()}".encode())
    return {
        "recording_id": recording_id,
        "source_index": int(recording.source_indices[index]),
        "centroid_y_px": float(recording.centroids_px[index, 0]),
        "centroid_x_px": float(recording.centroids_px[index, 1]),
        "content_hash": digest.hexdigest()[:32],
    }


def summary_kinds(session: Session, recording_ids: Sequence[int]) -> dict[int, list[str]]:
    """The kinds of summary image of each recording, by name."""
    kinds: dict[int, list[str]] = {key: [] for key in recording_ids}
    statement = (
        select(SummaryImage.recording_id, SummaryImage.kind)
        .where(SummaryImage.recording_id.in_(recording_ids))
        .order_by(SummaryImage.kind)
    )
    for row in session.execute(statement):
        kinds[row.recording_id].append(row.kind)
    return kinds


def summary_image(session: Session, recording_id: int, kind: str) -> NDArray[np.float32] | None:
    """One summary image, (height, width) of the field."""
    found = session.get(SummaryImage, (recording_id, kind))
    return None if found is None else found.image


def label_counts(
    session: Session, recording_ids: Sequence[int] | None = None
) -> dict[int, dict[int | None, tuple[int, int]]]:
    """Per recording and consensus label: (components, of which a person has answered)."""
    answered = func.sum(func.least(ComponentState.people, 1))
    if session.get_bind().dialect.name == "sqlite":
        answered = func.sum(func.min(ComponentState.people, 1))
    statement = select(
        ComponentState.recording_id, ComponentState.label, func.count(), answered
    ).group_by(ComponentState.recording_id, ComponentState.label)
    if recording_ids is not None:
        statement = statement.where(ComponentState.recording_id.in_(recording_ids))
    counts: dict[int, dict[int | None, tuple[int, int]]] = {}
    for recording_id, label, total, people in session.execute(statement):
        counts.setdefault(recording_id, {})[label] = (total, int(people or 0))
    return counts
