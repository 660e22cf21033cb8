"""Training runs, which of them serves, and what they predict."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Float, ForeignKey, Index, LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.columns import UtcDateTime
from app.storage.tables.base import Base


class TrainingRun(Base):
    """What a training job was told and what it found: all that is needed to repeat it."""

    __tablename__ = "training_run"

    id: Mapped[int] = mapped_column(ForeignKey("job.id"), primary_key=True, autoincrement=False)
    config: Mapped[dict[str, Any]] = mapped_column(JSON)
    # The run whose models and folds it goes on from.
    start_from: Mapped[int | None]
    # The run whose labels, config and beginning it has. It serves only if promoted.
    repeats: Mapped[int | None]
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
