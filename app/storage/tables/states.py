"""The cache that the queue and the lists are sorted by."""

from typing import Any

from sqlalchemy import BigInteger, Float, ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.tables.base import Base


def _indexes(name: str, *columns: str, people: int | None = None) -> tuple[Index, Index]:
    """An index over all recordings and one within each. people: of components with so many."""
    partial: dict[str, Any] = {}
    if people is None:
        keys = columns
    else:
        where = text(f"people = {people}")
        partial = {"sqlite_where": where, "postgresql_where": where}
        # It leads although it is always the same: without it SQLite's planner, which cannot weigh
        # a partial index, prefers to walk the table or another index.
        keys = ("people", *columns)
    return (
        Index(f"ix_state_{name}", *keys, **partial),
        Index(f"ix_state_recording_{name}", "recording_id", *keys, **partial),
    )


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
    # What the run said, for the lists; the five below it order the queue and follow its refits.
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
                "queue_entropy",
                "margin",
                "mutual_information",
                "dcal",
                "dal",
                "diverse",
                "cue_process",
                "shuffle",
            )
            for index in _indexes(f"unanswered_{column}", column, "component_id", people=0)
        ),
        *_indexes("unanswered_component_id", "component_id", people=0),
        # For the montage.
        *_indexes("sure", "predicted", "confidence", "component_id", people=0),
        # For second opinions.
        *_indexes("answered_once_shuffle", "shuffle", "component_id", people=1),
        *_indexes("entropy", "entropy", "component_id"),
        *_indexes("quality", "quality", "component_id"),
        *_indexes("cue_process", "cue_process", "component_id"),
        Index("ix_state_recording_component_id", "recording_id", "component_id"),
        # The dashboard's counts, read from the index alone.
        Index("ix_state_counts", "recording_id", "label", "people"),
    )
