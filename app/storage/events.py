"""Appending to the label event log, and reading it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, bindparam, distinct, exists, func, insert, select
from sqlalchemy.orm import Session, aliased

from app.domain.events import EventKind, LabelEvent
from app.storage.rows import AnyRow, AnySelect
from app.storage.tables import Labeler, LabelEventRow

_LOG = cast(Table, LabelEventRow.__table__)
_LABELERS = cast(Table, Labeler.__table__)
_SECOND = aliased(Labeler)
_EVENT = select(
    _LOG.c.id,
    _LOG.c.uuid,
    _LOG.c.component_id,
    _LOG.c.labeler_id,
    _LABELERS.c.person,
    _LOG.c.kind,
    _LOG.c.label,
    _LOG.c.undoes,
    _LOG.c.created_at,
    _LOG.c.settled_with,
).join(_LABELERS, _LABELERS.c.id == _LOG.c.labeler_id)
# One set of columns for every kind of event, so that one compiled statement serves them all.
_EMPTY: dict[str, Any] = {
    "label": None,
    "undoes": None,
    "round_id": None,
    "seconds": None,
    "montage": None,
    "settled_with": None,
    "late": False,
    "reason": None,
}

# Built once: these run at every key that a labeler presses, and building costs more than running.
_APPEND = insert(_LOG)
_BY_UUID = _EVENT.where(_LOG.c.uuid.in_(bindparam("uuids", expanding=True)))
_OF_COMPONENTS = _EVENT.where(
    _LOG.c.component_id.in_(bindparam("component_ids", expanding=True))
).order_by(_LOG.c.id)


def append(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Append these events in this order. The caller holds the event log (`lock_event_log`)."""
    if rows:
        session.connection().execute(_APPEND, [{**_EMPTY, **row} for row in rows])


def with_uuids(session: Session, uuids: Sequence[UUID]) -> dict[UUID, LabelEvent]:
    """The events that already have one of these uuids."""
    rows = session.connection().execute(_BY_UUID, {"uuids": list(uuids)})
    return {row.uuid: _event(row) for row in rows}


def already_undone(session: Session, uuid: UUID) -> bool:
    """Whether some event takes this one back."""
    found = session.execute(select(LabelEventRow.id).where(LabelEventRow.undoes == uuid))
    return found.first() is not None


def of_components(session: Session, component_ids: Sequence[int]) -> dict[int, list[LabelEvent]]:
    """Every event of each component, in order."""
    events: dict[int, list[LabelEvent]] = {key: [] for key in component_ids}
    given = {"component_ids": list(component_ids)}
    for row in session.connection().execute(_OF_COMPONENTS, given):
        events[row.component_id].append(_event(row))
    return events


def up_to(session: Session, last_event_id: int, batch: int = 10_000) -> Iterator[LabelEvent]:
    """Every label and undo event up to an id, grouped by component, streamed."""
    statement: AnySelect = _EVENT.where(
        LabelEventRow.id <= last_event_id, LabelEventRow.kind != EventKind.SKIP.value
    ).order_by(LabelEventRow.component_id, LabelEventRow.id)
    for row in session.execute(statement.execution_options(yield_per=batch)):
        yield _event(row)


def last_id(session: Session) -> int:
    """The newest event's id; 0 in an empty log."""
    newest = session.execute(
        select(LabelEventRow.id).order_by(LabelEventRow.id.desc()).limit(1)
    ).scalar()
    return newest or 0


def since(session: Session, event_id: int) -> tuple[int, datetime | None]:
    """How many components people have changed after an event, and when the newest was."""
    row = session.execute(
        select(func.count(distinct(LabelEventRow.component_id)), func.max(LabelEventRow.created_at))
        .join(Labeler, Labeler.id == LabelEventRow.labeler_id)
        .where(
            LabelEventRow.id > event_id,
            LabelEventRow.kind != EventKind.SKIP.value,
            Labeler.person,
        )
    ).one()
    return row[0], row[1]


def has_answered(session: Session, labeler_id: int, component_id: int) -> bool:
    """Whether this labeler ever labeled this component (undone or not: they have looked)."""
    statement = select(LabelEventRow.id).where(
        LabelEventRow.component_id == component_id,
        LabelEventRow.labeler_id == labeler_id,
        LabelEventRow.kind == EventKind.LABEL.value,
    )
    return session.execute(statement.limit(1)).first() is not None


def answered_among(session: Session, labeler_id: int, component_ids: Sequence[int]) -> set[int]:
    """Those of the components that this labeler ever labeled."""
    statement = select(LabelEventRow.component_id).where(
        LabelEventRow.component_id.in_(component_ids),
        LabelEventRow.labeler_id == labeler_id,
        LabelEventRow.kind == EventKind.LABEL.value,
    )
    return set(session.execute(statement).scalars())


def answered_by(session: Session, labeler_id: int) -> list[int]:
    """Every component that this labeler ever labeled, once or more often."""
    statement = select(LabelEventRow.component_id).where(
        LabelEventRow.labeler_id == labeler_id,
        LabelEventRow.kind == EventKind.LABEL.value,
    )
    return list(session.execute(statement).scalars())


def standing_of(
    session: Session, labeler_id: int, round_id: int | None, before_id: int | None, limit: int
) -> Sequence[AnyRow]:
    """This labeler's answers and skips that are not taken back, newest first; what was settled
    with somebody is not among them.

    round_id: of this round; None: those given outside rounds.
    """
    undo = _LOG.alias("undo_of_own")
    statement = (
        select(
            LabelEventRow.id,
            LabelEventRow.uuid,
            LabelEventRow.component_id,
            LabelEventRow.kind,
            LabelEventRow.round_id,
            LabelEventRow.created_at,
        )
        .where(
            LabelEventRow.labeler_id == labeler_id,
            LabelEventRow.kind != EventKind.UNDO.value,
            LabelEventRow.settled_with.is_(None),
            LabelEventRow.round_id.is_not_distinct_from(round_id),
            ~exists().where(undo.c.undoes == LabelEventRow.uuid),
        )
        .order_by(LabelEventRow.id.desc())
        .limit(limit)
    )
    if before_id is not None:
        statement = statement.where(LabelEventRow.id < before_id)
    return session.execute(statement).all()


def history(session: Session, component_id: int) -> Sequence[AnyRow]:
    """A component's events with who, for people to read, oldest first."""
    statement = (
        select(
            LabelEventRow.id,
            LabelEventRow.uuid,
            LabelEventRow.kind,
            LabelEventRow.label,
            LabelEventRow.undoes,
            LabelEventRow.round_id,
            LabelEventRow.seconds,
            LabelEventRow.montage,
            _SECOND.name.label("settled_with"),
            LabelEventRow.late,
            LabelEventRow.reason,
            LabelEventRow.created_at,
            Labeler.name.label("labeler"),
            Labeler.person,
        )
        .join(Labeler, Labeler.id == LabelEventRow.labeler_id)
        .outerjoin(_SECOND, _SECOND.id == LabelEventRow.settled_with)
        .where(LabelEventRow.component_id == component_id)
        .order_by(LabelEventRow.id)
    )
    return session.execute(statement).all()


def full_log(session: Session, after_id: int, limit: int) -> Sequence[AnyRow]:
    """A page of the whole log for export, in order of id."""
    statement = (
        select(
            LabelEventRow.id,
            LabelEventRow.uuid,
            LabelEventRow.component_id,
            Labeler.name.label("labeler"),
            Labeler.person,
            LabelEventRow.kind,
            LabelEventRow.label,
            LabelEventRow.undoes,
            LabelEventRow.round_id,
            LabelEventRow.seconds,
            LabelEventRow.montage,
            _SECOND.name.label("settled_with"),
            LabelEventRow.late,
            LabelEventRow.created_at,
        )
        .join(Labeler, Labeler.id == LabelEventRow.labeler_id)
        .outerjoin(_SECOND, _SECOND.id == LabelEventRow.settled_with)
        .where(LabelEventRow.id > after_id)
        .order_by(LabelEventRow.id)
        .limit(limit)
    )
    return session.execute(statement).all()


def _event(row: AnyRow) -> LabelEvent:
    return LabelEvent(
        id=row.id,
        uuid=row.uuid,
        component_id=row.component_id,
        labeler_id=row.labeler_id,
        person=row.person,
        kind=EventKind(row.kind),
        label=row.label,
        undoes=row.undoes,
        created_at=row.created_at,
        settled_with=row.settled_with,
    )
