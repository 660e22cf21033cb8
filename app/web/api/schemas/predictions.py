"""Predictions, stored or asked for, as REST shows them."""

from typing import Annotated

from pydantic import BaseModel, Field

from app.web.api.schemas.components import PredictionOut
from app.web.api.schemas.values import Body, LabelCode


class PredictionsOut(BaseModel):
    items: list[PredictionOut]
    next: None


_Weight = Annotated[float, Field(strict=True, ge=0)]


class PredictIn(Body):
    # The sides are checked by the action, with a sentence: a schema that demands 2,500 numbers
    # a mask keeps a fuzzer busy for minutes.
    masks: list[list[list[_Weight]]] = Field(
        min_length=1, max_length=10_000, description="(N, 50, 50)"
    )


class MaskPrediction(BaseModel):
    probabilities: tuple[float, float, float, float]
    predicted: LabelCode
    entropy: float = Field(description="nats, 0 to ln 4")
    mutual_information: float = Field(
        description="nats, the part of the entropy in which the folds' models disagree"
    )


class PredictAnswer(BaseModel):
    run: int
    items: list[MaskPrediction]
