"""Which components may be handed out next, best first: one indexed statement a strategy.

The statements are built once each: building one costs more than running it.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, bindparam, exists, literal_column, select
from sqlalchemy.orm import Session

from app.domain.events import EventKind
from app.domain.serving import OF_A_RUN, STRATEGIES, Strategy
from app.storage.rows import AnySelect
from app.storage.tables import (
    ComponentState,
    ExampleChoice,
    LabelEventRow,
    Lease,
    Round,
    RoundItem,
)

_STATE = cast(Table, ComponentState.__table__)
_LOG = cast(Table, LabelEventRow.__table__)
_LEASES = cast(Table, Lease.__table__)
_ITEMS = cast(Table, RoundItem.__table__)
_ROUNDS = cast(Table, Round.__table__)
_EXAMPLES = cast(Table, ExampleChoice.__table__)


@dataclass(frozen=True)
class Candidate:
    """A component that may be leased. value: its number in the strategy's order column."""

    component_id: int
    value: float | None


def candidates(
    session: Session, strategy: Strategy, labeler_id: int, recording_id: int | None, count: int
) -> list[Candidate]:
    """The best free components of a strategy, best first. The caller holds the queue."""
    given = {"labeler_id": labeler_id, "recording_id": recording_id}
    of_one = recording_id is not None
    found = _run(session, _best(strategy.name, of_one), {**given, "count": count})
    if len(found) < count and strategy.order_by in OF_A_RUN:
        # Components imported since the last run have no value yet; they come last.
        rest = {**given, "count": count - len(found)}
        found += _run(session, _without_value(strategy.name, of_one), rest)
    return found


def round_candidates(
    session: Session, round_id: int, labeler_id: int, count: int
) -> list[Candidate]:
    """The next free, unanswered components of a round, in its order. The caller holds the queue."""
    given = {"round_id": round_id, "labeler_id": labeler_id, "count": count}
    return _run(session, _of_round(), given)


def front(session: Session, strategy: Strategy, count: int) -> list[int]:
    """The first components of a strategy's order, whoever has them or has passed them on."""
    column = _STATE.c[strategy.order_by]
    keys = (column, _STATE.c.component_id)
    statement = (
        select(_STATE.c.component_id)
        .where(_STATE.c.people == literal_column("0"), column.is_not(None))
        .order_by(*((key.desc() for key in keys) if strategy.descending else keys))
        .limit(count)
    )
    return list(session.execute(statement).scalars())


def _run(session: Session, statement: AnySelect, given: dict[str, Any]) -> list[Candidate]:
    rows = session.connection().execute(statement, given)
    return [Candidate(row.component_id, row.value) for row in rows]


@lru_cache
def _best(strategy_name: str, of_one_recording: bool) -> AnySelect:
    strategy = STRATEGIES[strategy_name]
    column = _STATE.c[strategy.order_by]
    statement = _population(strategy, of_one_recording)
    if strategy.order_by == "component_id":
        return statement.order_by(column)
    # Ties in the same direction as the rest, so that one index serves the whole order.
    keys = (column, _STATE.c.component_id)
    return statement.where(column.is_not(None)).order_by(
        *((key.desc() for key in keys) if strategy.descending else keys)
    )


@lru_cache
def _without_value(strategy_name: str, of_one_recording: bool) -> AnySelect:
    strategy = STRATEGIES[strategy_name]
    column = _STATE.c[strategy.order_by]
    statement = _population(strategy, of_one_recording).where(column.is_(None))
    return statement.order_by(_STATE.c.component_id)


def _population(strategy: Strategy, of_one_recording: bool) -> AnySelect:
    key = _STATE.c.component_id
    statement: AnySelect = select(key, _STATE.c[strategy.order_by].label("value")).where(
        ~exists().where(_LEASES.c.component_id == key),
        ~skipped_by(key),
    )
    if strategy.population == "unanswered":
        # Written out, not bound: SQLite uses a partial index only where it can see the constant.
        statement = statement.where(_STATE.c.people == literal_column("0"))
    elif strategy.population == "answered_once":
        # Whoever has seen an example has seen its label.
        statement = statement.where(
            _STATE.c.people == literal_column("1"), ~_answered(key), ~is_example(key)
        )
    if of_one_recording:
        statement = statement.where(_STATE.c.recording_id == bindparam("recording_id"))
    return statement.limit(bindparam("count"))


@lru_cache
def _of_round() -> AnySelect:
    key = _ITEMS.c.component_id
    statement: AnySelect = (
        select(key, literal_column("NULL").label("value"))
        .where(
            _ITEMS.c.round_id == bindparam("round_id"),
            ~answered_in_round(bindparam("round_id"), key),
            ~exists().where(_LEASES.c.component_id == key),
            ~skipped_by(key),
        )
        .order_by(_ITEMS.c.position)
        .limit(bindparam("count"))
    )
    return statement


def skipped_by(component_id: Any) -> ColumnElement[bool]:
    """Whether the labeler passed this component on to others and has not taken it back."""
    return _has_standing(EventKind.SKIP, component_id)


def _answered(component_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether the labeler has an answer for this component that has not been taken back."""
    return _has_standing(EventKind.LABEL, component_id)


def _has_standing(kind: EventKind, component_id: Any) -> ColumnElement[bool]:
    undo = _LOG.alias(f"undo_of_{kind}")
    return exists().where(
        _LOG.c.component_id == component_id,
        _LOG.c.labeler_id == bindparam("labeler_id"),
        _LOG.c.kind == literal_column(f"'{kind}'"),
        ~exists().where(undo.c.undoes == _LOG.c.uuid),
    )


def answered_in_round(round_id: Any, component_id: Any) -> ColumnElement[bool]:
    """Whether the round has an answer for this component that has not been taken back."""
    undo = _LOG.alias("undo_of_answer")
    return exists().where(
        _LOG.c.round_id == round_id,
        _LOG.c.component_id == component_id,
        _LOG.c.kind == literal_column(f"'{EventKind.LABEL}'"),
        ~exists().where(undo.c.undoes == _LOG.c.uuid),
    )


def in_open_round(component_id: Any) -> ColumnElement[bool]:
    """Whether somebody is to look at this component again, blind."""
    # One list for all that are asked about: by component, a round's items have no index.
    still_open = select(_ROUNDS.c.id).where(_ROUNDS.c.closed_at.is_(None))
    items = select(_ITEMS.c.component_id).where(_ITEMS.c.round_id.in_(still_open))
    found: ColumnElement[bool] = component_id.in_(items)
    return found


def is_example(component_id: Any) -> ColumnElement[bool]:
    """Whether an admin shows this component, with its label, to everybody."""
    one, later = _EXAMPLES.alias("example"), _EXAMPLES.alias("later_choice")
    return exists().where(
        one.c.component_id == component_id,
        one.c.shown,
        ~exists().where(later.c.component_id == one.c.component_id, later.c.id > one.c.id),
    )
