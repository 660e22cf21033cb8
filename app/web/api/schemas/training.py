"""Training runs and comparisons of them, as REST takes and shows them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from app.actions.exporting_models import Format
from app.web.api.schemas.components import ComponentUrls
from app.web.api.schemas.values import Body, ConfigValue, JobState, Key, LabelCode


class TrainingIn(Body):
    config: dict[Annotated[str, Field(max_length=50)], ConfigValue] | None = Field(
        default=None, max_length=50, description="fields of the classifier's TrainingConfig"
    )
    start_from: Key | None = Field(
        default=None, description="the run whose models to go on from, with its config"
    )
    repeat: Key | None = Field(
        default=None,
        description="the run to do over: on the labels as they stood for it, with its config. It "
        "takes neither config nor start_from, and serves only if it is promoted",
    )


class ExportIn(Body):
    format: Format = Field(
        description="onnx: one graph, raw masks in, probabilities out; "
        "fiji: the same as a bioimage.io package, which deepImageJ installs"
    )


class TrainingRunOut(BaseModel):
    id: int
    state: JobState
    progress: dict[str, Any] = Field(
        description="fold, folds, epoch, epochs, loss, fraction, seconds_left, stage"
    )
    config: dict[str, Any]
    start_from: int | None = Field(description="the run that it goes on from")
    repeats: int | None = Field(
        description="the run whose labels and config it has; metrics.repeat says whether it came "
        "to the same"
    )
    metrics: dict[str, Any] | None
    snapshot_event_id: int | None
    labels: int | None
    attempts: int
    error: str | None
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    serving: bool = Field(description="whether its predictions are the ones in use")


class ServingOut(BaseModel):
    """The run whose model and predictions are in use."""

    run: int | None = Field(description="null before the first training")
    promoted: bool = Field(description="false: the newest run serves, and the next one after it")
    promoted_by: str | None
    promoted_at: datetime | None
    newest: int | None = Field(description="the newest run that has a model")
    job: int | None = Field(
        description="by which queue and lists follow the last choice, until it has succeeded"
    )
    refitted_at: datetime | None = Field(
        description="when the queue's order last took in labels that the run has not seen; its "
        "predictions and metrics stay what the run said"
    )
    refitted_labels: int = Field(description="how many labels those were")


class TrainingRunPage(BaseModel):
    items: list[TrainingRunOut]
    next: str | None


class DifferenceOut(BaseModel):
    """A setting that two runs do not share; null where one does not have it."""

    name: str
    a: Any
    b: Any


class DisagreementOut(BaseModel):
    """A component of which two runs predict different classes."""

    component: int
    recording: int
    label: LabelCode | None = Field(description="the present consensus")
    a: tuple[float, float, float, float] = Field(description="run a's probabilities of 1 to 4")
    b: tuple[float, float, float, float]
    a_predicted: LabelCode
    b_predicted: LabelCode
    distance: float = Field(description="total variation of the two predictions, 0 to 1")
    urls: ComponentUrls


class ComparisonOut(BaseModel):
    a: int
    b: int
    settings: list[DifferenceOut] = Field(description="what was set differently, and that alone")
    agreement: list[list[int]] = Field(
        description="4x4: row the class that run a predicts, column run b; of the components "
        "that both have judged"
    )
    items: list[DisagreementOut]
    next: str | None
