"""Recordings and components, as REST shows them."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from app.web.api.schemas.values import LabelCode


class LabelCounts(BaseModel):
    """Components by class of their current label; `unlabeled` have none at all."""

    neuron: int
    process: int
    noise: int
    doubtful: int
    unlabeled: int


class RecordingOut(BaseModel):
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
    labels: LabelCounts
    answered: int = Field(description="components that at least one person has labeled")
    rejected: list[dict[str, Any]] = Field(
        description="components of the source that were not stored, and why"
    )
    notes: list[str]
    imported_at: datetime


class RecordingPage(BaseModel):
    items: list[RecordingOut]
    next: str | None


class PredictionOut(BaseModel):
    """Probabilities are of classes 1 to 4, in that order."""

    component: int
    recording: int
    run: int
    probabilities: tuple[float, float, float, float]
    predicted: LabelCode
    entropy: float = Field(description="nats, 0 to ln 4")
    mutual_information: float | None = Field(
        description="nats, the part of the entropy in which the folds' models disagree, which more "
        "labels would settle; the rest, the expected entropy, is ambiguous to each of them. null "
        "out of fold, where one model judges"
    )
    quality: float | None = Field(
        description="cross-entropy of the label minus entropy, nats; larger is more suspect"
    )
    out_of_fold: bool


class ComponentUrls(BaseModel):
    """Where the pictures and arrays are; immutable, so cache them for ever."""

    mask_png: str
    mask_npy: str
    context_png: str
    trace: str


class NoteOut(BaseModel):
    """What a labeler wrote; their newest note on a component stands in place of earlier ones."""

    component: int
    labeler: str
    text: str = Field(description="empty where the note was taken back")
    created_at: datetime


class OwnNoteOut(BaseModel):
    note: NoteOut | None = Field(description="null where you have written none")


class ComponentOut(BaseModel):
    id: int
    recording: int
    source_index: int
    centroid_px: tuple[float, float] = Field(description="y, x in source pixels")
    label: LabelCode | None = Field(
        description="the consensus; null where nobody and nothing has labeled it, or hidden"
    )
    people: int = Field(description="how many people have answered")
    disagreement: bool
    prediction: PredictionOut | None = Field(
        description="of the run in use; null where none, or hidden"
    )
    hidden: bool = Field(
        description="true where labels and prediction are withheld until you have answered"
    )
    cues: dict[str, float | None]
    notes: list[NoteOut] = Field(
        description="oldest first; your own alone where `hidden`, and no empty ones"
    )
    urls: ComponentUrls


class ComponentPage(BaseModel):
    items: list[ComponentOut]
    next: str | None


class TraceOut(BaseModel):
    """Points to draw. unit: of the times, `frames` where the frame rate is unknown."""

    times: list[float]
    values: list[float]
    unit: Literal["s", "frames"]
    frames: int = Field(description="length of the whole trace; 0 where there is none")
