"""Discussions and what a component looks like, as REST takes and shows them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.web.api.schemas.components import ComponentUrls, NoteOut
from app.web.api.schemas.values import Body, Key, LabelCode, Text

Reason = Annotated[Text, Field(max_length=2000)]


class RaiseIn(Body):
    id: UUID = Field(description="made by the client; posting the same id again is harmless")
    component: Key
    text: Reason = Field(default="", description="why; others read it once they have answered")


class SettleIn(Body):
    id: UUID = Field(description="made by the client; posting the same id again is harmless")
    label: LabelCode
    settled_with: Annotated[Text, Field(min_length=1, max_length=100)] = Field(
        description="the name of the second person; both have answered the component before"
    )
    text: Reason = Field(default="", description="why, for whoever reads it later")


class WithdrawIn(Body):
    id: UUID = Field(description="made by the client; posting the same id again is harmless")


class WithdrawOut(BaseModel):
    id: UUID
    component: int


class TurnOut(BaseModel):
    """`raise`: somebody put it up, again where it was settled before. `settle`: two agreed."""

    kind: Literal["raise", "settle"]
    labeler: str
    text: str | None = Field(description="null where it is withheld")
    label: LabelCode | None = Field(description="what was settled; null where it is withheld")
    settled_with: str | None
    created_at: datetime
    withdrawn_at: datetime | None = Field(
        description="when whoever put it up took it off the list; such a turn does not count"
    )


class AnswerOut(BaseModel):
    """What somebody said alone, before anything was settled or after."""

    labeler: str
    person: bool = Field(description="false for labels that came with a file")
    label: LabelCode
    created_at: datetime


class DiscussionOut(BaseModel):
    component: int
    recording: int
    recording_name: str
    state: Literal["open", "settled"]
    hidden: bool = Field(
        description="true where reasons, labels and others' notes are withheld until you have "
        "answered the component"
    )
    label: LabelCode | None = Field(description="the consensus; null where none, or withheld")
    turns: list[TurnOut] = Field(description="oldest first")
    answers: list[AnswerOut]
    notes: list[NoteOut]
    withdrawable: bool = Field(
        description="you put it up, and nobody else has answered it or written about it since"
    )
    urls: ComponentUrls


class DiscussionPage(BaseModel):
    items: list[DiscussionOut]
    next: str | None


class AlikeOut(BaseModel):
    component: int
    distance: float = Field(description="in the embedding: to be compared with the others' only")
    urls: ComponentUrls


class LooksLikeClass(BaseModel):
    label: LabelCode
    nearest: list[AlikeOut] = Field(description="labeled so; at most three, the nearest first")


class LooksLikeOut(BaseModel):
    component: int
    classes: list[LooksLikeClass]
