"""The tables. Everything that must last is here, so a backup is one file."""

from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.storage.columns import FloatArray, UtcDateTime

# SQLite gives out row ids only to INTEGER PRIMARY KEY; PostgreSQL wants 64 bits for events.
BigKey = BigInteger().with_variant(Integer(), "sqlite")


class Base(DeclarativeBase):
    """One naming rule, so that migrations can name every constraint on both engines."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Labeler(Base):
    """A person, a program, or the source of imported labels (`person` false: cannot sign in)."""

    __tablename__ = "labeler"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    role: Mapped[str] = mapped_column(String(10))
    person: Mapped[bool]
    active: Mapped[bool] = mapped_column(default=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    # Signing out everywhere and changing the password raise it; older sessions then end.
    session_epoch: Mapped[int] = mapped_column(default=0)
    invite_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    invite_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ApiToken(Base):
    """A bearer token, stored as a hash: it is shown once."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    labeler_id: Mapped[int] = mapped_column(ForeignKey("labeler.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RecordingRow(Base):
    """One imported field of view."""

    __tablename__ = "recording"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(500))
    source_format: Mapped[str] = mapped_column(String(40))
    content_hash: Mapped[str] = mapped_column(String(64), unique=True)
    components: Mapped[int]
    frames: Mapped[int | None]
    frame_rate_hz: Mapped[float | None] = mapped_column(Float)
    field_height_px: Mapped[int | None]
    field_width_px: Mapped[int | None]
    neuron_radius_px: Mapped[float | None] = mapped_column(Float)
    mask_scale: Mapped[float] = mapped_column(Float)
    rejected: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    notes: Mapped[list[str]] = mapped_column(JSON)
    imported_by: Mapped[int | None] = mapped_column(ForeignKey("labeler.id"))
    imported_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SummaryImage(Base):
    """Mean, correlation, maximum or footprint image of a recording's field."""

    __tablename__ = "summary_image"

    recording_id: Mapped[int] = mapped_column(ForeignKey("recording.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    image: Mapped[NDArray[np.float32]] = mapped_column(FloatArray)


class Component(Base):
    """One mask in one recording. Never changes once imported."""

    __tablename__ = "component"
    __table_args__ = (
        UniqueConstraint("recording_id", "source_index"),
        # For the neighbours that a component's context shows.
        Index("ix_component_place", "recording_id", "centroid_y_px", "centroid_x_px"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recording.id"))
    source_index: Mapped[int]
    centroid_y_px: Mapped[float] = mapped_column(Float)
    centroid_x_px: Mapped[float] = mapped_column(Float)
    content_hash: Mapped[str] = mapped_column(String(32))


class ComponentArrays(Base):
    """Mask and trace, apart from `component` so that walking components stays cheap."""

    __tablename__ = "component_arrays"

    component_id: Mapped[int] = mapped_column(ForeignKey("component.id"), primary_key=True)
    mask: Mapped[NDArray[np.float32]] = mapped_column(FloatArray)
    trace: Mapped[NDArray[np.float32] | None] = mapped_column(FloatArray)


class ComponentMeasures(Base):
    """What the classifier measured of a component; it takes longer to measure than to train.

    version: of the measures; the worker makes those of another version again.
    """

    __tablename__ = "component_measures"

    component_id: Mapped[int] = mapped_column(ForeignKey("component.id"), primary_key=True)
    version: Mapped[int] = mapped_column(SmallInteger)
    measures: Mapped[NDArray[np.float32]] = mapped_column(FloatArray)


class ComponentState(Base):
    """What the queue and the lists sort by, kept beside the events that it follows from.

    A cache: `storage/states.py` rebuilds it from `label_event` and `prediction`, and a test
    holds it to that. It exists because the next component must be found by index in a million.
    """

    __tablename__ = "component_state"

    component_id: Mapped[int] = mapped_column(ForeignKey("component.id"), primary_key=True)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recording.id"))
    label: Mapped[int | None] = mapped_column(SmallInteger)
    people: Mapped[int] = mapped_column(SmallInteger, default=0)
    disagreement: Mapped[bool] = mapped_column(default=False)
    last_event_id: Mapped[int | None] = mapped_column(BigInteger)
    run_id: Mapped[int | None]
    predicted: Mapped[int | None] = mapped_column(SmallInteger)
    # The run's own chance of `predicted`: what the montage goes by. Refits leave it alone, since
    # it is the run's calibration that says how often it is right.
    confidence: Mapped[float | None] = mapped_column(Float)
    # What the run said, for the lists; the four below it order the queue and follow its refits.
    entropy: Mapped[float | None] = mapped_column(Float)
    queue_entropy: Mapped[float | None] = mapped_column(Float)
    margin: Mapped[float | None] = mapped_column(Float)
    mutual_information: Mapped[float | None] = mapped_column(Float)
    dcal: Mapped[float | None] = mapped_column(Float)
    dal: Mapped[float | None] = mapped_column(Float)
    diverse: Mapped[float | None] = mapped_column(Float)
    # Of the label that the run was told; an answer given since makes it void (None).
    # `storage/states.py` says when it holds.
    quality: Mapped[float | None] = mapped_column(Float)
    cue_process: Mapped[float] = mapped_column(Float)
    cue_donut: Mapped[float] = mapped_column(Float)
    cue_snr: Mapped[float | None] = mapped_column(Float)
    shuffle: Mapped[float] = mapped_column(Float)

    __table_args__ = (
        *(
            index
            for column in (
                "component_id",
                "queue_entropy",
                "margin",
                "mutual_information",
                "dcal",
                "dal",
                "diverse",
                "cue_process",
                "shuffle",
            )
            for index in (
                # `people` leads although it is always 0 here: without it SQLite's planner, which
                # cannot weigh a partial index, prefers to walk the table or another index.
                Index(
                    f"ix_state_unanswered_{column}",
                    "people",
                    column,
                    *(() if column == "component_id" else ("component_id",)),
                    sqlite_where=text("people = 0"),
                    postgresql_where=text("people = 0"),
                ),
                Index(
                    f"ix_state_recording_unanswered_{column}",
                    "recording_id",
                    "people",
                    column,
                    *(() if column == "component_id" else ("component_id",)),
                    sqlite_where=text("people = 0"),
                    postgresql_where=text("people = 0"),
                ),
            )
        ),
        # For the montage.
        *(
            Index(
                f"ix_state_{of}sure",
                *keys,
                "people",
                "predicted",
                "confidence",
                "component_id",
                sqlite_where=text("people = 0"),
                postgresql_where=text("people = 0"),
            )
            for of, keys in (("", ()), ("recording_", ("recording_id",)))
        ),
        # For second opinions.
        *(
            Index(
                f"ix_state_{of}answered_once_shuffle",
                *keys,
                "people",
                "shuffle",
                "component_id",
                sqlite_where=text("people = 1"),
                postgresql_where=text("people = 1"),
            )
            for of, keys in (("", ()), ("recording_", ("recording_id",)))
        ),
        *(
            Index(f"ix_state_{column}", column, "component_id")
            for column in ("entropy", "quality", "cue_process")
        ),
        *(
            Index(f"ix_state_recording_{column}", "recording_id", column, "component_id")
            for column in ("entropy", "quality", "cue_process")
        ),
        Index("ix_state_recording_component_id", "recording_id", "component_id"),
        # The dashboard's counts, read from the index alone.
        Index("ix_state_counts", "recording_id", "label", "people"),
    )


class LabelEventRow(Base):
    """The append-only log. A trigger refuses UPDATE and DELETE."""

    __tablename__ = "label_event"
    __table_args__ = (
        CheckConstraint("(kind = 'label') = (label IS NOT NULL)", name="label_iff_label"),
        CheckConstraint("label BETWEEN 1 AND 4", name="label_code"),
        CheckConstraint("(kind = 'undo') = (undoes IS NOT NULL)", name="undoes_iff_undo"),
        Index(
            "ix_event_montage",
            "component_id",
            sqlite_where=text("montage IS NOT NULL"),
            postgresql_where=text("montage IS NOT NULL"),
        ),
        Index("ix_event_component", "component_id", "labeler_id", "id"),
        # For undo, which walks back through one's own.
        Index("ix_event_labeler", "labeler_id", "id"),
        Index(
            "ix_event_round",
            "round_id",
            "component_id",
            sqlite_where=text("round_id IS NOT NULL"),
            postgresql_where=text("round_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    uuid: Mapped[UUID] = mapped_column(Uuid, unique=True)
    component_id: Mapped[int] = mapped_column(ForeignKey("component.id"))
    labeler_id: Mapped[int] = mapped_column(ForeignKey("labeler.id"))
    kind: Mapped[str] = mapped_column(String(10))
    label: Mapped[int | None] = mapped_column(SmallInteger)
    # Unique: an event is taken back at most once, whoever races.
    undoes: Mapped[UUID | None] = mapped_column(Uuid, unique=True)
    round_id: Mapped[int | None] = mapped_column(ForeignKey("round.id"))
    seconds: Mapped[float | None] = mapped_column(Float)
    # How many components the montage's page held; None for a blind answer at the desk.
    montage: Mapped[int | None] = mapped_column(SmallInteger)
    late: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Note(Base):
    """What somebody wrote about a component. A trigger refuses UPDATE and DELETE.

    A labeler's newest note on a component stands in place of their earlier ones; an empty one
    takes them back.
    """

    __tablename__ = "note"
    __table_args__ = (Index("ix_note_component", "component_id", "labeler_id", "id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    uuid: Mapped[UUID] = mapped_column(Uuid, unique=True)
    component_id: Mapped[int] = mapped_column(ForeignKey("component.id"))
    labeler_id: Mapped[int] = mapped_column(ForeignKey("labeler.id"))
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Lease(Base):
    """A component promised to one labeler until a time. Its key rules out a second promise."""

    __tablename__ = "lease"

    component_id: Mapped[int] = mapped_column(ForeignKey("component.id"), primary_key=True)
    uuid: Mapped[UUID] = mapped_column(Uuid, unique=True)
    labeler_id: Mapped[int] = mapped_column(ForeignKey("labeler.id"), index=True)
    round_id: Mapped[int | None] = mapped_column(ForeignKey("round.id"))
    strategy: Mapped[str] = mapped_column(String(20))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Job(Base):
    """Work for the worker. The row, not the queue, holds state, heartbeat and wish to cancel."""

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_state", "state", "kind", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(10))
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    request_bytes: Mapped[bytes | None] = mapped_column(LargeBinary)
    progress: Mapped[dict[str, Any]] = mapped_column(JSON)
    result_bytes: Mapped[bytes | None] = mapped_column(LargeBinary)
    attempts: Mapped[int] = mapped_column(default=0)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    heartbeat_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("labeler.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class TrainingRun(Base):
    """What a training job was told and what it found: all that is needed to repeat it."""

    __tablename__ = "training_run"

    id: Mapped[int] = mapped_column(ForeignKey("job.id"), primary_key=True, autoincrement=False)
    config: Mapped[dict[str, Any]] = mapped_column(JSON)
    # The run whose models and folds it goes on from.
    start_from: Mapped[int | None]
    # All events up to this one. None until the worker has taken the snapshot.
    snapshot_event_id: Mapped[int | None] = mapped_column(BigInteger)
    labels: Mapped[int | None]
    environment: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    metrics: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    weights: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)


class Promotion(Base):
    """An admin's choice of the run that serves predictions; the newest row holds.

    run_id None: always the newest run. Append-only: a trigger refuses UPDATE and DELETE.
    """

    __tablename__ = "promotion"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("training_run.id"))
    labeler_id: Mapped[int | None] = mapped_column(ForeignKey("labeler.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MontageSetting(Base):
    """From where components are sure enough for the montage; the newest row holds.

    confidence: of a run, 0 to 1. cue: process-likeness, 0 to 1, before there is a run.
    """

    __tablename__ = "montage_setting"

    id: Mapped[int] = mapped_column(primary_key=True)
    confidence: Mapped[float] = mapped_column(Float)
    cue: Mapped[float] = mapped_column(Float)
    labeler_id: Mapped[int] = mapped_column(ForeignKey("labeler.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TuningStudy(Base):
    """What a tuning was told: all that is needed to go on with it, or to repeat it."""

    __tablename__ = "tuning_study"

    id: Mapped[int] = mapped_column(ForeignKey("job.id"), primary_key=True, autoincrement=False)
    # Settings of every trial; what is named here is not tuned.
    config: Mapped[dict[str, Any]] = mapped_column(JSON)
    # None until a worker has said what there is to choose from.
    space: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    objective: Mapped[str] = mapped_column(String(30))
    seed: Mapped[int]
    snapshot_event_id: Mapped[int] = mapped_column(BigInteger)
    budget_minutes: Mapped[float] = mapped_column(Float)
    # A clock that moves only while somebody works: see `storage/tuning.py: tick`.
    spent_seconds: Mapped[float] = mapped_column(Float, default=0.0)
    ticked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    importances: Mapped[dict[str, float] | None] = mapped_column(JSON)


class TuningTrial(Base):
    """One configuration tried, by one worker's one attempt at one job."""

    __tablename__ = "tuning_trial"
    __table_args__ = (
        # Two workers who ask at once cannot both have the next number.
        UniqueConstraint("study_id", "number"),
        Index("ix_tuning_trial_job", "job_id", "attempt"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("tuning_study.id"))
    number: Mapped[int]
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"))
    attempt: Mapped[int]
    worker: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(10))
    params: Mapped[dict[str, Any]] = mapped_column(JSON)
    # Step to value, what pruning went by.
    intermediate: Mapped[dict[str, float]] = mapped_column(JSON)
    value: Mapped[float | None] = mapped_column(Float)
    macro_f1: Mapped[float | None] = mapped_column(Float)
    seconds: Mapped[float] = mapped_column(Float, default=0.0)
    # Why it did not complete.
    reason: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Prediction(Base):
    """One run's opinion of one component; probabilities are calibrated and sum to 1."""

    __tablename__ = "prediction"
    __table_args__ = (Index("ix_prediction_component", "component_id", "run_id"),)

    run_id: Mapped[int] = mapped_column(ForeignKey("training_run.id"), primary_key=True)
    component_id: Mapped[int] = mapped_column(ForeignKey("component.id"), primary_key=True)
    p1: Mapped[float] = mapped_column(Float)
    p2: Mapped[float] = mapped_column(Float)
    p3: Mapped[float] = mapped_column(Float)
    p4: Mapped[float] = mapped_column(Float)
    entropy: Mapped[float] = mapped_column(Float)
    quality: Mapped[float | None] = mapped_column(Float)
    trained_label: Mapped[int | None] = mapped_column(SmallInteger)
    out_of_fold: Mapped[bool]
    # The fold that tested it, so that a run that goes on from this one keeps it there.
    fold: Mapped[int | None] = mapped_column(SmallInteger)
    # How much of the entropy is disagreement between the folds: unknown, not ambiguous. Nats.
    mutual_information: Mapped[float | None] = mapped_column(Float)
    # Of the trained label, given the prediction and how labelers err. 0 to 1.
    chance_wrong: Mapped[float | None] = mapped_column(Float)
    # ActSort's score when the prediction was made: undecided, or unlike what people labeled.
    dcal: Mapped[float | None] = mapped_column(Float)
    # The unlike half of that score alone. 0 to 1.
    dal: Mapped[float | None] = mapped_column(Float)
    # From 1 down, for the few that were drawn: undecided, and unlike each other and the labeled.
    diverse: Mapped[float | None] = mapped_column(Float)


class EmbeddingSpace(Base):
    """What a run's networks see of components, laid out in a plane; shown once it is finished.

    basis: (1 + numbers, width) the middle, then the directions that what they see is reduced to.
    laid_out: components that were laid out together; the others were placed beside them later.
    components: all that are in it.
    """

    __tablename__ = "embedding_space"
    # A key is used once only: what a process keeps of a space is kept under it.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's way

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("training_run.id"))
    basis: Mapped[NDArray[np.float32]] = mapped_column(FloatArray)
    laid_out: Mapped[int]
    components: Mapped[int]
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Embedding(Base):
    """A component in a space: float16 numbers, and its place in the plane."""

    __tablename__ = "embedding"

    space_id: Mapped[int] = mapped_column(ForeignKey("embedding_space.id"), primary_key=True)
    component_id: Mapped[int] = mapped_column(ForeignKey("component.id"), primary_key=True)
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    x: Mapped[float] = mapped_column(Float)
    y: Mapped[float] = mapped_column(Float)


class Selection(Base):
    """Components that somebody chose together, for a montage or a round; kept for some days."""

    __tablename__ = "selection"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's way

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(String(200))
    labeler_id: Mapped[int] = mapped_column(ForeignKey("labeler.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SelectionItem(Base):
    """A component of a selection, in the chosen order."""

    __tablename__ = "selection_item"

    selection_id: Mapped[int] = mapped_column(ForeignKey("selection.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    component_id: Mapped[int] = mapped_column(ForeignKey("component.id"))


class Round(Base):
    """A relabeling round: the most confusing labeled components of one run."""

    __tablename__ = "round"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    order: Mapped[str] = mapped_column("order_by", String(10))
    run_id: Mapped[int] = mapped_column(ForeignKey("training_run.id"))
    size: Mapped[int]
    created_by: Mapped[int] = mapped_column(ForeignKey("labeler.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RoundItem(Base):
    """A component of a round, with the label it had when the round was opened."""

    __tablename__ = "round_item"

    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    component_id: Mapped[int] = mapped_column(ForeignKey("component.id"))
    label_before: Mapped[int] = mapped_column(SmallInteger)

    __table_args__ = (UniqueConstraint("round_id", "component_id"),)


class WorkerBeat(Base):
    """When each worker was last seen."""

    __tablename__ = "worker_beat"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
