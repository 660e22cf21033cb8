"""The queue and label events, as REST takes and shows them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.actions.bundles import MOST_COMPONENTS
from app.domain.serving import STRATEGIES
from app.web.api.schemas.components import ComponentUrls, PredictionOut
from app.web.api.schemas.values import Body, Key, LabelCode, Number, Strategy, Text


class QueueRequest(Body):
    strategy: Strategy = Field(
        "unlabeled",
        description="; ".join(f"`{one.name}`: {one.use}" for one in STRATEGIES.values()),
    )
    count: Annotated[int, Field(ge=1, le=100), Number] = 1
    recording: Key | None = None
    round: Key | None = None
    holding: list[Key] | None = Field(
        default=None,
        max_length=200,
        description="components this page already has. Given (even empty), your own live leases "
        "that are not in it are handed out again first, so a reloaded page gets its work back; "
        "and where little is left, fewer come than `count`, so that others get their share.",
    )
    ahead: Annotated[int, Field(ge=0, le=200), Number] | None = Field(
        default=None,
        description="how many of `holding` this page has still to show; left out: all of them",
    )


class MontageRequest(Body):
    label: LabelCode = Field(description="the class that the components are believed to be")
    count: Annotated[int, Field(ge=1, le=MOST_COMPONENTS), Number] = 36
    recording: Key | None = None
    holding: list[Key] | None = Field(
        default=None,
        max_length=1000,
        description="components this page already has. Given (even empty), your other components "
        "leased for a montage are given back first.",
    )
    selection: Key | None = Field(
        default=None, description="only of these components, however sure the model is"
    )


class QueueItem(BaseModel):
    component: int
    recording: int
    reason: str
    lease: UUID
    expires_at: datetime
    urls: ComponentUrls


class QueueAnswer(BaseModel):
    items: list[QueueItem]
    remaining: int | None = Field(
        description="about how many more the round holds; null outside a round"
    )
    views: str | None = Field(
        description="where all that a page draws of these items is, in one answer; null where "
        "there are none"
    )


class MontageItem(QueueItem):
    confidence: float = Field(
        description="the run's chance of that class; before there is a run, process-likeness"
    )


class MontageAnswer(BaseModel):
    items: list[MontageItem]
    above: int = Field(description="unanswered components of that class above the threshold")
    threshold: float = Field(description="what an admin set; less sure ones stay for the desk")
    run: int | None = Field(description="whose opinion it is; null: shape and trace alone")
    views: str | None = Field(description="where the masks of these are, in one answer")


class LabelIn(Body):
    id: UUID = Field(description="made by the client; posting the same id again is harmless")
    component: Key
    label: LabelCode
    lease: UUID | None = None
    round: Key | None = None
    seconds: Annotated[float, Field(ge=0, le=86400), Number] | None = None
    montage: Annotated[int, Field(ge=1, le=MOST_COMPONENTS), Number] | None = Field(
        default=None,
        description="how many components the montage's page held, where the label was given "
        "there; `seconds` is then the page's time shared out. Such a label is not a blind one.",
    )


class LabelsIn(Body):
    labels: list[LabelIn] = Field(min_length=1, max_length=1000)


class Reveal(BaseModel):
    """What a relabeling round shows once the blind answer is given."""

    label_before: LabelCode | None
    given_by: list[str] = Field(description="whose label that was, people's or a file's")
    prediction: PredictionOut | None


class LabelAnswer(BaseModel):
    id: UUID
    component: int
    status: Literal["saved", "duplicate", "refused"]
    late: bool = Field(
        description="the lease had ended or passed to somebody else; the answer is kept"
    )
    detail: str | None
    reveal: Reveal | None


class LabelsAnswer(BaseModel):
    items: list[LabelAnswer]


class UndoIn(Body):
    id: UUID
    undoes: UUID


class SkipIn(Body):
    id: UUID
    component: Key
    lease: UUID | None = None
    round: Key | None = None
    reason: Text | None = Field(default=None, max_length=500)


class NoteIn(Body):
    id: UUID = Field(description="made by the client; posting the same id again is harmless")
    component: Key
    text: Text = Field(
        max_length=2000,
        description="stands in place of your earlier notes on the component; empty: none is left",
    )


class StepOut(BaseModel):
    """An answer or a skip of yours that stands."""

    id: UUID
    component: int
    recording: int
    kind: Literal["label", "skip"]
    round: int | None
    created_at: datetime
    urls: ComponentUrls


class StepPage(BaseModel):
    items: list[StepOut]
    next: str | None


class UndoOut(BaseModel):
    id: UUID
    undoes: UUID
    component: int


class CurrentLabelOut(BaseModel):
    """A component's consensus."""

    model_config = ConfigDict(populate_by_name=True)

    component: int
    recording: int
    recording_name: str
    source_index: int
    label: LabelCode
    class_: str = Field(alias="class")
    people: int
    disagreement: bool


class LabelEventOut(BaseModel):
    """One entry of the log."""

    event: int
    id: UUID
    component: int
    labeler: str
    person: bool = Field(description="false for labels that came with a file")
    kind: Literal["label", "undo", "skip"]
    label: LabelCode | None
    undoes: UUID | None
    round: int | None
    seconds: float | None
    montage: int | None = Field(
        description="how many components the montage's page held; null for a blind answer"
    )
    settled_with: str | None = Field(
        description="the second person, where two settled it in a discussion"
    )
    late: bool
    created_at: datetime


class LabelsOut(BaseModel):
    """Current labels, or with `history` the events."""

    items: list[CurrentLabelOut] | list[LabelEventOut]
    next: None
