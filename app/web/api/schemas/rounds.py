"""Relabeling rounds, as REST takes and shows them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.web.api.schemas.values import Body, Key, Number, Text


class RoundIn(Body):
    order: Literal["wrong", "quality", "entropy"] = "quality"
    size: Annotated[int, Field(ge=1, le=10_000), Number] = 200
    title: Text | None = Field(default=None, min_length=1, max_length=200)
    recording: Key | None = None
    selection: Key | None = Field(
        default=None, description="only of the labeled components of this selection"
    )


class RoundOut(BaseModel):
    id: int
    title: str
    order: Literal["wrong", "quality", "entropy"]
    state: Literal["open", "closed"]
    run: int
    size: int
    done: int
    kept: int
    changed: int
    moves: list[list[int]] = Field(
        description="4x4: row the label before, column the round's answer, of the done"
    )
    cross_entropy_before: float | None = Field(
        description="mean over the done, nats, under the round's run"
    )
    cross_entropy_after: float | None
    agreement_before: float | None = Field(
        description="Cohen's kappa of labels and predictions, over the done"
    )
    agreement_after: float | None
    created_by: str
    created_at: datetime


class RoundPage(BaseModel):
    items: list[RoundOut]
    next: str | None
