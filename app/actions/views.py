"""What actions answer with: plain frozen values that web pages and JSON are made from."""

from dataclasses import dataclass
from datetime import datetime

from app.storage.rows import AnyRow


@dataclass(frozen=True)
class PredictionView:
    """One run's opinion of one component.

    mutual_information: what part of the entropy is the folds' disagreement, nats; None where one
        model judged.
    """

    component: int
    recording: int
    run: int
    probabilities: tuple[float, float, float, float]
    predicted: int
    entropy: float
    mutual_information: float | None
    quality: float | None
    out_of_fold: bool


def prediction_view(row: AnyRow) -> PredictionView:
    """From a row of `storage.runs.predictions`."""
    probabilities = (row.p1, row.p2, row.p3, row.p4)
    return PredictionView(
        component=row.component_id,
        recording=row.recording_id,
        run=row.run_id,
        probabilities=probabilities,
        predicted=probabilities.index(max(probabilities)) + 1,
        entropy=row.entropy,
        mutual_information=row.mutual_information,
        quality=row.quality,
        out_of_fold=row.out_of_fold,
    )


@dataclass(frozen=True)
class NoteView:
    """What a labeler wrote about a component; empty where they took it back."""

    component: int
    labeler: str
    text: str
    created_at: datetime


def note_view(row: AnyRow) -> NoteView:
    """From a row of `storage.notes`."""
    return NoteView(row.component_id, row.labeler, row.text, row.created_at)


@dataclass(frozen=True)
class ComponentView:
    """A component as one person may see it; `hidden` where that person has not answered yet."""

    id: int
    recording: int
    source_index: int
    centroid_px: tuple[float, float]
    content_hash: str
    label: int | None
    people: int
    disagreement: bool
    prediction: PredictionView | None
    hidden: bool
    cues: dict[str, float | None]
    notes: tuple[NoteView, ...]
