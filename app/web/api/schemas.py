"""What goes over the wire: the JSON of DESIGN section 6, one class a thing."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.actions.tuning import DEFAULT_MINUTES
from app.domain.serving import STRATEGIES


def _only_a_number(value: object) -> object:
    # JSON tells numbers from text and truth values; pydantic by itself would convert them.
    if isinstance(value, str | bool):
        raise ValueError("a number is wanted, without quotes")  # noqa: TRY004 - pydantic's way
    return value


Number = BeforeValidator(_only_a_number)
# SQLite and PostgreSQL integers are signed; a larger key is a client's mistake, not a 500.
Key = Annotated[int, Field(ge=1, le=2**31 - 1), Number]
CURSOR = r"^(-?[0-9]{1,9}(\.[0-9]{1,20})?(e-[0-9]{1,2})?)?~[01]?[0-9]{1,9}$"
ID_CURSOR = "^~[01]?[0-9]{1,9}$"
Cursor = Annotated[str | None, Query(pattern=ID_CURSOR, description="`next` of the page before")]
SortedCursor = Annotated[str | None, Query(pattern=CURSOR, description="`next` of the page before")]
# PostgreSQL's text holds everything but NUL.
NO_NUL = r"^[^\x00]*$"
Text = Annotated[str, Field(pattern=NO_NUL)]
# What a training setting may be: no NaN, no nested surprises, nothing JSON cannot carry back.
Whole = Annotated[int, Field(strict=True, ge=-(2**53), le=2**53)]
ConfigValue = (
    Annotated[bool, Field(strict=True)]
    | Whole
    | Annotated[float, Field(strict=True, allow_inf_nan=False)]
    | Annotated[str, Field(max_length=100, pattern=NO_NUL)]
    | Annotated[list[Whole], Field(max_length=20)]
    | Annotated[list[Annotated[str, Field(max_length=20, pattern=NO_NUL)]], Field(max_length=20)]
    | None
)
LabelCode = Annotated[
    int,
    Field(ge=1, le=4, description="1 neuron, 2 process, 3 noise, 4 doubtful neuron"),
    Number,
]
Strategy = Literal[
    "unlabeled",
    "entropy",
    "margin",
    "mutual_information",
    "dcal",
    "dal",
    "diverse",
    "quality",
    "random",
    "overlap",
    "process",
]
JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]


class Body(BaseModel):
    """A request body: what it does not know, it refuses."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """An error as RFC 9457 has it; `detail` says what to do."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[dict[str, Any]] | None = None


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
        "that are not in it are handed out again first, so a reloaded page gets its work back.",
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


class LabelIn(Body):
    id: UUID = Field(description="made by the client; posting the same id again is harmless")
    component: Key
    label: LabelCode
    lease: UUID | None = None
    round: Key | None = None
    seconds: Annotated[float, Field(ge=0, le=86400), Number] | None = None


class LabelsIn(Body):
    labels: list[LabelIn] = Field(min_length=1, max_length=1000)


class Reveal(BaseModel):
    """What a relabeling round shows once the blind answer is given."""

    label_before: LabelCode | None
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
    late: bool
    created_at: datetime


class LabelsOut(BaseModel):
    """Current labels, or with `history` the events."""

    items: list[CurrentLabelOut] | list[LabelEventOut]
    next: None


class TrainingIn(Body):
    config: dict[Annotated[str, Field(max_length=50)], ConfigValue] | None = Field(
        default=None, max_length=50, description="fields of the classifier's TrainingConfig"
    )
    start_from: Key | None = Field(
        default=None, description="the run whose models to go on from, with its config"
    )


class ExportIn(Body):
    format: Literal["onnx", "fiji"] = Field(
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
    entropy: float


class PredictAnswer(BaseModel):
    run: int
    items: list[MaskPrediction]


class RoundIn(Body):
    order: Literal["wrong", "quality", "entropy"] = "quality"
    size: Annotated[int, Field(ge=1, le=10_000), Number] = 200
    title: Text | None = Field(default=None, min_length=1, max_length=200)
    recording: Key | None = None


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


class JobOut(BaseModel):
    """Background work that is not a training run (loading the demo, scoring a recording)."""

    id: int
    kind: str
    state: JobState
    progress: dict[str, Any]
    error: str | None


class Health(BaseModel):
    status: Literal["ok"]
    database: Literal["sqlite", "postgresql"]
    worker: Literal["alive", "absent"]
    version: str
