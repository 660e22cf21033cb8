"""Reading components: one, a sorted page, neighbours, arrays in batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Table, and_, bindparam, exists, or_, select
from sqlalchemy.orm import Session

from app.domain.events import EventKind
from app.storage.rows import AnyRow, AnySelect
from app.storage.tables import (
    Component,
    ComponentArrays,
    ComponentState,
    LabelEventRow,
    RecordingRow,
)

Order = Literal["id", "entropy", "quality", "cue"]

ORDER_COLUMNS: dict[str, Any] = {
    "entropy": ComponentState.entropy,
    "quality": ComponentState.quality,
    "cue": ComponentState.cue_process,
}

_COMPONENTS = cast(Table, Component.__table__)
_LISTED = select(
    Component.id,
    Component.recording_id,
    Component.source_index,
    Component.centroid_y_px,
    Component.centroid_x_px,
    Component.content_hash,
    ComponentState.label,
    ComponentState.people,
    ComponentState.disagreement,
    ComponentState.run_id,
    ComponentState.predicted,
    ComponentState.entropy,
    ComponentState.quality,
    ComponentState.cue_process,
    ComponentState.cue_donut,
    ComponentState.cue_snr,
).join(ComponentState, ComponentState.component_id == Component.id)


@dataclass(frozen=True)
class Filters:
    """Which components to list. label 0 means: those without a label."""

    recording_id: int | None = None
    label: int | None = None
    predicted: int | None = None
    disagreement: bool | None = None


@dataclass(frozen=True)
class Position:
    """Where a page starts: after this value and key in the order. value None: among those
    that have none, which come last.
    """

    value: float | None
    component_id: int


def one(session: Session, component_id: int) -> AnyRow | None:
    """A component with its state, or None."""
    return session.execute(_LISTED.where(Component.id == component_id)).first()


def several(session: Session, component_ids: Sequence[int]) -> dict[int, AnyRow]:
    """Components with their states, by key."""
    rows = session.execute(_LISTED.where(Component.id.in_(component_ids)))
    return {row.id: row for row in rows}


_EXISTING = select(_COMPONENTS.c.id).where(
    _COMPONENTS.c.id.in_(bindparam("component_ids", expanding=True))
)
_PLACES = select(_COMPONENTS.c.id, _COMPONENTS.c.recording_id, _COMPONENTS.c.content_hash).where(
    _COMPONENTS.c.id.in_(bindparam("component_ids", expanding=True))
)


def all_ids(session: Session) -> list[int]:
    """The keys of all components, in order."""
    return list(session.execute(select(_COMPONENTS.c.id).order_by(_COMPONENTS.c.id)).scalars())


def existing(session: Session, component_ids: Sequence[int]) -> set[int]:
    """Those of the keys that are components."""
    given = {"component_ids": list(component_ids)}
    return set(session.connection().execute(_EXISTING, given).scalars())


def places(session: Session, component_ids: Sequence[int]) -> dict[int, AnyRow]:
    """Recording and content hash of components, by key."""
    given = {"component_ids": list(component_ids)}
    return {row.id: row for row in session.connection().execute(_PLACES, given)}


def page(
    session: Session,
    filters: Filters,
    order: Order,
    after: Position | None,
    limit: int,
    answered_by: int | None = None,
) -> list[AnyRow]:
    """A page in the given order (largest first but for `id`), those without a value last.

    answered_by: only components that this labeler has ever answered.
    """
    filtered = _LISTED.where(*_conditions(filters))
    if answered_by is not None:
        filtered = filtered.where(
            exists().where(
                LabelEventRow.component_id == ComponentState.component_id,
                LabelEventRow.labeler_id == answered_by,
                LabelEventRow.kind == EventKind.LABEL.value,
            )
        )
    key = ComponentState.component_id
    if order == "id":
        # Keys begin at 1; the bound lets the planner search rather than walk.
        filtered = filtered.where(key > (0 if after is None else after.component_id))
        return list(session.execute(filtered.order_by(key).limit(limit)))
    column = ORDER_COLUMNS[order]
    rows: list[AnyRow] = []
    if after is None or after.value is not None:
        known = filtered.where(column.is_not(None)).order_by(column.desc(), key.desc())
        if after is not None:
            # The plain range on the column lets the index find the place; the rest refines it.
            known = known.where(
                column <= after.value,
                or_(column < after.value, key < after.component_id),
            )
        rows += session.execute(known.limit(limit))
    if len(rows) < limit and order != "cue":
        # Every component has cues; the rest may be newer than the newest model.
        unknown = filtered.where(column.is_(None)).order_by(key.desc())
        if after is not None and after.value is None:
            unknown = unknown.where(key < after.component_id)
        rows += session.execute(unknown.limit(limit - len(rows)))
    return rows


def order_value(row: AnyRow, order: Order) -> float | None:
    """The number that a row of `page` was sorted by; None for `id` and where it has none."""
    if order == "id":
        return None
    value: float | None = getattr(row, ORDER_COLUMNS[order].key)
    return value


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.recording_id is not None:
        conditions.append(ComponentState.recording_id == filters.recording_id)
    if filters.label is not None:
        conditions.append(
            ComponentState.label.is_(None)
            if filters.label == 0
            else ComponentState.label == filters.label
        )
    if filters.predicted is not None:
        conditions.append(ComponentState.predicted == filters.predicted)
    if filters.disagreement is not None:
        conditions.append(ComponentState.disagreement == filters.disagreement)
    return conditions


def arrays(session: Session, component_id: int) -> ComponentArrays | None:
    """Mask and trace of one component, or None."""
    return session.get(ComponentArrays, component_id)


def masks(session: Session, component_ids: Sequence[int]) -> NDArray[np.float32]:
    """Masks (components, 50, 50) in the order of the keys, which must all exist."""
    statement = select(ComponentArrays.component_id, ComponentArrays.mask).where(
        ComponentArrays.component_id.in_(component_ids)
    )
    found = dict(session.execute(statement).all())
    return np.stack([found[key] for key in component_ids])


def arrays_of(
    session: Session, component_ids: Sequence[int], *, traces: bool = True
) -> dict[int, AnyRow]:
    """`mask` and, if asked for, `trace` of components, by key."""
    columns = [ComponentArrays.component_id, ComponentArrays.mask]
    statement = select(*columns, *([ComponentArrays.trace] if traces else []))
    found = session.execute(statement.where(ComponentArrays.component_id.in_(component_ids)))
    return {row.component_id: row for row in found}


def traces(
    session: Session, component_ids: Sequence[int]
) -> Iterator[tuple[int, NDArray[np.float32] | None]]:
    """Keys and traces of components, one after another."""
    statement = select(ComponentArrays.component_id, ComponentArrays.trace).where(
        ComponentArrays.component_id.in_(component_ids)
    )
    for row in session.execute(statement):
        yield row.component_id, row.trace


def centroids(session: Session, recording_id: int) -> list[AnyRow]:
    """Key and centroid of every component of a recording; its index holds all of it."""
    columns = _COMPONENTS.c
    statement = select(columns.id, columns.centroid_y_px, columns.centroid_x_px).where(
        columns.recording_id == recording_id
    )
    return list(session.connection().execute(statement))


def neighbours(
    session: Session, centre: AnyRow, distance_px: float, limit: int = 120
) -> list[tuple[AnyRow, NDArray[np.float32]]]:
    """Components of the same recording near this one, the nearest first, with their masks."""
    down = Component.centroid_y_px - centre.centroid_y_px
    across = Component.centroid_x_px - centre.centroid_x_px
    statement = (
        select(Component.id, Component.centroid_y_px, Component.centroid_x_px, ComponentArrays.mask)
        .join(ComponentArrays, ComponentArrays.component_id == Component.id)
        .where(
            Component.recording_id == centre.recording_id,
            Component.id != centre.id,
            and_(
                Component.centroid_y_px.between(
                    centre.centroid_y_px - distance_px, centre.centroid_y_px + distance_px
                ),
                Component.centroid_x_px.between(
                    centre.centroid_x_px - distance_px, centre.centroid_x_px + distance_px
                ),
            ),
        )
        .order_by(down * down + across * across)
        .limit(limit)
    )
    return [(row, row.mask) for row in session.execute(statement)]


def ids(session: Session, recording_id: int | None = None) -> list[int]:
    """Every component's key, in order; of one recording if given."""
    statement = select(Component.id).order_by(Component.id)
    if recording_id is not None:
        statement = statement.where(Component.recording_id == recording_id)
    return list(session.execute(statement).scalars())


def recordings_of(session: Session) -> dict[int, int]:
    """Every component's recording, by key."""
    return dict(session.execute(select(Component.id, Component.recording_id)).all())


def of_recording(session: Session, recording_id: int) -> Iterator[AnyRow]:
    """A recording's components with state and arrays, streamed, for export."""
    statement: AnySelect = (
        _LISTED.add_columns(ComponentArrays.mask, ComponentArrays.trace)
        .join(ComponentArrays, ComponentArrays.component_id == Component.id)
        .where(Component.recording_id == recording_id)
        .order_by(Component.id)
        .execution_options(yield_per=1000)
    )
    yield from session.execute(statement)


def labels_page(session: Session, after_id: int, limit: int) -> Sequence[AnyRow]:
    """Components that have a label, with who answered last, for export."""
    statement = (
        select(
            ComponentState.component_id,
            ComponentState.recording_id,
            RecordingRow.name.label("recording_name"),
            Component.source_index,
            ComponentState.label,
            ComponentState.people,
            ComponentState.disagreement,
        )
        .join(Component, Component.id == ComponentState.component_id)
        .join(RecordingRow, RecordingRow.id == ComponentState.recording_id)
        .where(ComponentState.component_id > after_id, ComponentState.label.is_not(None))
        .order_by(ComponentState.component_id)
        .limit(limit)
    )
    return session.execute(statement).all()
