"""Discussions: turns are appended; the newest standing one of a component says how it stands."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, insert, select
from sqlalchemy.orm import Session, aliased

from app.storage.rows import AnyRow
from app.storage.tables import DiscussionTurn, DiscussionWithdrawal, Labeler, LabelEventRow

RAISE, SETTLE = "raise", "settle"

_SECOND = aliased(Labeler)
_TURN = (
    select(
        DiscussionTurn.id,
        DiscussionTurn.uuid,
        DiscussionTurn.component_id,
        DiscussionTurn.labeler_id,
        Labeler.name.label("labeler"),
        DiscussionTurn.kind,
        DiscussionTurn.text,
        DiscussionTurn.created_at,
        LabelEventRow.label,
        _SECOND.name.label("settled_with"),
        DiscussionWithdrawal.created_at.label("withdrawn_at"),
    )
    .join(Labeler, Labeler.id == DiscussionTurn.labeler_id)
    .outerjoin(LabelEventRow, LabelEventRow.uuid == DiscussionTurn.uuid)
    .outerjoin(_SECOND, _SECOND.id == LabelEventRow.settled_with)
    .outerjoin(DiscussionWithdrawal, DiscussionWithdrawal.turn_id == DiscussionTurn.id)
)


def append(session: Session, values: dict[str, Any]) -> None:
    """Add a turn. The caller holds the event log (`lock_event_log`)."""
    session.execute(insert(DiscussionTurn).values(**values))


def with_uuid(session: Session, uuid: UUID) -> AnyRow | None:
    """The turn that has this uuid, or None."""
    return session.execute(_TURN.where(DiscussionTurn.uuid == uuid)).first()


def withdraw(session: Session, turn_id: int, uuid: UUID, now: datetime) -> None:
    """Let a turn count no more. The caller holds the event log (`lock_event_log`)."""
    values = {"turn_id": turn_id, "uuid": uuid, "created_at": now}
    session.execute(insert(DiscussionWithdrawal).values(**values))


def withdrawal(session: Session, uuid: UUID) -> AnyRow | None:
    """The turn whose withdrawal has this uuid, or None."""
    return session.execute(_TURN.where(DiscussionWithdrawal.uuid == uuid)).first()


def newest(session: Session, component_id: int) -> AnyRow | None:
    """How a component stands: its newest standing turn, None where there is none."""
    statement = _TURN.where(
        DiscussionTurn.component_id == component_id, DiscussionWithdrawal.id.is_(None)
    )
    return session.execute(statement.order_by(DiscussionTurn.id.desc()).limit(1)).first()


def page(session: Session, kind: str, before_id: int | None, limit: int) -> Sequence[AnyRow]:
    """Newest standing turns of this kind, one a component, the latest first, before `before_id`."""
    statement = _TURN.where(DiscussionTurn.kind == kind, _is_newest())
    if before_id is not None:
        statement = statement.where(DiscussionTurn.id < before_id)
    return session.execute(statement.order_by(DiscussionTurn.id.desc()).limit(limit)).all()


def of_components(session: Session, component_ids: Sequence[int]) -> Sequence[AnyRow]:
    """All turns of these components, oldest first."""
    statement = _TURN.where(DiscussionTurn.component_id.in_(component_ids))
    return session.execute(statement.order_by(DiscussionTurn.id)).all()


def count_open(session: Session) -> int:
    """How many components wait to be settled."""
    statement = select(func.count()).select_from(DiscussionTurn)
    return session.execute(statement.where(DiscussionTurn.kind == RAISE, _is_newest())).scalar_one()


def _is_newest() -> ColumnElement[bool]:
    later = aliased(DiscussionTurn)
    overtaken = exists().where(
        later.component_id == DiscussionTurn.component_id,
        later.id > DiscussionTurn.id,
        ~_is_withdrawn(later.id),
    )
    return ~overtaken & ~_is_withdrawn(DiscussionTurn.id)


def _is_withdrawn(turn_id: Any) -> ColumnElement[bool]:
    one = aliased(DiscussionWithdrawal)
    return exists().where(one.turn_id == turn_id)
