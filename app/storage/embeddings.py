"""Embeddings: what a run's networks see of each component, and its place on the map."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.storage.rows import AnyRow, AnySelect
from app.storage.tables import (
    Component,
    Embedding,
    EmbeddingSpace,
    Prediction,
)

_ABOUT = select(
    EmbeddingSpace.id,
    EmbeddingSpace.run_id,
    EmbeddingSpace.laid_out,
    EmbeddingSpace.components,
    EmbeddingSpace.finished_at,
)


def shown(session: Session) -> AnyRow | None:
    """The newest space that is finished (id, run_id, laid_out, components, finished_at)."""
    statement = _ABOUT.where(EmbeddingSpace.finished_at.is_not(None))
    return session.execute(statement.order_by(EmbeddingSpace.id.desc()).limit(1)).first()


def begin(session: Session, run_id: int, basis: NDArray[np.float32]) -> int:
    """A space that is not shown yet; returns its key."""
    values = {"run_id": run_id, "basis": basis, "laid_out": 0, "components": 0}
    statement = insert(EmbeddingSpace).values(**values).returning(EmbeddingSpace.id)
    return session.execute(statement).scalar_one()


def basis(session: Session, space_id: int) -> NDArray[np.float32]:
    """The basis of a space."""
    statement = select(EmbeddingSpace.basis).where(EmbeddingSpace.id == space_id)
    return session.execute(statement).scalar_one()


def add(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Store embeddings (`space_id`, `component_id`, `vector`, `x`, `y`)."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    # Two jobs may place the same newcomer; both say the same.
    session.connection().execute(dialect.insert(Embedding).on_conflict_do_nothing(), list(rows))


def count(session: Session, space_id: int) -> None:
    """Note how many components a space holds."""
    held = select(func.count()).select_from(Embedding).where(Embedding.space_id == space_id)
    session.execute(
        update(EmbeddingSpace)
        .where(EmbeddingSpace.id == space_id)
        .values(components=held.scalar_subquery())
    )


def finish(session: Session, space_id: int, laid_out: int, now: datetime) -> None:
    """Show a space from now on."""
    session.execute(
        update(EmbeddingSpace)
        .where(EmbeddingSpace.id == space_id)
        .values(laid_out=laid_out, finished_at=now)
    )
    count(session, space_id)


def others(session: Session, space_id: int | None) -> list[int]:
    """All spaces but this one."""
    statement = select(EmbeddingSpace.id)
    if space_id is not None:
        statement = statement.where(EmbeddingSpace.id != space_id)
    return list(session.execute(statement).scalars())


def remove_some(session: Session, space_id: int, most: int) -> bool:
    """Remove so many of a space's embeddings, then the space; True when nothing is left."""
    some = select(Embedding.component_id).where(Embedding.space_id == space_id).limit(most)
    keys = list(session.execute(some).scalars())
    session.execute(
        delete(Embedding).where(Embedding.space_id == space_id, Embedding.component_id.in_(keys))
    )
    if len(keys) == most:
        return False
    session.execute(delete(EmbeddingSpace).where(EmbeddingSpace.id == space_id))
    return True


def missing(session: Session, space_id: int) -> list[int]:
    """Components that are not in a space, in order of key."""
    there = select(Embedding.component_id).where(
        Embedding.space_id == space_id, Embedding.component_id == Component.id
    )
    statement = select(Component.id).where(~there.exists()).order_by(Component.id)
    return list(session.execute(statement).scalars())


def all_of(session: Session, space_id: int) -> Sequence[AnyRow]:
    """Rows of `component_id`, `vector`, `x`, `y`, in order of component."""
    statement: AnySelect = (
        select(Embedding.component_id, Embedding.vector, Embedding.x, Embedding.y)
        .where(Embedding.space_id == space_id)
        .order_by(Embedding.component_id)
    )
    return session.execute(statement).all()


def on_the_map(session: Session, space_id: int, run_id: int) -> Sequence[AnyRow]:
    """Places with what the run says of each, in order of component."""
    statement: AnySelect = (
        select(
            Embedding.component_id,
            Embedding.x,
            Embedding.y,
            Component.recording_id,
            Prediction.p1,
            Prediction.p2,
            Prediction.p3,
            Prediction.p4,
            Prediction.entropy,
        )
        .join(Component, Component.id == Embedding.component_id)
        .outerjoin(
            Prediction,
            (Prediction.component_id == Embedding.component_id) & (Prediction.run_id == run_id),
        )
        .where(Embedding.space_id == space_id)
        .order_by(Embedding.component_id)
    )
    return session.execute(statement).all()
