"""What labelers are given to look at: leases, selections, rounds, and the montage's setting."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Float, ForeignKey, SmallInteger, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.columns import UtcDateTime
from app.storage.tables.base import Base


class Lease(Base):
    """A component promised to one labeler until a time. Its key rules out a second promise."""

    __tablename__ = "lease"

    component_id: Mapped[int] = mapped_column(ForeignKey("component.id"), primary_key=True)
    uuid: Mapped[UUID] = mapped_column(Uuid, unique=True)
    labeler_id: Mapped[int] = mapped_column(ForeignKey("labeler.id"), index=True)
    round_id: Mapped[int | None] = mapped_column(ForeignKey("round.id"))
    strategy: Mapped[str] = mapped_column(String(20))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


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
