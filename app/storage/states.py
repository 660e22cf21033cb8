"""The cache of what the events and predictions come to, and how it is rebuilt from them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, SmallInteger, bindparam, insert, select, update
from sqlalchemy.orm import Session

from app.domain.events import CurrentLabel, current_label
from app.domain.serving import REFITTED
from app.storage import events
from app.storage.rows import AnyRow, AnySelect
from app.storage.tables import ComponentState, LabelEventRow, Prediction, TrainingRun


def add(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """The first state of newly imported components."""
    if rows:
        session.connection().execute(insert(ComponentState), list(rows))


def refresh(session: Session, component_ids: Sequence[int]) -> int:
    """Derive these components' labels again from their events, in the events' transaction.

    Returns the newest of their events; 0 where there is none.
    """
    logs = events.of_components(session, component_ids)
    set_labels(session, {key: current_label(log) for key, log in logs.items()})
    return max((log[-1].id for log in logs.values() if log), default=0)


_NEW_LABEL = bindparam("new_label", type_=SmallInteger)
_NEW_LAST_EVENT = bindparam("new_last_event_id", type_=BigInteger)

# Quality is of the label that the run was told. It falls when the component is looked at again,
# and is back when that look is taken back.
_QUALITY_THAT_HOLDS = (
    select(Prediction.quality)
    .join(TrainingRun, TrainingRun.id == Prediction.run_id)
    .where(
        Prediction.run_id == ComponentState.run_id,
        Prediction.component_id == ComponentState.component_id,
        Prediction.trained_label == _NEW_LABEL,
        TrainingRun.snapshot_event_id >= _NEW_LAST_EVENT,
    )
    .scalar_subquery()
)

_SET_LABEL = (
    update(ComponentState)
    .where(ComponentState.component_id == bindparam("key"))
    .values(
        label=_NEW_LABEL,
        people=bindparam("new_people"),
        disagreement=bindparam("new_disagreement"),
        last_event_id=_NEW_LAST_EVENT,
        quality=_QUALITY_THAT_HOLDS,
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
        confidence=bindparam("new_confidence"),
        entropy=bindparam("new_entropy"),
        queue_entropy=bindparam("new_entropy"),
        margin=bindparam("new_margin"),
        mutual_information=bindparam("new_mutual_information"),
        dcal=bindparam("new_dcal"),
        dal=bindparam("new_dal"),
        diverse=bindparam("new_diverse"),
        quality=bindparam("new_quality"),
    )
    .execution_options(synchronize_session=False)
)


_REORDER = (
    update(ComponentState)
    .where(
        ComponentState.component_id == bindparam("key"),
        ComponentState.people == 0,
        ComponentState.run_id == bindparam("run"),
    )
    .values({name: bindparam(f"new_{name}") for name in REFITTED})
    .execution_options(synchronize_session=False)
)


def reorder(session: Session, run_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put these components elsewhere in the queue's orders (`REFITTED`), where nobody has
    answered them and they are still sorted by this run.

    rows: `component_id` and a value, or None, for each order.
    """
    session.connection().execute(
        _REORDER,
        [
            {
                "key": row["component_id"],
                "run": run_id,
                **{f"new_{name}": row[name] for name in REFITTED},
            }
            for row in rows
        ],
    )


def sorted_by(session: Session, run_id: int, limit: int) -> list[int]:
    """Components that are sorted by this run, in order of key."""
    statement = select(ComponentState.component_id).where(ComponentState.run_id == run_id)
    statement = statement.order_by(ComponentState.component_id).limit(limit)
    return list(session.execute(statement).scalars())


def in_queue(session: Session, run_id: int) -> Sequence[AnyRow]:
    """What this run sorts and nobody has answered: component and its place in each order."""
    columns = (ComponentState.component_id, *(getattr(ComponentState, name) for name in REFITTED))
    statement: AnySelect = select(*columns).where(
        ComponentState.people == 0, ComponentState.run_id == run_id
    )
    return session.execute(statement).all()


def labeled(session: Session, newest: int | None = None) -> Sequence[AnyRow]:
    """Components with a label (`component_id`, `label`, `people`), the last answered first.

    newest: no more than so many.
    """
    statement: AnySelect = (
        select(ComponentState.component_id, ComponentState.label, ComponentState.people)
        .where(ComponentState.label.is_not(None))
        .order_by(ComponentState.last_event_id.desc())
        .limit(newest)
    )
    return session.execute(statement).all()


def labels_since(session: Session, event_id: int) -> Sequence[AnyRow]:
    """Components that an event after this one was about, with the label they have now."""
    changed = select(LabelEventRow.component_id).where(LabelEventRow.id > event_id)
    statement: AnySelect = select(ComponentState.component_id, ComponentState.label).where(
        ComponentState.component_id.in_(changed)
    )
    return session.execute(statement).all()


def hold(session: Session, component_ids: Sequence[int]) -> dict[int, tuple[int, int | None]]:
    """Lock these components' states until the transaction ends; returns each one's last event
    (0 before the first) and label.

    Locked on PostgreSQL, in the order in which answers lock: an answer that comes meanwhile
    waits, then voids the quality that is written here.
    """
    found = session.execute(
        select(ComponentState.component_id, ComponentState.last_event_id, ComponentState.label)
        .where(ComponentState.component_id.in_(component_ids))
        .order_by(ComponentState.component_id)
        .with_for_update()
    )
    return {row.component_id: (row.last_event_id or 0, row.label) for row in found}


def show_predictions(
    session: Session, run_id: int, snapshot_event_id: int, rows: Sequence[Prediction | AnyRow]
) -> None:
    """Sort these components by this run's predictions from now on.

    rows: the run's predictions of them. Quality is left out where the component was answered
    after the run's snapshot, or has another label since: it would be of a label gone by.
    """
    now = hold(session, [row.component_id for row in rows])

    def holds(row: Prediction | AnyRow) -> bool:
        last_event_id, label = now[row.component_id]
        return last_event_id <= snapshot_event_id and bool(label == row.trained_label)

    session.connection().execute(
        _SHOW_PREDICTION,
        [
            {
                "key": row.component_id,
                "run": run_id,
                "new_predicted": most_likely(row),
                "new_confidence": max(row.p1, row.p2, row.p3, row.p4),
                "new_entropy": row.entropy,
                "new_margin": margin(row),
                "new_mutual_information": row.mutual_information,
                "new_dcal": row.dcal,
                "new_dal": row.dal,
                "new_diverse": row.diverse,
                "new_quality": row.quality if holds(row) else None,
            }
            for row in rows
        ],
    )


def answered(session: Session) -> list[int]:
    """The components that a person has labeled, in order of key."""
    statement = select(ComponentState.component_id).where(ComponentState.people > 0)
    return list(session.execute(statement.order_by(ComponentState.component_id)).scalars())


def rebuild(session: Session, component_ids: Sequence[int], run: tuple[int, int] | None) -> None:
    """Make the cache again from the log and from a run's stored predictions.

    run: the run's id and its snapshot's event id, or None where there is no model.
    """
    session.execute(
        update(ComponentState)
        .where(ComponentState.component_id.in_(component_ids))
        .values(
            run_id=None,
            predicted=None,
            confidence=None,
            entropy=None,
            queue_entropy=None,
            margin=None,
            mutual_information=None,
            dcal=None,
            dal=None,
            diverse=None,
        )
        .execution_options(synchronize_session=False)
    )
    refresh(session, component_ids)
    if run is None:
        return
    run_id, snapshot_event_id = run
    statement = select(Prediction).where(
        Prediction.run_id == run_id, Prediction.component_id.in_(component_ids)
    )
    rows = session.execute(statement).scalars().all()
    if rows:
        show_predictions(session, run_id, snapshot_event_id, rows)


def most_likely(row: Prediction | AnyRow) -> int:
    """The class with the largest probability, 1 to 4."""
    probabilities = (row.p1, row.p2, row.p3, row.p4)
    return probabilities.index(max(probabilities)) + 1


def margin(row: Prediction | AnyRow) -> float:
    """The largest probability less the second largest, 0 to 1; small is undecided."""
    first, second = sorted((row.p1, row.p2, row.p3, row.p4), reverse=True)[:2]
    return float(first - second)
