"""Which run serves predictions, as admins chose: the newest row holds."""

from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.storage.rows import AnyRow
from app.storage.tables import Labeler, Promotion

_SHOWN = (
    select(Promotion.run_id, Promotion.created_at, Labeler.name.label("labeler"))
    .outerjoin(Labeler, Labeler.id == Promotion.labeler_id)
    .order_by(Promotion.id.desc())
    .limit(1)
)


def add(session: Session, run_id: int | None, labeler_id: int | None, now: datetime) -> None:
    """Append a choice. run_id None: always the newest."""
    session.execute(insert(Promotion).values(run_id=run_id, labeler_id=labeler_id, created_at=now))


def standing(session: Session) -> AnyRow | None:
    """The choice that holds (run_id, created_at, labeler), or None where nobody ever chose."""
    return session.execute(_SHOWN).first()
