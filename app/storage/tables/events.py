"""What people said: labels, skips, undos, notes, discussions. Nothing here is ever changed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    Text,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.columns import UtcDateTime
from app.storage.tables.base import Base, BigKey


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
    # The second person, of a label that two settled in a discussion.
    settled_with: Mapped[int | None] = mapped_column(ForeignKey("labeler.id"))
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


class DiscussionTurn(Base):
    """A component put up for discussion (`raise`), or settled by two people (`settle`).

    A trigger refuses UPDATE and DELETE. The newest turn that was not withdrawn says whether a
    component is open; what was settled is the label event with the turn's uuid.
    """

    __tablename__ = "discussion_turn"
    __table_args__ = (
        CheckConstraint("kind IN ('raise', 'settle')", name="kind"),
        Index("ix_discussion_component", "component_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    uuid: Mapped[UUID] = mapped_column(Uuid, unique=True)
    component_id: Mapped[int] = mapped_column(ForeignKey("component.id"))
    labeler_id: Mapped[int] = mapped_column(ForeignKey("labeler.id"))
    kind: Mapped[str] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DiscussionWithdrawal(Base):
    """A component taken off the list by whoever put it up: that turn does not count any more.

    A trigger refuses UPDATE and DELETE.
    """

    __tablename__ = "discussion_withdrawal"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    uuid: Mapped[UUID] = mapped_column(Uuid, unique=True)
    turn_id: Mapped[int] = mapped_column(BigKey, ForeignKey("discussion_turn.id"), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
