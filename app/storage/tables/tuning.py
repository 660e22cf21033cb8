"""Tunings and their trials."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Float, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.columns import UtcDateTime
from app.storage.tables.base import Base


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
