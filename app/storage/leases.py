"""Leases: who has been promised which component.

A claim is one transaction that holds the queue (`lock_queue`), never check-then-act.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, cast
from uuid import UUID, uuid4

from sqlalchemy import BindParameter, Table, bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session

from app.domain.serving import STRATEGIES
from app.storage.candidates import Candidate, answered_in_round
from app.storage.rows import AnyRow, AnySelect
from app.storage.tables import Component, ComponentState, Lease

_COMPONENTS = cast(Table, Component.__table__)
_LEASES = cast(Table, Lease.__table__)
_STATES = cast(Table, ComponentState.__table__)
_KEYS: BindParameter[int] = bindparam("component_ids", expanding=True)
# Built once: these run at every key that a labeler presses.
_FORGET = delete(_LEASES).where(_LEASES.c.expires_at <= bindparam("now"))
_GRANT = insert(_LEASES)
_HELD = (
    select(_COMPONENTS.c.id, _LEASES.c.uuid, _LEASES.c.expires_at)
    .outerjoin(_LEASES, _LEASES.c.component_id == _COMPONENTS.c.id)
    .where(_COMPONENTS.c.id.in_(_KEYS))
)
_RELEASE = delete(_LEASES).where(
    _LEASES.c.labeler_id == bindparam("labeler"), _LEASES.c.component_id == bindparam("component")
)
_RENEW = (
    update(_LEASES)
    .where(_LEASES.c.labeler_id == bindparam("labeler"), _LEASES.c.component_id.in_(_KEYS))
    .values(expires_at=bindparam("until"))
)


@dataclass(frozen=True)
class Granted:
    """A lease as the labeler gets it."""

    component_id: int
    uuid: UUID
    expires_at: datetime
    value: float | None


@dataclass(frozen=True)
class LeaseTerms:
    """To whom, what for and until when."""

    labeler_id: int
    strategy: str
    round_id: int | None
    now: datetime
    duration: timedelta


def forget_expired(session: Session, now: datetime) -> None:
    """Give back what was promised for a time that is over."""
    session.connection().execute(_FORGET, {"now": now})


def grant(session: Session, found: Sequence[Candidate], terms: LeaseTerms) -> list[Granted]:
    """Promise these components to one labeler."""
    expires_at = terms.now + terms.duration
    granted = [Granted(one.component_id, uuid4(), expires_at, one.value) for one in found]
    rows: list[dict[str, Any]] = [
        {
            "component_id": one.component_id,
            "uuid": one.uuid,
            "labeler_id": terms.labeler_id,
            "round_id": terms.round_id,
            "strategy": terms.strategy,
            "expires_at": expires_at,
        }
        for one in granted
    ]
    if rows:
        session.connection().execute(_GRANT, rows)
    return granted


def held_by_others(session: Session, terms: LeaseTerms, recording_id: int | None) -> list[int]:
    """How much each of the others has been promised of what this labeler could be given."""
    statement = _held_by_others(terms.round_id is not None, recording_id is not None)
    given = {
        "labeler": terms.labeler_id,
        "round_id": terms.round_id,
        "recording_id": recording_id,
    }
    return list(session.connection().execute(statement, given).scalars())


@lru_cache
def _held_by_others(in_round: bool, of_one_recording: bool) -> AnySelect:
    of_round = _LEASES.c.round_id
    statement: AnySelect = (
        select(func.count())
        .select_from(_LEASES)
        .where(
            _LEASES.c.labeler_id != bindparam("labeler"),
            of_round == bindparam("round_id") if in_round else of_round.is_(None),
        )
        .group_by(_LEASES.c.labeler_id)
    )
    if not of_one_recording:
        return statement
    statement = statement.join(_STATES, _STATES.c.component_id == _LEASES.c.component_id)
    return statement.where(_STATES.c.recording_id == bindparam("recording_id"))


@dataclass(frozen=True)
class Renewal:
    """What a labeler's page holds, and which recording it asks for (None: any)."""

    holding: Sequence[int]
    recording_id: int | None


def renew_unheld(session: Session, terms: LeaseTerms, asked: Renewal, count: int) -> list[Granted]:
    """Hand out again what this labeler holds but whose page no longer has: it was reloaded.

    Not what somebody has answered meanwhile all the same (of second opinions: one more person),
    nor what is of another recording.
    What the page still has is renewed along with it.
    """
    expires_at = terms.now + terms.duration
    rows = [row for row in _unheld(session, terms, asked) if _still_wanted(row, terms, asked)]
    rows = rows[:count]
    renewed = [row.component_id for row in rows] + list(asked.holding)
    if renewed:
        given = {"labeler": terms.labeler_id, "component_ids": renewed, "until": expires_at}
        session.connection().execute(_RENEW, given)
    return [Granted(row.component_id, row.uuid, expires_at, row.value) for row in rows]


def _unheld(session: Session, terms: LeaseTerms, asked: Renewal) -> Sequence[AnyRow]:
    strategy = STRATEGIES.get(terms.strategy)
    column = _STATES.c["component_id" if strategy is None else strategy.order_by]
    statement = (
        select(
            _LEASES.c.component_id,
            _LEASES.c.uuid,
            _STATES.c.recording_id,
            _STATES.c.people,
            column.label("value"),
        )
        .join(_STATES, _STATES.c.component_id == _LEASES.c.component_id)
        .where(
            _LEASES.c.labeler_id == terms.labeler_id,
            _LEASES.c.strategy == terms.strategy,
            _LEASES.c.round_id.is_not_distinct_from(terms.round_id),
            _LEASES.c.component_id.not_in(asked.holding),
        )
        .order_by(_LEASES.c.expires_at, _LEASES.c.component_id)
    )
    if terms.round_id is not None:
        statement = statement.where(~answered_in_round(terms.round_id, _LEASES.c.component_id))
    return session.connection().execute(statement).all()


# People who have answered what a strategy asks for; any number of them elsewhere.
_ANSWERS = {"unanswered": 0, "answered_once": 1}


def _still_wanted(row: AnyRow, terms: LeaseTerms, asked: Renewal) -> bool:
    # Here and not in the statement, where SQLite would begin with all of the recording.
    strategy = STRATEGIES.get(terms.strategy)
    enough = None if strategy is None else _ANSWERS.get(strategy.population)
    return enough in (None, row.people) and asked.recording_id in (None, row.recording_id)


def holders(session: Session, component_ids: Sequence[int]) -> dict[int, AnyRow]:
    """The lease (uuid, expires_at) on each of these that is a component; None where it is free."""
    rows = session.connection().execute(_HELD, {"component_ids": list(component_ids)})
    return {row.id: row for row in rows}


def release(session: Session, answered: Sequence[tuple[int, int]]) -> None:
    """End these leases: the answers are there. answered: (labeler, component) of each."""
    given = [{"labeler": labeler, "component": component} for labeler, component in answered]
    session.connection().execute(_RELEASE, given)


def release_all(session: Session, labeler_id: int) -> None:
    """End every lease of this labeler."""
    session.execute(delete(Lease).where(Lease.labeler_id == labeler_id))
