"""What a run's networks see of components, laid out in a plane."""

from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Float, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.columns import FloatArray, UtcDateTime
from app.storage.tables.base import Base


class EmbeddingSpace(Base):
    """What a run's networks see of components, laid out in a plane; shown once it is finished.

    basis: (1 + numbers, width) the middle, then the directions that what they see is reduced to.
    laid_out: components that were laid out together; the others were placed beside them later.
    components: all that are in it.
    """

    __tablename__ = "embedding_space"
    # A key is used once only: what a process keeps of a space is kept under it.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's way

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("training_run.id"))
    basis: Mapped[NDArray[np.float32]] = mapped_column(FloatArray)
    laid_out: Mapped[int]
    components: Mapped[int]
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Embedding(Base):
    """A component in a space: float16 numbers, and its place in the plane."""

    __tablename__ = "embedding"

    space_id: Mapped[int] = mapped_column(ForeignKey("embedding_space.id"), primary_key=True)
    component_id: Mapped[int] = mapped_column(ForeignKey("component.id"), primary_key=True)
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    x: Mapped[float] = mapped_column(Float)
    y: Mapped[float] = mapped_column(Float)
