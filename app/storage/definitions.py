"""The classes' criteria as admins wrote them: of each class the newest row holds."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from app.storage.rows import AnyRow
from app.storage.tables import ClassDefinition, Labeler

_TEXT = select(
    ClassDefinition.id,
    ClassDefinition.label,
    ClassDefinition.text,
    ClassDefinition.created_at,
    Labeler.name.label("labeler"),
).join(Labeler, Labeler.id == ClassDefinition.labeler_id)


def texts(session: Session) -> dict[int, AnyRow]:
    """The text that holds of each class that an admin ever wrote about, by its code."""
    newest = select(func.max(ClassDefinition.id)).group_by(ClassDefinition.label)
    rows = session.execute(_TEXT.where(ClassDefinition.id.in_(newest)))
    return {row.label: row for row in rows}


def history(session: Session, limit: int) -> Sequence[AnyRow]:
    """What was written, newest first."""
    return session.execute(_TEXT.order_by(ClassDefinition.id.desc()).limit(limit)).all()


def write(session: Session, label: int, text: str, labeler_id: int, now: datetime) -> None:
    """Append a text; an empty one goes back to the usual words."""
    session.execute(
        insert(ClassDefinition).values(
            label=label, text=text, labeler_id=labeler_id, created_at=now
        )
    )
