"""Looking: recordings, components, histories and the dashboard, as each person may see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.actions.context import Context
from app.actions.views import (
    ComponentView,
    NoteView,
    PredictionView,
    note_view,
    prediction_view,
)
from app.domain.accounts import Account
from app.domain.errors import NotFound
from app.storage import components, events, notes, recordings, runs
from app.storage.components import Filters, Order, Position
from app.storage.rows import AnyRow
from app.storage.tables import RecordingRow


@dataclass(frozen=True)
class Counts:
    """Components by class of their current label, and how many people have answered."""

    neuron: int = 0
    process: int = 0
    noise: int = 0
    doubtful: int = 0
    unlabeled: int = 0
    answered: int = 0

    @property
    def total(self) -> int:
        """All components."""
        return self.neuron + self.process + self.noise + self.doubtful + self.unlabeled


@dataclass(frozen=True)
class RecordingView:
    """A recording as pages and programs see it."""

    id: int
    name: str
    format: str
    source: str
    content_hash: str
    components: int
    frames: int | None
    frame_rate_hz: float | None
    field_shape_px: tuple[int, int] | None
    neuron_radius_px: float | None
    mask_scale: float
    summary_images: list[str]
    counts: Counts
    rejected: list[dict[str, Any]]
    notes: list[str]
    imported_at: datetime


@dataclass(frozen=True)
class HistoryEntry:
    """One event of a component, for people to read."""

    uuid: str
    labeler: str
    person: bool
    kind: str
    label: int | None
    undone: bool
    round: int | None
    seconds: float | None
    montage: int | None
    settled_with: str | None
    late: bool
    reason: str | None
    created_at: datetime


def get_recording(context: Context, recording_id: int) -> RecordingView:
    """One recording. Raises NotFound."""
    with context.database.read() as session:
        found = recordings.by_id(session, recording_id)
        if found is None:
            raise NotFound("recording", recording_id)
        return _recordings(session, [found])[0]


def list_recordings(context: Context, after_id: int, limit: int) -> list[RecordingView]:
    """Recordings in the order they were imported."""
    with context.database.read() as session:
        return _recordings(session, recordings.page(session, after_id, limit))


def total_counts(context: Context) -> Counts:
    """Of the whole database."""
    with context.database.read() as session:
        by_recording = recordings.label_counts(session)
    merged: dict[int | None, tuple[int, int]] = {}
    for counts in by_recording.values():
        for label, (total, answered) in counts.items():
            before = merged.get(label, (0, 0))
            merged[label] = (before[0] + total, before[1] + answered)
    return _counts(merged)


def get_component(context: Context, viewer: Account, component_id: int) -> ComponentView:
    """One component, as this person may see it. Raises NotFound."""
    with context.database.read() as session:
        row = components.one(session, component_id)
        if row is None:
            raise NotFound("component", component_id)
        return _components(session, viewer, [row])[0]


def list_components(
    context: Context,
    viewer: Account,
    filters: Filters,
    order: Order,
    after: Position | None,
    limit: int,
) -> tuple[list[ComponentView], Position | None]:
    """A page of components, and where the next one starts.

    A labeler who filters by label, prediction or disagreement, or sorts by what a model thinks,
    sees only components that they have answered: filter, order and the place where the next page
    starts would give away what is hidden.
    """
    asked = (filters.label, filters.predicted, filters.disagreement)
    telling = asked != (None, None, None) or order in ("entropy", "quality")
    answered_by = viewer.id if telling and not viewer.is_admin else None
    with context.database.read() as session:
        if filters.recording_id and recordings.by_id(session, filters.recording_id) is None:
            raise NotFound("recording", filters.recording_id)
        rows = components.page(session, filters, order, after, limit, answered_by)
        following = None
        if len(rows) == limit:
            last = rows[-1]
            following = Position(components.order_value(last, order), last.id)
        return _components(session, viewer, rows), following


def history(context: Context, viewer: Account, component_id: int) -> list[HistoryEntry]:
    """Every event of a component; one's own only, for a labeler who has not answered."""
    with context.database.read() as session:
        if components.one(session, component_id) is None:
            raise NotFound("component", component_id)
        rows = events.history(session, component_id)
        sees_all = viewer.is_admin or events.has_answered(session, viewer.id, component_id)
    undone = {row.undoes for row in rows}
    return [
        HistoryEntry(
            uuid=str(row.uuid),
            labeler=row.labeler,
            person=row.person,
            kind=row.kind,
            label=row.label,
            undone=row.uuid in undone,
            round=row.round_id,
            seconds=row.seconds,
            montage=row.montage,
            settled_with=row.settled_with,
            late=row.late,
            reason=row.reason,
            created_at=row.created_at,
        )
        for row in rows
        if sees_all or row.labeler == viewer.name
    ]


def _recordings(session: Session, rows: Sequence[RecordingRow]) -> list[RecordingView]:
    keys = [row.id for row in rows]
    counts = recordings.label_counts(session, keys)
    kinds = recordings.summary_kinds(session, keys)
    return [
        RecordingView(
            id=row.id,
            name=row.name,
            format=row.source_format,
            source=row.source,
            content_hash=row.content_hash,
            components=row.components,
            frames=row.frames,
            frame_rate_hz=row.frame_rate_hz,
            field_shape_px=None
            if row.field_height_px is None or row.field_width_px is None
            else (row.field_height_px, row.field_width_px),
            neuron_radius_px=row.neuron_radius_px,
            mask_scale=row.mask_scale,
            summary_images=kinds[row.id],
            counts=_counts(counts.get(row.id, {})),
            rejected=row.rejected,
            notes=row.notes,
            imported_at=row.imported_at,
        )
        for row in rows
    ]


def _counts(by_label: dict[int | None, tuple[int, int]]) -> Counts:
    def total(label: int | None) -> int:
        return by_label.get(label, (0, 0))[0]

    return Counts(
        neuron=total(1),
        process=total(2),
        noise=total(3),
        doubtful=total(4),
        unlabeled=total(None),
        answered=sum(answered for _, answered in by_label.values()),
    )


def _components(session: Session, viewer: Account, rows: Sequence[AnyRow]) -> list[ComponentView]:
    keys = [row.id for row in rows]
    seen = set(keys) if viewer.is_admin else events.answered_among(session, viewer.id, keys)
    predictions: dict[int, PredictionView] = {}
    for run_id in {row.run_id for row in rows if row.run_id is not None}:
        of_run = [row.id for row in rows if row.run_id == run_id and row.id in seen]
        found = runs.predictions_of(session, run_id, of_run)
        predictions |= {key: prediction_view(row) for key, row in found.items()}
    written: dict[int, list[NoteView]] = {}
    for note in notes.standing(session, keys):
        # Somebody else's note sways as much as their label; one's own is shown always.
        if note.component_id in seen or note.labeler_id == viewer.id:
            written.setdefault(note.component_id, []).append(note_view(note))
    return [
        _component(row, row.id in seen, predictions.get(row.id), tuple(written.get(row.id, ())))
        for row in rows
    ]


def _component(
    row: AnyRow, seen: bool, prediction: PredictionView | None, written: tuple[NoteView, ...]
) -> ComponentView:
    return ComponentView(
        id=row.id,
        recording=row.recording_id,
        source_index=row.source_index,
        centroid_px=(row.centroid_y_px, row.centroid_x_px),
        content_hash=row.content_hash,
        label=row.label if seen else None,
        people=row.people,
        disagreement=row.disagreement if seen else False,
        prediction=prediction,
        hidden=not seen,
        cues={
            "process": row.cue_process,
            "donut": row.cue_donut,
            "snr": row.cue_snr,
        },
        notes=written,
    )
