"""The cache of what the events and predictions come to, and how it is rebuilt from them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from app.domain.events import CurrentLabel, current_label
from app.storage import events
from app.storage.rows import AnyRow
from app.storage.tables import ComponentState, Prediction


def add(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """The first state of newly imported components."""
    session.connection().execute(insert(ComponentState), list(rows))


def refresh(session: Session, component_ids: Sequence[int]) -> None:
    """Derive these components' labels again from their events, in the events' transaction."""
    logs = events.of_components(session, component_ids)
    set_labels(session, {key: current_label(log) for key, log in logs.items()})


_SET_LABEL = (
    update(ComponentState)
    .where(ComponentState.component_id == bindparam("key"))
    .values(
        label=bindparam("new_label"),
        people=bindparam("new_people"),
        disagreement=bindparam("new_disagreement"),
        last_event_id=bindparam("new_last_event_id"),
        # Of the label that a run was told; it falls when the label is looked at again.
        quality=None,
    )
    .execution_options(synchronize_session=False)
)


def set_labels(session: Session, current: Mapping[int, CurrentLabel]) -> None:
    """Write what the events of these components come to."""
    if not current:
        return
    session.connection().execute(
        _SET_LABEL,
        [
            {
                "key": component_id,
                "new_label": one.label,
                "new_people": one.people,
                "new_disagreement": one.disagreement,
                "new_last_event_id": one.last_event_id,
            }
            for component_id, one in current.items()
        ],
    )


_SHOW_PREDICTION = (
    update(ComponentState)
    .where(ComponentState.component_id == bindparam("key"))
    .values(
        run_id=bindparam("run"),
        predicted=bindparam("new_predicted"),
        entropy=bindparam("new_entropy"),
        quality=bindparam("new_quality"),
    )
    .execution_options(synchronize_session=False)
)


def show_predictions(
    session: Session, run_id: int, snapshot_event_id: int, rows: Sequence[dict[str, Any]]
) -> None:
    """Sort these components by this run's predictions from now on.

    rows: `component_id`, `predicted`, `entropy`, `quality` of each. Quality is left out where
    the component was answered after the run's snapshot: it would be of a label gone by.
    """
    keys = [row["component_id"] for row in rows]
    newest = dict(
        session.execute(
            select(ComponentState.component_id, ComponentState.last_event_id).where(
                ComponentState.component_id.in_(keys)
            )
        )
        .tuples()
        .all()
    )
    session.connection().execute(
        _SHOW_PREDICTION,
        [
            {
                "key": row["component_id"],
                "run": run_id,
                "new_predicted": row["predicted"],
                "new_entropy": row["entropy"],
                "new_quality": row["quality"]
                if (newest.get(row["component_id"]) or 0) <= snapshot_event_id
                else None,
            }
            for row in rows
        ],
    )


def rebuild(session: Session, component_ids: Sequence[int], run: tuple[int, int] | None) -> None:
    """Make the cache again from the log and from a run's stored predictions.

    run: the run's id and its snapshot's event id, or None where there is no model.
    """
    refresh(session, component_ids)
    if run is None:
        return
    run_id, snapshot_event_id = run
    found = session.execute(
        select(Prediction).where(
            Prediction.run_id == run_id, Prediction.component_id.in_(component_ids)
        )
    ).scalars()
    rows = [
        {
            "component_id": row.component_id,
            "predicted": most_likely(row),
            "entropy": row.entropy,
            "quality": row.quality,
        }
        for row in found
    ]
    if rows:
        show_predictions(session, run_id, snapshot_event_id, rows)


def most_likely(row: Prediction | AnyRow) -> int:
    """The class with the largest probability, 1 to 4."""
    probabilities = (row.p1, row.p2, row.p3, row.p4)
    return probabilities.index(max(probabilities)) + 1
