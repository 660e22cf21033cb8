"""Recordings and what of them never changes: components, masks, traces, images."""

from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import JSON, Float, ForeignKey, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.columns import FloatArray, UtcDateTime
from app.storage.tables.base import Base


class RecordingRow(Base):
    """One imported field of view."""

    __tablename__ = "recording"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(500))
    source_format: Mapped[str] = mapped_column(String(40))
    content_hash: Mapped[str] = mapped_column(String(64), unique=True)
    components: Mapped[int]
    frames: Mapped[int | None]
    frame_rate_hz: Mapped[float | None] = mapped_column(Float)
    field_height_px: Mapped[int | None]
    field_width_px: Mapped[int | None]
    neuron_radius_px: Mapped[float | None] = mapped_column(Float)
    mask_scale: Mapped[float] = mapped_column(Float)
    rejected: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    notes: Mapped[list[str]] = mapped_column(JSON)
    imported_by: Mapped[int | None] = mapped_column(ForeignKey("labeler.id"))
    imported_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SummaryImage(Base):
    """Mean, correlation, maximum or footprint image of a recording's field."""

    __tablename__ = "summary_image"

    recording_id: Mapped[int] = mapped_column(ForeignKey("recording.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    image: Mapped[NDArray[np.float32]] = mapped_column(FloatArray)


class Component(Base):
    """One mask in one recording. Never changes once imported."""

    __tablename__ = "component"
    __table_args__ = (
        UniqueConstraint("recording_id", "source_index"),
        # For the neighbours that a component's context shows.
        Index("ix_component_place", "recording_id", "centroid_y_px", "centroid_x_px"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recording.id"))
    source_index: Mapped[int]
    centroid_y_px: Mapped[float] = mapped_column(Float)
    centroid_x_px: Mapped[float] = mapped_column(Float)
    content_hash: Mapped[str] = mapped_column(String(32))


class ComponentArrays(Base):
    """Mask and trace, apart from `component` so that walking components stays cheap."""

    __tablename__ = "component_arrays"

    component_id: Mapped[int] = mapped_column(ForeignKey("component.id"), primary_key=True)
    mask: Mapped[NDArray[np.float32]] = mapped_column(FloatArray)
    trace: Mapped[NDArray[np.float32] | None] = mapped_column(FloatArray)


class ComponentMeasures(Base):
    """What the classifier measured of a component; it takes longer to measure than to train.

    version: of the measures; the worker makes those of another version again.
    """

    __tablename__ = "component_measures"

    component_id: Mapped[int] = mapped_column(ForeignKey("component.id"), primary_key=True)
    version: Mapped[int] = mapped_column(SmallInteger)
    measures: Mapped[NDArray[np.float32]] = mapped_column(FloatArray)
