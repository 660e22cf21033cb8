"""What the classifier looks at: masks, traces and places of components, and kept measures."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.storage.rows import AnyRow
from app.storage.tables import Component, ComponentArrays, ComponentMeasures, RecordingRow


def arrays_and_places(session: Session, component_ids: Sequence[int]) -> list[AnyRow]:
    """Recording, centroid and mask of components, in the order of the keys, which must exist."""
    statement = (
        select(
            Component.id,
            Component.recording_id,
            Component.centroid_y_px,
            Component.centroid_x_px,
            ComponentArrays.mask,
        )
        .join(ComponentArrays, ComponentArrays.component_id == Component.id)
        .where(Component.id.in_(component_ids))
    )
    found = {row.id: row for row in session.execute(statement)}
    return [found[key] for key in component_ids]


def traces(session: Session, component_ids: Sequence[int]) -> dict[int, NDArray[np.float32] | None]:
    """The trace of each component, None where its recording has none."""
    statement = select(ComponentArrays.component_id, ComponentArrays.trace).where(
        ComponentArrays.component_id.in_(component_ids)
    )
    return dict(session.execute(statement).all())


def measures(
    session: Session, component_ids: Sequence[int], version: int
) -> dict[int, NDArray[np.float32]]:
    """The kept measures of this version, by component."""
    statement = select(ComponentMeasures.component_id, ComponentMeasures.measures).where(
        ComponentMeasures.component_id.in_(component_ids), ComponentMeasures.version == version
    )
    return dict(session.execute(statement).all())


def unmeasured_recordings(session: Session, version: int) -> list[int]:
    """Recordings that have a component without measures of this version, in order of key."""
    measured = (
        select(ComponentMeasures.component_id)
        .where(ComponentMeasures.component_id == Component.id, ComponentMeasures.version == version)
        .exists()
    )
    lacking = select(Component.id).where(Component.recording_id == RecordingRow.id, ~measured)
    statement = select(RecordingRow.id).where(lacking.exists()).order_by(RecordingRow.id)
    return list(session.execute(statement).scalars())


def keep_measures(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Store measures (`component_id`, `version`, `measures`) in place of earlier ones.

    Two jobs may measure the same recording at the same time; the later one's are kept.
    """
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(ComponentMeasures)
    given = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=["component_id"],
        set_={"version": given.version, "measures": given.measures},
    )
    session.connection().execute(statement, list(rows))
