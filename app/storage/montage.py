"""What the montage shows: unanswered components that look like one class, the surest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, insert, literal_column, select
from sqlalchemy.orm import Session, aliased

from app.domain.labels import Label
from app.storage.candidates import Candidate, in_open_round, skipped_by
from app.storage.rows import AnyRow, AnySelect
from app.storage.tables import (
    ComponentState,
    LabelEventRow,
    Lease,
    MontageSetting,
    Prediction,
    SelectionItem,
)

STRATEGY = "montage"
"""What leases are marked with that a page of the montage holds."""


@dataclass(frozen=True)
class Sure:
    """Components believed to be one class with at least so much confidence.

    by_run: whether a run says so; else process-likeness, which speaks of processes alone.
    """

    label: int
    at_least: float
    by_run: bool
    recording_id: int | None = None
    selection_id: int | None = None


def _is_sure(asked: Sure) -> list[ColumnElement[bool]]:
    # Written out, not bound: SQLite uses a partial index only where it can see the constant.
    found: list[ColumnElement[bool]] = [ComponentState.people == literal_column("0")]
    if asked.by_run:
        found += [
            ComponentState.predicted == asked.label,
            ComponentState.confidence >= asked.at_least,
        ]
    elif asked.label == Label.PROCESS:
        found.append(ComponentState.cue_process >= asked.at_least)
    else:
        found.append(literal_column("1") == literal_column("0"))
    if asked.recording_id is not None:
        found.append(ComponentState.recording_id == asked.recording_id)
    if asked.selection_id is not None:
        chosen = select(SelectionItem.component_id).where(
            SelectionItem.selection_id == asked.selection_id
        )
        found.append(ComponentState.component_id.in_(chosen))
    return found


def surest(session: Session, asked: Sure, labeler_id: int, count: int) -> list[Candidate]:
    """The surest free ones, best first. The caller holds the queue.

    Nothing of an open round: it is to be looked at blind.
    """
    key = ComponentState.component_id
    value = ComponentState.confidence if asked.by_run else ComponentState.cue_process
    statement: AnySelect = (
        select(key, value.label("value"))
        .where(
            *_is_sure(asked),
            ~exists().where(Lease.component_id == key),
            ~skipped_by(key),
            ~in_open_round(key),
        )
        .order_by(value.desc(), key.desc())
        .limit(count)
    )
    rows = session.execute(statement, {"labeler_id": labeler_id})
    return [Candidate(row.component_id, row.value) for row in rows]


def count_above(session: Session, asked: Sure) -> int:
    """How many there are, whoever holds them."""
    statement = select(func.count()).select_from(ComponentState).where(*_is_sure(asked))
    return session.execute(statement).scalar_one()


def give_back(session: Session, labeler_id: int, holding: Sequence[int]) -> None:
    """End this labeler's leases for montages, but for what their page holds."""
    session.execute(
        delete(Lease).where(
            Lease.labeler_id == labeler_id,
            Lease.strategy == STRATEGY,
            Lease.component_id.not_in(holding),
        )
    )


def from_montage(component_id: Any) -> ColumnElement[bool]:
    """Whether somebody labeled this component in a montage, knowing the class it was guessed."""
    # An alias: the statement around it may read the log as well.
    event = aliased(LabelEventRow)
    return exists().where(event.component_id == component_id, event.montage.is_not(None))


def judged_by_run(session: Session, run_id: int) -> Sequence[AnyRow]:
    """Out of fold, what a run said of components labeled blind: p1 to p4, and the label."""
    statement: AnySelect = select(
        Prediction.p1,
        Prediction.p2,
        Prediction.p3,
        Prediction.p4,
        Prediction.trained_label.label("label"),
    ).where(
        Prediction.run_id == run_id,
        Prediction.out_of_fold,
        Prediction.trained_label.is_not(None),
        ~from_montage(Prediction.component_id),
    )
    return session.execute(statement).all()


def judged_by_cue(session: Session) -> Sequence[AnyRow]:
    """Process-likeness (`cue`) and label of components labeled blind."""
    statement: AnySelect = select(
        ComponentState.cue_process.label("cue"), ComponentState.label
    ).where(ComponentState.label.is_not(None), ~from_montage(ComponentState.component_id))
    return session.execute(statement).all()


def setting(session: Session) -> MontageSetting | None:
    """The newest; None before the first."""
    newest = select(MontageSetting).order_by(MontageSetting.id.desc()).limit(1)
    return session.execute(newest).scalars().first()


def set_setting(
    session: Session, confidence: float, cue: float, labeler_id: int, now: datetime
) -> None:
    """From now on."""
    session.execute(
        insert(MontageSetting).values(
            confidence=confidence, cue=cue, labeler_id=labeler_id, created_at=now
        )
    )
