"""Components that are shown as examples of their class, with what people answered."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Subquery, case, exists, func, insert, literal, or_, select
from sqlalchemy.orm import Session

from app.domain.definitions import MOST_EXAMPLES
from app.domain.events import EventKind
from app.storage.candidates import in_open_round, is_example
from app.storage.rows import AnyRow, AnySelect
from app.storage.tables import Component, ComponentState, ExampleChoice, LabelEventRow, Lease


def is_chosen(session: Session, component_id: int) -> bool:
    """Whether an admin shows this component to everybody."""
    return bool(session.execute(select(is_example(component_id))).scalar())


def count_chosen(session: Session, label: int) -> int:
    """How many components of this class are shown to everybody."""
    statement = (
        select(func.count())
        .select_from(ComponentState)
        .where(ComponentState.component_id.in_(_chosen_ids()), ComponentState.label == label)
    )
    return session.execute(statement).scalar_one()


def choose(
    session: Session, component_id: int, shown: bool, labeler_id: int, now: datetime
) -> None:
    """Append a choice."""
    session.execute(
        insert(ExampleChoice).values(
            component_id=component_id, shown=shown, labeler_id=labeler_id, created_at=now
        )
    )


def is_leased(component_id: Any, now: datetime, apart_from: int) -> ColumnElement[bool]:
    """Whether somebody else has this component on their desk."""
    return exists().where(
        Lease.component_id == component_id, Lease.labeler_id != apart_from, Lease.expires_at > now
    )


def looks_to_come(session: Session, component_id: int, labeler_id: int, now: datetime) -> AnyRow:
    """Whether anybody is still to look at it blind: `in_open_round`, `is_leased`."""
    statement: AnySelect = select(
        in_open_round(literal(component_id)).label("in_open_round"),
        is_leased(component_id, now, labeler_id).label("is_leased"),
    )
    return session.execute(statement).one()


def examples_for(session: Session, labeler_id: int) -> Sequence[AnyRow]:
    """The examples that this labeler may see: what admins chose, and what they have answered
    themselves and are not to look at again, blind.

    (component_id, recording_id, content_hash, label, people, chosen), up to six of each class.
    """
    key = ComponentState.component_id
    answered = select(LabelEventRow.component_id).where(
        LabelEventRow.labeler_id == labeler_id, LabelEventRow.kind == EventKind.LABEL.value
    )
    return _best(session, or_(key.in_(_chosen_ids()), key.in_(answered) & ~in_open_round(key)))


def suggestions(session: Session, now: datetime, labeler_id: int) -> Sequence[AnyRow]:
    """What an admin may choose beside what is chosen; as `examples_for`."""
    key = ComponentState.component_id
    return _best(
        session,
        key.not_in(_chosen_ids()) & ~in_open_round(key) & ~is_leased(key, now, labeler_id),
    )


def _chosen_ids() -> AnySelect:
    newest = select(func.max(ExampleChoice.id)).group_by(ExampleChoice.component_id)
    found: AnySelect = select(ExampleChoice.component_id).where(
        ExampleChoice.id.in_(newest), ExampleChoice.shown
    )
    return found


def _best(session: Session, wanted: ColumnElement[bool]) -> Sequence[AnyRow]:
    """Chosen ones first, then those on which two or more people agree, then those with one
    person's label; within these, of as many recordings as possible, the least doubted first.
    """
    inner = _in_turn(wanted)
    of = inner.c
    order = (of.chosen.desc(), of.agreed.desc(), of.turn, of.people.desc(), of.doubt)
    place = func.row_number().over(partition_by=of.label, order_by=(*order, of.component_id))
    # The second window sorts what the first has left, which is little.
    ranked = select(inner, place.label("place")).where(of.turn <= MOST_EXAMPLES).subquery()
    statement: AnySelect = (
        select(
            ranked.c.component_id,
            ranked.c.recording_id,
            ranked.c.label,
            ranked.c.people,
            ranked.c.chosen,
            Component.content_hash,
        )
        .join(Component, Component.id == ranked.c.component_id)
        .where(ranked.c.place <= MOST_EXAMPLES)
        .order_by(ranked.c.label, ranked.c.place)
    )
    return session.execute(statement).all()


def _in_turn(wanted: ColumnElement[bool]) -> Subquery:
    """What may be an example, with its turn among those of its kind in its recording."""
    state = ComponentState
    # Computed in the inner query, so that both windows sort by the same values.
    chosen = case((state.component_id.in_(_chosen_ids()), 1), else_=0)
    agreed = case((state.people >= 2, 1), else_=0)
    # The lower, the less a model doubts the label; no model, no doubt.
    doubt = func.coalesce(state.quality, 0.0)
    turn = func.row_number().over(
        partition_by=(state.label, chosen, agreed, state.recording_id),
        order_by=(state.people.desc(), doubt, state.component_id),
    )
    return (
        select(
            state.component_id,
            state.recording_id,
            state.label,
            state.people,
            chosen.label("chosen"),
            agreed.label("agreed"),
            doubt.label("doubt"),
            turn.label("turn"),
        )
        .where(wanted, state.people >= 1, ~state.disagreement, state.label.is_not(None))
        .subquery()
    )
