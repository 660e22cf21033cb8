"""What a run's model card tells that the run's own metrics do not: recordings and labelers."""

from collections.abc import Sequence

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session, aliased

from app.domain.events import EventKind
from app.storage.disagreements import likeliest
from app.storage.rows import AnyRow
from app.storage.tables import (
    Component,
    Labeler,
    LabelEventRow,
    Prediction,
    RecordingRow,
)

_CONFIDENCE = case(
    *(
        ((likeliest(Prediction) == code), column)
        for code, column in enumerate((Prediction.p1, Prediction.p2, Prediction.p3), start=1)
    ),
    else_=Prediction.p4,
)


def recordings(session: Session, run_id: int) -> Sequence[AnyRow]:
    """The recordings that hold labels which the run was tested on, in order of key."""
    statement = (
        select(
            RecordingRow.id,
            RecordingRow.name,
            RecordingRow.source_format,
            RecordingRow.frames,
            RecordingRow.frame_rate_hz,
        )
        .where(
            RecordingRow.id.in_(
                select(Component.recording_id)
                .join(Prediction, Prediction.component_id == Component.id)
                .where(Prediction.run_id == run_id, Prediction.out_of_fold)
            )
        )
        .order_by(RecordingRow.id)
    )
    return session.execute(statement).all()


def tested(session: Session, run_id: int) -> Sequence[AnyRow]:
    """Out-of-fold predictions, counted by recording, label and predicted class.

    Rows of recording_id, label, predicted, components, and the sum of their `confidence`.
    """
    columns = (Component.recording_id, Prediction.trained_label, likeliest(Prediction))
    statement = (
        select(
            columns[0],
            columns[1].label("label"),
            columns[2].label("predicted"),
            func.count().label("components"),
            func.sum(_CONFIDENCE).label("confidence"),
        )
        .join(Component, Component.id == Prediction.component_id)
        .where(Prediction.run_id == run_id, Prediction.out_of_fold)
        .group_by(*columns)
    )
    return session.execute(statement).all()


def answers(session: Session, snapshot_event_id: int) -> Sequence[AnyRow]:
    """Who the labels of a snapshot are from: rows of person, labelers, components.

    An answer that was taken back by then does not count.
    """
    undo = aliased(LabelEventRow)
    statement = (
        select(
            Labeler.person,
            func.count(LabelEventRow.labeler_id.distinct()).label("labelers"),
            func.count(LabelEventRow.component_id.distinct()).label("components"),
        )
        .join(Labeler, Labeler.id == LabelEventRow.labeler_id)
        .outerjoin(undo, and_(undo.undoes == LabelEventRow.uuid, undo.id <= snapshot_event_id))
        .where(
            LabelEventRow.kind == EventKind.LABEL.value,
            LabelEventRow.id <= snapshot_event_id,
            undo.id.is_(None),
        )
        .group_by(Labeler.person)
    )
    return session.execute(statement).all()
