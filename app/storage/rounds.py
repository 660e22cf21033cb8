"""Relabeling rounds: their components and what came of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, insert, select, update
from sqlalchemy.orm import Session

from app.domain.events import EventKind
from app.storage.candidates import answered_in_round, is_example
from app.storage.montage import from_montage
from app.storage.rows import AnyRow
from app.storage.tables import (
    ComponentState,
    Labeler,
    LabelEventRow,
    Prediction,
    Round,
    RoundItem,
    SelectionItem,
)

_SHOWN = select(
    Round.id,
    Round.title,
    Round.order,
    Round.run_id,
    Round.size,
    Round.created_at,
    Round.closed_at,
    Labeler.name.label("created_by"),
).join(Labeler, Labeler.id == Round.created_by)


# The chance is of the label that quality is of, and holds where that does; it is read from the
# predictions, since only here somebody sorts by it.
_ORDERS = {
    "wrong": Prediction.chance_wrong,
    "quality": ComponentState.quality,
    "entropy": ComponentState.entropy,
}


def most_confusing(
    session: Session, run_id: int, order: str, recording_id: int | None, limit: int
) -> list[tuple[int, int]]:
    """Labeled components that this run is most confused by: (component, label), worst first.

    Only those that it has looked at with their present label, and no example: its label is known.
    """
    column = _ORDERS[order]
    statement = (
        select(ComponentState.component_id, ComponentState.label)
        .join(
            Prediction,
            (Prediction.run_id == ComponentState.run_id)
            & (Prediction.component_id == ComponentState.component_id),
        )
        .where(
            column.is_not(None),
            ComponentState.quality.is_not(None),
            ComponentState.label.is_not(None),
            ComponentState.run_id == run_id,
            ~is_example(ComponentState.component_id),
        )
        .order_by(column.desc(), ComponentState.component_id.desc())
        .limit(limit)
    )
    if recording_id is not None:
        statement = statement.where(ComponentState.recording_id == recording_id)
    return [(row.component_id, row.label) for row in session.execute(statement)]


def of_selection(
    session: Session, run_id: int, order: str, selection_id: int, limit: int
) -> list[tuple[int, int]]:
    """The labeled components of a selection: (component, label), what confuses this run first.

    What it has not judged, or not with its present label, comes last.
    """
    column = _ORDERS[order]
    statement = (
        select(ComponentState.component_id, ComponentState.label)
        .join(SelectionItem, SelectionItem.component_id == ComponentState.component_id)
        .outerjoin(
            Prediction,
            (Prediction.run_id == run_id)
            & (Prediction.component_id == ComponentState.component_id),
        )
        .where(
            SelectionItem.selection_id == selection_id,
            ComponentState.label.is_not(None),
            ~is_example(ComponentState.component_id),
        )
        .order_by(column.desc().nulls_last(), ComponentState.component_id.desc())
        .limit(limit)
    )
    return [(row.component_id, row.label) for row in session.execute(statement)]


def add(session: Session, values: dict[str, Any], items: Sequence[tuple[int, int]]) -> int:
    """Open a round over these (component, label before), in their order."""
    round_id = session.execute(
        insert(Round).values(size=len(items), **values).returning(Round.id)
    ).scalar_one()
    session.execute(
        insert(RoundItem),
        [
            {
                "round_id": round_id,
                "position": position,
                "component_id": component_id,
                "label_before": label,
            }
            for position, (component_id, label) in enumerate(items)
        ],
    )
    return round_id


def one(session: Session, round_id: int) -> AnyRow | None:
    """A round, or None."""
    return session.execute(_SHOWN.where(Round.id == round_id)).first()


def page(session: Session, before_id: int | None, limit: int) -> Sequence[AnyRow]:
    """Rounds, newest first."""
    statement = _SHOWN.order_by(Round.id.desc()).limit(limit)
    if before_id is not None:
        statement = statement.where(Round.id < before_id)
    return session.execute(statement).all()


def close(session: Session, round_id: int, now: datetime) -> None:
    """Stop handing out this round's components."""
    session.execute(
        update(Round).where(Round.id == round_id, Round.closed_at.is_(None)).values(closed_at=now)
    )


def labels_before(session: Session, round_id: int, component_ids: Sequence[int]) -> dict[int, int]:
    """The labels that these components had when the round was opened; others are left out."""
    statement = select(RoundItem.component_id, RoundItem.label_before).where(
        RoundItem.round_id == round_id, RoundItem.component_id.in_(component_ids)
    )
    return {row.component_id: row.label_before for row in session.execute(statement)}


def done(session: Session, round_id: int) -> Sequence[AnyRow]:
    """The round's standing answers, in order of event.

    Component, label before, label given, the run's probabilities, and whether it was ever labeled
    in a montage. A component answered twice (blind, then kept) is there twice.
    """
    undo = LabelEventRow.__table__.alias("undo_of_answer")
    statement = (
        select(
            RoundItem.component_id,
            RoundItem.label_before,
            LabelEventRow.label.label("label_given"),
            Prediction.p1,
            Prediction.p2,
            Prediction.p3,
            Prediction.p4,
            from_montage(RoundItem.component_id).label("from_montage"),
        )
        .join(Round, Round.id == RoundItem.round_id)
        .join(
            LabelEventRow,
            (LabelEventRow.round_id == RoundItem.round_id)
            & (LabelEventRow.component_id == RoundItem.component_id),
        )
        .outerjoin(
            Prediction,
            (Prediction.component_id == RoundItem.component_id)
            & (Prediction.run_id == Round.run_id),
        )
        .where(
            RoundItem.round_id == round_id,
            LabelEventRow.kind == EventKind.LABEL.value,
            ~exists().where(undo.c.undoes == LabelEventRow.uuid),
        )
        .order_by(LabelEventRow.id)
    )
    return session.execute(statement).all()


def in_open_rounds(session: Session) -> list[int]:
    """The components of all rounds that are not closed."""
    statement = select(RoundItem.component_id).join(Round, Round.id == RoundItem.round_id)
    return list(session.execute(statement.where(Round.closed_at.is_(None))).scalars())


def remaining(session: Session, round_id: int) -> int:
    """How many of the round's components have no answer in it yet."""
    statement = (
        select(func.count())
        .select_from(RoundItem)
        .where(
            RoundItem.round_id == round_id,
            ~answered_in_round(RoundItem.round_id, RoundItem.component_id),
        )
    )
    return session.execute(statement).scalar_one()
