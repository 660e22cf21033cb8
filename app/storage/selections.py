"""Selections: components that somebody chose together."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.storage.rows import AnyRow
from app.storage.tables import Labeler, Selection, SelectionItem


def add(session: Session, values: dict[str, Any], component_ids: Sequence[int]) -> int:
    """Keep a selection of existing components; returns its key."""
    selection_id = session.execute(
        insert(Selection).values(**values).returning(Selection.id)
    ).scalar_one()
    session.connection().execute(
        insert(SelectionItem),
        [
            {"selection_id": selection_id, "position": place, "component_id": key}
            for place, key in enumerate(component_ids)
        ],
    )
    return selection_id


def one(session: Session, selection_id: int, now: datetime) -> AnyRow | None:
    """A selection (id, name, created_by, created_at, expires_at) that has not expired."""
    statement = (
        select(
            Selection.id,
            Selection.name,
            Selection.created_at,
            Selection.expires_at,
            Labeler.name.label("created_by"),
        )
        .join(Labeler, Labeler.id == Selection.labeler_id)
        .where(Selection.id == selection_id, Selection.expires_at > now)
    )
    return session.execute(statement).first()


def components(session: Session, selection_id: int) -> list[int]:
    """The components of a selection, in the chosen order."""
    statement = select(SelectionItem.component_id).where(SelectionItem.selection_id == selection_id)
    return list(session.execute(statement.order_by(SelectionItem.position)).scalars())


def surplus(session: Session, labeler_id: int, keep: int, now: datetime) -> list[int]:
    """What is to go: all that has expired, and the person's own but for the newest so many."""
    expired = select(Selection.id).where(Selection.expires_at <= now)
    own = (
        select(Selection.id)
        .where(Selection.labeler_id == labeler_id)
        .order_by(Selection.id.desc())
        .offset(keep)
    )
    found = {*session.execute(expired).scalars(), *session.execute(own).scalars()}
    return sorted(found)


def remove(session: Session, selection_ids: Sequence[int]) -> None:
    """Forget selections."""
    session.execute(delete(SelectionItem).where(SelectionItem.selection_id.in_(selection_ids)))
    session.execute(delete(Selection).where(Selection.id.in_(selection_ids)))
