"""Notes on components: appended, and of each labeler the newest one stands."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from app.storage.rows import AnyRow
from app.storage.tables import Labeler, Note

_NOTE = select(
    Note.id,
    Note.uuid,
    Note.component_id,
    Note.labeler_id,
    Labeler.name.label("labeler"),
    Note.text,
    Note.created_at,
).join(Labeler, Labeler.id == Note.labeler_id)


def append(session: Session, values: dict[str, Any]) -> None:
    """Add a note."""
    session.execute(insert(Note).values(**values))


def with_uuid(session: Session, uuid: UUID) -> AnyRow | None:
    """The note that has this uuid, or None."""
    return session.execute(_NOTE.where(Note.uuid == uuid)).first()


def standing(session: Session, component_ids: Sequence[int]) -> Sequence[AnyRow]:
    """Each labeler's newest note on each of these, oldest first; not where it is empty."""
    newest = (
        select(func.max(Note.id))
        .where(Note.component_id.in_(component_ids))
        .group_by(Note.component_id, Note.labeler_id)
    )
    statement = _NOTE.where(Note.id.in_(newest), Note.text != "").order_by(Note.id)
    return session.execute(statement).all()
