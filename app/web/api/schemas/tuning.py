"""Tunings, as REST takes and shows them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from app.actions.tuning import DEFAULT_MINUTES
from app.web.api.schemas.values import Body, ConfigValue, JobState, Number


class TuningIn(Body):
    minutes: Annotated[float, Field(ge=0.01, le=10_080, allow_inf_nan=False), Number] = Field(
        default=DEFAULT_MINUTES, description="the budget: time in which somebody works at it"
    )
    config: dict[Annotated[str, Field(max_length=50)], ConfigValue] | None = Field(
        default=None,
        max_length=50,
        description="settings of every trial; what is named here is not tuned",
    )


class TrialOut(BaseModel):
    """One configuration that was tried."""

    number: int
    state: Literal["running", "complete", "pruned", "failed"]
    config: dict[str, Any] = Field(description="what it tried; POST /training-runs takes it")
    value: float | None = Field(description="cross-entropy out of fold, nats; lower is better")
    macro_f1: float | None
    intermediate: dict[str, float] = Field(
        description="held-out loss by tenth of the first fold's schedule: what pruning goes by"
    )
    seconds: float
    reason: str | None = Field(description="why it was pruned or failed")
    worker: str
    started_at: datetime
    finished_at: datetime | None


class TrialCounts(BaseModel):
    running: int
    complete: int
    pruned: int
    failed: int


class TuningOut(BaseModel):
    id: int
    state: JobState
    progress: dict[str, Any] = Field(description="stage, fold, epoch, loss, fraction, seconds_left")
    config: dict[str, Any]
    space: dict[str, Any] | None = Field(description="what there is to choose from")
    objective: str
    seed: int
    snapshot_event_id: int
    budget_minutes: float
    spent_seconds: float
    counts: TrialCounts
    best: TrialOut | None
    importances: dict[str, float] | None = Field(
        description="how much each setting matters for being among the best; sums to 1"
    )
    error: str | None
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class TuningDetail(TuningOut):
    """A tuning with all its trials."""

    trials: list[TrialOut]


class TuningPage(BaseModel):
    items: list[TuningOut]
    next: str | None
