"""Leases: who has been promised which component.

A claim is one transaction that holds the queue (`lock_queue`), never check-then-act.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, delete, exists, insert, literal_column, select, update
from sqlalchemy.orm import Session

from app.domain.events import EventKind
from app.domain.serving import Strategy
from app.storage.rows import AnySelect
from app.storage.tables import ComponentState, LabelEventRow, Lease, RoundItem


@dataclass(frozen=True)
class Candidate:
    """A component that may be leased. value: its number in the strategy's order column."""

    component_id: int
    value: float | None


@dataclass(frozen=True)
class Granted:
    """A lease as the labeler gets it."""

    component_id: int
    uuid: UUID
    expires_at: datetime
    value: float | None


def forget_expired(session: Session, now: datetime) -> None:
    """Give back what was promised for a time that is over."""
    session.execute(delete(Lease).where(Lease.expires_at <= now))


def candidates(
    session: Session, strategy: Strategy, labeler_id: int, recording_id: int | None, count: int
) -> list[Candidate]:
    """The best free components of a strategy, best first. The caller holds the queue."""
    found = _candidates(session, _known(strategy, recording_id), strategy, labeler_id, count)
    if len(found) < count and strategy.order_by in ("entropy", "cue_process"):
        # Components imported since the last run have no entropy yet; they come last.
        rest = _unknown(strategy, recording_id)
        found += _candidates(session, rest, strategy, labeler_id, count - len(found))
    return found


def _known(strategy: Strategy, recording_id: int | None) -> AnySelect:
    column = getattr(ComponentState, strategy.order_by)
    statement = select(ComponentState.component_id, column.label("value"))
    statement = _population(statement, strategy, recording_id)
    if strategy.order_by == "component_id":
        return statement.order_by(column)
    # Ties in the same direction as the rest, so that one index serves the whole order.
    keys = (column, ComponentState.component_id)
    return statement.where(column.is_not(None)).order_by(
        *((key.desc() for key in keys) if strategy.descending else keys)
    )


def _unknown(strategy: Strategy, recording_id: int | None) -> AnySelect:
    column = getattr(ComponentState, strategy.order_by)
    statement = select(ComponentState.component_id, column.label("value")).where(column.is_(None))
    return _population(statement, strategy, recording_id).order_by(ComponentState.component_id)


def _population(statement: AnySelect, strategy: Strategy, recording_id: int | None) -> AnySelect:
    if strategy.population == "unanswered":
        # Written out, not bound: SQLite uses a partial index only where it can see the constant.
        statement = statement.where(ComponentState.people == literal_column("0"))
    if recording_id is not None:
        statement = statement.where(ComponentState.recording_id == recording_id)
    return statement


def _candidates(
    session: Session, statement: AnySelect, strategy: Strategy, labeler_id: int, count: int
) -> list[Candidate]:
    statement = statement.where(
        ~exists().where(Lease.component_id == ComponentState.component_id),
        ~skipped_by(labeler_id, ComponentState.component_id),
    ).limit(count)
    return [Candidate(row.component_id, row.value) for row in session.execute(statement)]


def skipped_by(labeler_id: int, component_id: Any) -> ColumnElement[bool]:
    """Whether this labeler passed this component on to others and has not taken it back."""
    undo = LabelEventRow.__table__.alias("undo_of_skip")
    return exists().where(
        LabelEventRow.component_id == component_id,
        LabelEventRow.labeler_id == labeler_id,
        LabelEventRow.kind == EventKind.SKIP.value,
        ~exists().where(undo.c.undoes == LabelEventRow.uuid),
    )


def answered_in_round(round_id: Any, component_id: Any) -> ColumnElement[bool]:
    """Whether the round has an answer for this component that has not been taken back."""
    undo = LabelEventRow.__table__.alias("undo_of_answer")
    return exists().where(
        LabelEventRow.round_id == round_id,
        LabelEventRow.component_id == component_id,
        LabelEventRow.kind == EventKind.LABEL.value,
        ~exists().where(undo.c.undoes == LabelEventRow.uuid),
    )


def round_candidates(
    session: Session, round_id: int, labeler_id: int, count: int
) -> list[Candidate]:
    """The next free, unanswered components of a round, in its order."""
    statement = (
        select(RoundItem.component_id, RoundItem.position)
        .where(
            RoundItem.round_id == round_id,
            ~answered_in_round(round_id, RoundItem.component_id),
            ~exists().where(Lease.component_id == RoundItem.component_id),
            ~skipped_by(labeler_id, RoundItem.component_id),
        )
        .order_by(RoundItem.position)
        .limit(count)
    )
    return [Candidate(row.component_id, None) for row in session.execute(statement)]


@dataclass(frozen=True)
class LeaseTerms:
    """To whom, what for and until when."""

    labeler_id: int
    strategy: str
    round_id: int | None
    now: datetime
    duration: timedelta


def grant(session: Session, found: Sequence[Candidate], terms: LeaseTerms) -> list[Granted]:
    """Promise these components to one labeler."""
    expires_at = terms.now + terms.duration
    granted = [Granted(one.component_id, uuid4(), expires_at, one.value) for one in found]
    if granted:
        session.execute(
            insert(Lease),
            [
                {
                    "component_id": one.component_id,
                    "uuid": one.uuid,
                    "labeler_id": terms.labeler_id,
                    "round_id": terms.round_id,
                    "strategy": terms.strategy,
                    "expires_at": expires_at,
                }
                for one in granted
            ],
        )
    return granted


def renew_unheld(
    session: Session, terms: LeaseTerms, holding: Sequence[int], count: int
) -> list[Granted]:
    """Hand out again what this labeler holds but whose page no longer has: it was reloaded."""
    expires_at = terms.now + terms.duration
    statement = (
        select(Lease.component_id, Lease.uuid)
        .where(
            Lease.labeler_id == terms.labeler_id,
            Lease.strategy == terms.strategy,
            Lease.round_id.is_(None)
            if terms.round_id is None
            else Lease.round_id == terms.round_id,
            Lease.component_id.not_in(holding),
        )
        .order_by(Lease.expires_at, Lease.component_id)
        .limit(count)
    )
    rows = session.execute(statement).all()
    if rows or holding:
        renewed = [row.component_id for row in rows] + list(holding)
        session.execute(
            update(Lease)
            .where(Lease.labeler_id == terms.labeler_id, Lease.component_id.in_(renewed))
            .values(expires_at=expires_at)
        )
    return [Granted(row.component_id, row.uuid, expires_at, None) for row in rows]


def holders(session: Session, component_ids: Sequence[int]) -> dict[int, Lease]:
    """The lease on each of these components, where there is one."""
    rows = session.execute(select(Lease).where(Lease.component_id.in_(component_ids))).scalars()
    return {row.component_id: row for row in rows}


def release(session: Session, labeler_id: int, component_ids: Sequence[int]) -> None:
    """End this labeler's leases: the answers are there."""
    session.execute(
        delete(Lease).where(Lease.labeler_id == labeler_id, Lease.component_id.in_(component_ids))
    )


def release_all(session: Session, labeler_id: int) -> None:
    """End every lease of this labeler."""
    session.execute(delete(Lease).where(Lease.labeler_id == labeler_id))
